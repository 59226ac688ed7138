"""Networks that rounds of search led to, measured on test images like those of the comparison."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from bench import Bench
from plan import Plan

from ccsrp.methods.interface import Pruned
from ccsrp.methods.measure import FIGURES, measure
from ccsrp.runs.comparison_audit import network_file, stored_network
from ccsrp.runs.folder import round_weights
from ccsrp.runs.tables import write_csv
from ccsrp.snn.weights import save_weights

__all__ = ["PAPER", "ROUNDS", "arrival", "measure_rounds", "read_rounds", "runs_of"]

PAPER, ROUNDS = "ccsrp as reconstructed", "ccsrp in rounds"
COLUMNS = ("method", "seed", "target", *FIGURES, "mask")


def runs_of(plan: Plan) -> list[tuple[str, float, str, int]]:
    """List (method, target, folder of the run, epochs a round): the paper's run serves all targets."""
    found = [(PAPER, target, "paper", plan.paper_epochs) for target in plan.targets]
    return found + [(ROUNDS, target, f"rounds-{target:g}", plan.our_epochs) for target in plan.targets]


def read_rounds(folder: Path) -> pd.DataFrame:
    """Read ``rounds.csv`` of a run."""
    return pd.read_csv(folder / "rounds.csv", dtype={"mask": str})


def arrival(rounds: pd.DataFrame, target: float) -> int | None:
    """Return the first round whose network costs no more than the target, if any."""
    within = rounds.loc[rounds["cost"] <= target, "round"]
    return None if within.empty else int(within.iloc[0])


def measure_rounds(bench: Bench, folder: Path) -> None:
    """Keep and measure the network of the first round that met each target."""
    problem = bench.problem(test_images=bench.plan.test_images)
    (folder / "networks").mkdir(parents=True, exist_ok=True)
    rows = []
    for method, target, name, epochs in runs_of(bench.plan):
        run = bench.folder / name
        rounds = read_rounds(run)
        number = arrival(rounds, target)
        if number is None:
            bench.shown.line(f"  {method} did not arrive at {target:g}")
            continue
        mask = str(rounds.loc[rounds["round"] == number, "mask"].iloc[0])
        network = stored_network(problem, round_weights(run, number), mask)
        pruned = Pruned(
            target,
            network,
            problem.space.from_string(mask),
            evaluations=_evaluations(run, number),
            epochs=number * epochs,
        )
        rows.append({"method": method, "seed": bench.plan.seed, "target": target, **measure(problem, pruned)})
        rows[-1]["mask"] = mask
        file = f"{network_file(method, bench.plan.seed, target)}.safetensors"
        save_weights(network.network, folder / "networks" / file, metadata={"mask": mask})
        bench.shown.line(f"  {method} at {target:g}: test accuracy {rows[-1]['test_accuracy']:.3f}")
    write_csv(pd.DataFrame(rows, columns=list(COLUMNS)), folder / "measured.csv")


def _evaluations(run: Path, number: int) -> int:
    """Return the masks judged up to the end of a round."""
    history = pd.read_csv(run / "history.csv")
    counts = history[history["round"] <= number].groupby("round")["evaluations"].max()
    return int(counts.sum())
