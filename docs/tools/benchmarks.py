"""Write the page of benchmarks from the committed results of the studies.

python docs/tools/benchmarks.py    (reads experiments/, writes docs/benchmarks.md)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

__all__ = ["page"]

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "experiments"
PAGE = ROOT / "docs" / "benchmarks.md"
# A median of fewer is left out.
FEWEST_SEEDS = 5
TEMPLATE = Path(__file__).with_name("benchmarks.md.in")


def page() -> str:
    """Return the page: the template's text with tables in the places that it names."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        search=search_quality(),
        evaluation=evaluation(),
        whole=whole_search(),
        digits=methods("digits", ["test_accuracy", "test_robust_accuracy", "audited_robust_accuracy"]),
        fashion=methods("fashion", ["test_accuracy", "test_robust_accuracy"]),
        attacks=attacks(),
        networks=read("attack_strength/strong/every.csv")["network"].nunique(),
        durability=durability(),
        workers=workers(),
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay a table out in Markdown."""
    lines = [list(heads), ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def read(path: str) -> pd.DataFrame:
    """Read a table of a study."""
    return pd.read_csv(STUDIES / path)


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


def methods(problem: str, figures: list[str]) -> str:
    """Means over seeds of each method at each target."""
    results = read(f"methods/results/methods-{problem}.csv")
    means = results.groupby(["method", "target"])[figures].mean().unstack("target")
    half = means[figures[1], 0.5]
    labels = {
        "test_accuracy": "accuracy",
        "test_robust_accuracy": "robust",
        "audited_robust_accuracy": "audited",
    }
    dense = results[results["method"] == "dense"].iloc[0]
    rows = [["dense, 100 %", *(f"{dense[name]:.3f}" for name in figures), *[""] * len(figures)]]
    for name in half.drop("dense").sort_values(ascending=False).index:
        cells = [f"{means.loc[name, (figure, target)]:.3f}" for target in (0.5, 0.35) for figure in figures]
        rows.append([name, *cells])
    heads = [f"{labels[figure]}, {share(target)}" for target in (0.5, 0.35) for figure in figures]
    return table(["method", *heads], rows)


def attacks() -> str:
    """Mean over the networks of the comparison of what each attack leaves, and how far that is too much."""
    rows = read("attack_strength/strong/every.csv")
    means = rows.groupby("candidate", sort=False).mean(numeric_only=True)
    cells = [
        [name, f"{100 * row['robust']:.1f} %", f"{row['gap']:.1f}", f"{row['gradients']:,.0f}"]
        for name, row in means.iterrows()
    ]
    cells.append(["audit without `strong`", f"{100 * rows['audited'].mean():.1f} %", "", ""])
    return table(["attack", "leaves standing", "gap, points", "gradients an image"], cells)


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
    PAGE.write_text(page(), encoding="utf-8")
