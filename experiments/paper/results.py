"""One table of all networks, and one of what splicing cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from bench import Bench
from measured import arrival, read_rounds, runs_of
from plan import Experiment

from ccsrp.files import write_atomically
from ccsrp.runs.tables import write_csv

__all__ = ["join_results", "splice_gap", "write_results"]

SHOWN = {
    "test_accuracy": "test",
    "test_robust_accuracy": "test robust",
    "audited_robust_accuracy": "audited",
    "flops": "FLOPs",
    "params": "parameters",
    "synops": "synaptic op.",
    "evaluations": "masks judged",
    "epochs": "epochs",
}
COUNTS = ("evaluations", "epochs")


def write_results(bench: Bench) -> None:
    """Write ``table.csv``, ``table.md``, ``splice_gap.csv`` of one experiment from what its steps left."""
    table = pd.read_csv(bench.folder / "networks.csv", dtype={"mask": str})
    table.insert(0, "experiment", bench.experiment.name)
    table = table.drop(columns=["seconds", "mask"], errors="ignore")
    table = table.iloc[(table["method"] != "dense").argsort(kind="stable")]  # the dense network first
    write_csv(table, bench.folder / "table.csv")
    lines = [f"# {bench.experiment.name}", "", _networks_markdown(table), *_missing(bench), ""]
    gap = splice_gap(bench)
    lines += ["## Splice gap, points on validation images", "", _gap_markdown(gap)]
    write_atomically(bench.folder / "table.md", "\n".join(lines).encode())
    write_csv(gap, bench.folder / "splice_gap.csv")


def splice_gap(bench: Bench) -> pd.DataFrame:
    """Say of every round what the search promised, what the chosen network showed, and what tuning gave."""
    found = []
    for name in dict.fromkeys(name for _, _, name, _ in runs_of(bench.plan)):
        rounds = read_rounds(bench.folder / name).drop(columns="mask")
        for figure in ("accuracy", "robust_accuracy"):
            gap = 100 * (rounds[f"predicted_{figure}"] - rounds[f"spliced_{figure}"])
            rounds[f"{figure}_gap"] = gap.round(6)
        rounds.insert(0, "run", name)
        found.append(rounds)
    table = pd.concat(found, ignore_index=True)
    table.insert(0, "experiment", bench.experiment.name)
    return table


def join_results(out: Path, experiments: Iterable[Experiment]) -> str:
    """Join the tables of all finished experiments in ``out``; return the text of ``table.md``."""
    folders = [out / item.folder for item in experiments]
    folders = [folder for folder in folders if (folder / "splice_gap.csv").exists()]
    for name in ("table.csv", "splice_gap.csv"):
        write_csv(
            pd.concat([pd.read_csv(folder / name) for folder in folders], ignore_index=True), out / name
        )
    text = "\n".join((folder / "table.md").read_text() for folder in folders)
    write_atomically(out / "table.md", text.encode())
    return text


def _missing(bench: Bench) -> list[str]:
    """Say in a line each what has no row in the table."""
    lines = []
    for method, target, name, _ in runs_of(bench.plan):
        rounds = read_rounds(bench.folder / name)
        if arrival(rounds, target) is None:
            lines.append(
                f"- {method} did not arrive at {target:g} in {len(rounds)} rounds: it got to "
                f"{rounds['cost'].min():.3f}."
            )
    for note in sorted((bench.folder / "comparison").glob("*-was-not-made.txt")):
        lines.append(f"- {note.name.removesuffix('-was-not-made.txt')}: {note.read_text().strip()}")
    return [*lines, ""] if lines else []


def _networks_markdown(table: pd.DataFrame) -> str:
    names = [name for name in SHOWN if name in table]
    rows = [
        [str(row["method"]), f"{row['target']:g}", *(_cell(name, row[name]) for name in names)]
        for row in table.to_dict("records")
    ]
    return _markdown(["method", "target", *(SHOWN[name] for name in names)], rows)


def _gap_markdown(gap: pd.DataFrame) -> str:
    rows = []
    for run, found in gap.groupby("run", sort=False):
        cells: list[str] = [str(run), str(len(found)), f"{found['cost'].min():.3f}"]
        aggregates: tuple[Callable[[pd.Series], float], ...] = (pd.Series.mean, pd.Series.max)
        for column in ("accuracy_gap", "robust_accuracy_gap"):
            cells += [f"{aggregate(found[column]):.1f}" for aggregate in aggregates]
        rows.append(cells)
    header = ["run", "rounds", "cost", "accuracy: mean", "worst", "robust: mean", "worst"]
    return _markdown(header, rows)


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _cell(name: str, value: float) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.0f}" if name in COUNTS else f"{value:.3f}"
