"""Searches that end in the middle, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ccsrp.coevolution.run import SearchResult
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.evaluation.interface import Evaluation
from ccsrp.runs.config import RunConfig
from ccsrp.runs.searching import search_into
from tests.conftest import SumProblem


class Unplugged(BaseException):
    """The power is cut: nothing in the program can catch it."""


class Fragile(SumProblem):
    """Stops for good at the evaluation after ``last``; gives up on what is dominated, and says how much."""

    def __init__(self, last: float = float("inf"), sizes: tuple[int, ...] = (6, 5, 7)) -> None:
        super().__init__(sizes)
        self.last = last

    def evaluate(self, masks, /):
        if len(self.seen) + len(masks) > self.last:
            raise Unplugged
        return super().evaluate(masks)

    def evaluate_bounded(self, masks, known, /):
        objectives = self.evaluate(masks)
        hopeless = np.array([bool((known <= row).all(axis=1).any()) for row in objectives], dtype=bool)
        bounds = np.where(hopeless[:, None], objectives * [1, 0.9, 1], objectives)
        still = np.array([bool((known <= row).all(axis=1).any()) for row in bounds], dtype=bool)
        return Evaluation(np.where(still[:, None], bounds, objectives), ~still, objectives)


class Silent:
    """Shows nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.generations: list[int] = []
        self.failed: list[tuple[int, str]] = []
        self.notes: list[str] = []
        self.seconds: list[float] = []

    def note(self, text) -> None:
        self.notes.append(text)

    def resumed(self, earlier) -> None:
        self.earlier = earlier

    def generation(self, finished) -> None:
        self.generations.append(finished.report.generation)
        self.seconds.append(finished.seconds)

    def tuning(self, number) -> None:
        pass

    def round(self, finished) -> None:
        pass

    def ended(self, reason) -> None:
        pass

    def member(self, done, total) -> None:
        pass

    def failures(self, count, reason) -> None:
        self.failed.append((count, reason))


def searched(
    folder: Path, problem: SumProblem, settings: SearchSettings, *, shown: Silent | None = None
) -> SearchResult:
    """Begin the search in a folder, or go on with it."""
    folder.mkdir(exist_ok=True)
    config = RunConfig.of("digits", {}, settings, problem)
    return search_into(folder, problem, settings, config, plan=None, shown=shown or Silent())
