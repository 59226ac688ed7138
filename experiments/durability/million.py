"""A million evaluations: memory, time a generation and size of the store stay flat.

    python experiments/durability/million.py

writes million.csv (a row every 10,000 evaluations), million.png and prints a summary.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd

import ccsrp
import problems
from ccsrp.coevolution.search import GenerationReport

HERE = Path(__file__).parent
EVERY = 10_000


def resident() -> float:
    """Return the memory that this process holds now, in MB."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=1_000_000)
    parser.add_argument("--filters", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--work", type=Path, default=Path("runs/million"))
    options = parser.parse_args()
    problem = problems.load_problem("pathways", n_var=options.filters)
    rows: list[dict[str, float]] = []
    began = last = time.perf_counter()
    store = options.work / "run.sqlite"
    before = 0

    def on_generation(report: GenerationReport) -> None:
        nonlocal last, before
        if report.evaluations // EVERY == len(rows) and report.evaluations < options.budget:
            return
        now = time.perf_counter()
        size = sum(file.stat().st_size for file in options.work.glob("run.sqlite*"))
        generations = report.generation - before
        rows.append(
            {
                "evaluations": report.evaluations,
                "resident_mb": round(resident(), 1),
                "ms_a_generation": round(1000 * (now - last) / generations, 2),
                "evaluations_per_second": round(report.evaluations / (now - began), 1),
                "store_bytes_an_evaluation": round(size / report.evaluations, 1),
                "front_size": report.front_size,
                "hypervolume": report.hypervolume,
            }
        )
        print(rows[-1], flush=True)
        last, before = now, report.generation

    with ccsrp.recorded(options.work, about=f"pathways {options.filters}") as journal:
        ccsrp.search(
            problem,
            budget=options.budget,
            seed=0,
            screening="none",
            journal=journal,
            on_generation=on_generation,
        )
    table = pd.DataFrame(rows)
    table.to_csv(options.out / "million.csv", index=False)
    draw(table, options.out / "million.png")
    print(f"{store.stat().st_size / 1e6:.0f} MB")


def draw(table: pd.DataFrame, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axes = figure.subplots(1, 3)
    for axis, column, label in zip(
        axes,
        ("resident_mb", "ms_a_generation", "store_bytes_an_evaluation"),
        ("resident memory, MB", "time a generation, ms", "store, bytes an evaluation"),
        strict=True,
    ):
        axis.plot(table["evaluations"] / 1e6, table[column], color="#0072B2")
        axis.set(xlabel="million evaluations", ylabel=label, ylim=(0, 1.15 * table[column].max()))
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
