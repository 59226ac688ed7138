"""What a search tells of itself while it goes on, and what it may know when it begins.

A search asks its journal for everything that costs time: answers about masks, the state it begins in, the
description of a network. A journal that keeps what it was told (``ccsrp.runs.journal``) so makes a search
that begins again with it go on where it was: begin and resume are one code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.evaluation.interface import Evaluator
from ccsrp.evaluation.memory import InMemory, Memory
from ccsrp.evaluation.tolerant import TolerantEvaluator
from ccsrp.space import BoolArray, FloatArray

if TYPE_CHECKING:
    from ccsrp.coevolution.search import GenerationReport

__all__ = ["Journal", "RunJournal", "Unrecorded", "UnrecordedRun"]


class Journal(Protocol):
    """Of one search."""

    def evaluator(self, problem: SearchProblem) -> Evaluator:
        """Wrap a problem so that what is already known of it is not judged again."""
        ...

    def memory(self) -> Memory:
        """Return what the search itself has been told of masks."""
        ...

    def snapshot(self) -> Snapshot | None:
        """Return the state to go on from; ``None`` at the beginning."""
        ...

    def add(self, report: GenerationReport, state: Callable[[], Snapshot], *, last: bool) -> None:
        """Take in a generation; ``state`` writes the search down, which takes time."""
        ...

    def history(self) -> pd.DataFrame:
        """Return one row a generation, in the columns of ``history.csv``."""
        ...

    def describe(
        self,
        problem: SearchProblem,
        masks: BoolArray,
        objectives: FloatArray,
        on_member: Callable[[int, int], None] | None,
    ) -> pd.DataFrame:
        """Return ``problem.report`` of networks."""
        ...


class RunJournal(Protocol):
    """Of a run that may have several rounds."""

    def search(self, number: int) -> Journal:
        """Return the journal of the search of round ``number``, from 1."""
        ...


class Unrecorded:
    """Keeps the history for as long as the process lasts, and nothing else."""

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def evaluator(self, problem: SearchProblem) -> Evaluator:
        """Wrap a problem so that a failure does not end the search."""
        return TolerantEvaluator(problem)

    def memory(self) -> Memory:
        """Return a memory that is empty."""
        return InMemory()

    def snapshot(self) -> None:
        """Know nothing."""
        return

    def add(self, report: GenerationReport, state: Callable[[], Snapshot], *, last: bool) -> None:
        """Keep the row of the history."""
        self._rows.append(report.row())

    def history(self) -> pd.DataFrame:
        """Return one row a generation."""
        return pd.DataFrame(self._rows)

    def describe(
        self,
        problem: SearchProblem,
        masks: BoolArray,
        objectives: FloatArray,
        on_member: Callable[[int, int], None] | None,
    ) -> pd.DataFrame:
        """Return ``problem.report`` of networks."""
        return problem.report(masks, objectives, on_member=on_member)


class UnrecordedRun:
    """Has a journal for each round, and keeps none of them longer than the process lasts."""

    def __init__(self) -> None:
        self._searches: dict[int, Unrecorded] = {}

    def search(self, number: int) -> Journal:
        """Return the journal of the search of round ``number``."""
        return self._searches.setdefault(number, Unrecorded())
