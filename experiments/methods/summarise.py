"""Lay the results out: what a search sees against what fine-tuning makes of it, and the splice gap.

    python experiments/methods/summarise.py [RUNS]

Takes comparisons and searches from RUNS (runs/), as the README's commands leave them, into results/, and
writes summary.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from fronts import fronts_markdown
from scipy.stats import kendalltau

from ccsrp.methods import METHODS
from ccsrp.report.comparison import comparison_figure, comparison_info, comparison_markdown
from ccsrp.runs.comparison import DENSE
from ccsrp.runs.comparison_audit import network_file

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# Those that end in "labels" are of networks that were fine-tuned without a teacher.
COMPARISONS = {
    "methods-digits": "flops",
    "methods-digits-synops": "synops",
    "methods-fashion": "flops",
    "methods-fashion-longer": "flops",
    "methods-digits-labels": "flops",
    "methods-digits-synops-labels": "synops",
    "methods-fashion-labels": "flops",
}
SEARCHES = ("splice-paper", "splice-ours")


def main() -> None:
    runs = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "runs"
    RESULTS.mkdir(exist_ok=True)
    parts = ["# Methods: figures\n"]
    for name, cost in COMPARISONS.items():
        collect_comparison(runs / name, RESULTS / f"{name}.csv")
        if not (RESULTS / f"{name}.csv").exists():
            continue
        table = pd.read_csv(RESULTS / f"{name}.csv", dtype={"mask": str})
        parts.append(f"## {name}\n\n{comparison_markdown(table)}")
        parts.append(f"### Fronts of {name} on test images\n\n{fronts_markdown(table, cost=cost)}")
        comparison_figure(comparison_info(table, cost=cost)).savefig(HERE / f"{name}.png", dpi=110)
    parts.append(f"## What is seen before fine-tuning\n\n{predictions()}")
    for name in SEARCHES:
        collect(runs / name / "rounds.csv", RESULTS / f"{name}.csv")
    parts.append(f"## What a choice promised, and what it was\n\n{splices()}")
    (HERE / "summary.md").write_text("\n".join(parts))


def collect(source: Path, target: Path) -> None:
    """Take a result from the run that made it, if it is there."""
    if source.exists():
        target.write_bytes(source.read_bytes())


def collect_comparison(folder: Path, target: Path) -> None:
    """Take the cells of a comparison that are done, with the audits that are done."""
    cells = sorted((folder / "cells").glob("*.csv"), key=lambda file: file.stat().st_mtime)
    if not cells or not (folder / "table.csv").exists():
        return
    table = pd.concat([pd.read_csv(file, dtype={"mask": str}) for file in cells], ignore_index=True)
    order = {name: place for place, name in enumerate([DENSE, *METHODS])}
    table = table.sort_values(
        ["method", "target", "seed"],
        key=lambda column: column.map(order) if column.name == "method" else column,
        ascending=[True, False, True],
        ignore_index=True,
    )
    table["audited_robust_accuracy"] = [
        audited(folder / "audits" / f"{network_file(row.method, row.seed, row.target)}.csv")
        for row in table.itertuples()
    ]
    table.dropna(axis="columns", how="all").to_csv(target, index=False)


def audited(file: Path) -> float:
    """Return the worst case of an audit, or NaN where there is none."""
    if not file.exists():
        return float("nan")
    return float(pd.read_csv(file).set_index("attack").loc["worst case", "accuracy"])


def predictions() -> str:
    """Correlate (Kendall) what is seen of a mask with accuracy on test images after fine-tuning."""
    rows = pd.read_csv(RESULTS / "predict.csv")
    judges = [name.split(":")[0] for name in rows if name.endswith(": accuracy")]
    lines = [
        "| judged | accuracy, all masks | robust, all | accuracy, cost above 0.25 | robust, above 0.25 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for judge in ["cost", *(name for name in judges if not name.startswith("fine-tuned"))]:
        cells = []
        for part in (rows, rows[rows["cost"] > 0.25]):
            for figure in ("accuracy", "robust"):
                column = "cost" if judge == "cost" else f"{judge}: {figure}"
                cells.append(f"{kendalltau(part[column], part[f'fine-tuned: {figure}'])[0]:.2f}")
        lines.append(f"| {judge} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def splices() -> str:
    """Say by how many points a choice was worse than the search had promised, mean over rounds."""
    lines = [
        "| search | rounds | cost at the end | points of accuracy too many | of robust accuracy |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in SEARCHES:
        file = RESULTS / f"{name}.csv"
        if file.exists():
            rows = pd.read_csv(file, dtype={"mask": str})
            gaps = [
                100 * (rows[f"predicted_{figure}"] - rows[f"spliced_{figure}"]).mean()
                for figure in ("accuracy", "robust_accuracy")
            ]
            lines.append(
                f"| {name} | {len(rows)} | {rows['cost'].iloc[-1]:.3f} | {gaps[0]:.1f} | {gaps[1]:.1f} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
