"""Write the page of benchmarks, and the figures that other pages quote, from committed results.

python docs/tools/benchmarks.py    (reads experiments/, writes docs/benchmarks.md, and into other pages)

What other pages quote is said in docs/tools/figures. It ends with status 1 where the results do not bear a
sentence any more, or a sentence is not found: then the page, or the claim, is to be written anew by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from figures.claims import refreshed, table
from figures.comparison import AUDITED, Comparison
from figures.every import claims
from figures.reading import count, read
from figures.strong import EVERY, audits

__all__ = ["page", "pages"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
# A median of fewer is left out.
FEWEST_SEEDS = 5
TEMPLATE = Path(__file__).with_name("benchmarks.md.in")


def page() -> str:
    """Return the page of benchmarks: the template's text with tables in the places that it names."""
    digits, fashion = Comparison("digits"), Comparison("fashion-labels")
    return TEMPLATE.read_text(encoding="utf-8").format(
        search=search_quality(),
        evaluation=evaluation(),
        whole=whole_search(),
        digits_seeds=count(digits.seeds),
        fashion_seeds=count(fashion.seeds),
        digits=table(*digits.table()),
        spread=f"{digits.widest_spread():.2f}",
        fashion=table(*fashion.table()),
        audited="the first of them audited" if AUDITED in fashion.figures else "not audited",
        attacks=attacks(),
        networks=read(EVERY)["network"].nunique(),
        durability=durability(),
        workers=workers(),
    )


def pages() -> tuple[dict[Path, str], list[str]]:
    """Return the pages that quote figures, with those of the results, and what is wrong with them."""
    every, made, wrong = claims(), {}, []
    for name in sorted({claim.page for claim in every}):
        text, problems = refreshed(name, (ROOT / name).read_text(encoding="utf-8"), every)
        made[ROOT / name] = text
        wrong += problems
    return made, wrong


def main() -> None:
    """Write all pages."""
    made, wrong = pages()
    for file, text in {PAGE: page(), **made}.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: {file.relative_to(ROOT)}")
    if wrong:
        sys.exit("\n".join(wrong))


def share(value: float) -> str:
    """Write a share as the text does."""
    return f"{100 * value:.0f} %"


def search_quality() -> str:
    """Medians over seeds: evaluations to a share of the true hypervolume, and shares that were reached."""
    columns = {
        ("digits-14", "to_95"): "digits-14 to 95 %",
        ("digits-14", "to_99"): "to 99 %",
        ("digits-16", "to_95"): "digits-16 to 95 %",
        ("digits-16", "to_99"): "to 99 %",
        ("pathways-1e3", "share_1000"): "pathways, 1,000 filters: share at 1,000",
        ("digits", "share_1000"): "digits: share at 1,000",
    }
    names = dict.fromkeys(name for name, _ in columns)
    medians = {}
    for name in names:
        groups = read(f"search_quality/results/{name}.csv").groupby("algorithm")
        medians[name] = groups.median(numeric_only=True)[groups.size() >= FEWEST_SEEDS]
    order = medians["digits-16"].sort_values(["to_95", "to_99"]).index
    rows = []
    for algorithm in order:
        cells = []
        for name, column in columns:
            value = medians[name][column].get(algorithm)
            if value is None or pd.isna(value):
                cells.append("")
            elif column.startswith("to"):
                cells.append("never" if value == float("inf") else f"{value:,.0f}")
            else:
                cells.append(f"{value:.2f}")
        rows.append([algorithm, *cells])
    return table(["algorithm", *columns.values()], rows)


def evaluation() -> str:
    """Seconds a mask of the stack in use today and of ours."""
    means = read("throughput/results/stacks.csv").groupby(["problem", "keep"]).mean(numeric_only=True)
    rows = []
    for (problem, keep), row in means.sort_index(ascending=[True, False]).iterrows():
        seconds = (f"{row[name]:.3f}" for name in ("peer_median", "standard_median", "sharp_median"))
        times = (f"{row[name]:.1f}" for name in ("standard_speedup", "sharp_speedup"))
        rows.append([problem, share(keep), *seconds, *times])
    heads = ["problem", "filters", "peer", "`standard`", "`sharp`", "`standard`: times", "`sharp`: times"]
    return table(heads, rows)


def whole_search() -> str:
    """Seconds of a search of 1,000 evaluations."""
    rows = [
        [
            row.stack,
            f"{row.evaluations:,}",
            f"{row.seconds:,.0f}",
            "" if pd.isna(row.own_time_share) else f"{100 * row.own_time_share:.1f} %",
        ]
        for row in read("throughput/results/search.csv").itertuples()
    ]
    return table(["stack", "evaluations", "seconds", "of it the search's own"], rows)


def attacks() -> str:
    """Mean over the networks of the comparison of what each attack leaves, and how far that is too much."""
    rows = read(EVERY)
    audited = audits().reindex(rows["network"].unique()).mean()
    cells = []
    for name, row in rows.groupby("candidate", sort=False).mean(numeric_only=True).iterrows():
        points = 100 * (row["robust"] - audited)
        cells.append([name, f"{100 * row['robust']:.1f} %", f"{points:.1f}", f"{row['gradients']:,.0f}"])
    cells.append(["audit", f"{100 * audited:.1f} %", "", ""])
    return table(["attack", "leaves standing", "too many, points", "gradients an image"], cells)


def durability() -> str:
    """Count what kills left behind."""
    kills = read("durability/kills.csv")
    number = kills["killed_after_seconds"].astype(str).str.split().str.len().sum()
    million = read("durability/million.csv")
    last = million.iloc[-1]
    rows = [
        ["searches killed", f"{len(kills)}"],
        ["kills", f"{number}"],
        ["stored evaluations lost", f"{kills['lost_evaluations'].sum()}"],
        ["masks evaluated twice", f"{kills['masks_paid_for_twice'].sum()}"],
        ["searches that end as an undisturbed one, byte for byte", f"{kills['identical'].sum()}"],
        [f"memory after {last['evaluations']:,.0f} evaluations", f"{last['resident_mb']:.0f} MB"],
        ["bytes an evaluation in the store", f"{last['store_bytes_an_evaluation']:.0f}"],
    ]
    return table(["", ""], rows)


def workers() -> str:
    """Masks an hour of one process, one worker and two, in the largest batch that was measured."""
    batches = read("scale_out/results/batches.csv")
    names = {
        "process": "one process, two threads",
        "one_worker": "one worker, one thread",
        "two_workers": "two workers, one thread each",
    }
    rows = []
    for problem, part in batches.groupby("problem"):
        masks = part["masks"].max()
        rate = 3600 * masks / part[part["masks"] == masks].groupby("side")["seconds"].median()
        rows.append([str(problem), f"{masks}", *(f"{rate[side]:,.0f}" for side in names)])
    return table(["problem", "masks in a batch", *names.values()], rows)


if __name__ == "__main__":
    main()
