"""Searches made up of events."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.coevolution.rounds import Round
from ccsrp.coevolution.search import GenerationReport
from ccsrp.report.progress.display import Beginning, SearchDisplay


def report(generation: int, evaluations: int, **others: float) -> GenerationReport:
    values = {
        "stopped": 0,
        "failed": 0,
        "hypervolume": 0.3 + generation / 1000,
        "front_size": 4,
        "best_accuracy": 0.98,
        "best_robust_accuracy": 0.75,
        "lowest_cost": 0.25,
    }
    return GenerationReport(generation=generation, evaluations=evaluations, **(values | others))


def generation(number: int, evaluations: int, *, round: int = 1, seconds: float = 2.0, **others: float):
    return FinishedGeneration(round, seconds, report(number, evaluations, **others))


def beginning(folder: Path | str = "run", *, budget: int = 100, rounds: int | None = None) -> Beginning:
    return Beginning(
        problem="digits",
        filters=80,
        layers=3,
        left_whole={"stem.0": "add", "block.conv2": "add"},
        attack="sharp",
        folder=Path(folder),
        budget=budget,
        rounds=rounds,
    )


def round_of(number: int, problem: object = None) -> Round:
    values = np.array([0.02, 0.25, 0.4])
    return Round(number, problem, np.array([True, False]), values, values, values)


def two_rounds(display: SearchDisplay) -> None:
    """Tell of a search in two rounds."""
    display.begins(beginning(budget=30, rounds=2))
    for number in (1, 2):
        display.generation(generation(1, 10, round=number))
        display.generation(generation(2, 30, round=number))
        display.tuning(number)
        display.round(round_of(number))
    display.member(1, 2)


def earlier() -> Earlier:
    """Round 1 is over, round 2 has a state after 10 evaluations and answers of 20."""
    return Earlier(
        {1: 31, 2: 20}, (generation(1, 10), generation(2, 30), generation(1, 10, round=2, seconds=1.0))
    )
