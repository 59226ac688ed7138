"""The journal of a run that survives: everything goes into the run store as it comes."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.coevolution.course import FinishedGeneration
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.search import GenerationReport
from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.differences import differences
from ccsrp.errors import RunError
from ccsrp.evaluation.interface import Evaluator
from ccsrp.evaluation.memory import mask_keys
from ccsrp.evaluation.tolerant import TolerantEvaluator
from ccsrp.runs.answers import COLUMNS, AnswersOfRound, StoredEvaluator, mask_digest
from ccsrp.runs.lock import only_writer
from ccsrp.runs.schema import checksum
from ccsrp.runs.snapshots import read_snapshot, write_snapshot
from ccsrp.runs.store import STORE, RunStore
from ccsrp.runs.views import FRONT_COLUMNS
from ccsrp.space import BoolArray, FloatArray

__all__ = ["RecordedRun", "RecordedSearch", "read_row", "recorded", "recorded_run"]

# The state of a search is written down as often as takes up to this share of its time, and at its end. What
# happened since is told again, from the answers that are stored at once.
SHARE = 0.05
# What every problem tells of a network.
MEASURED = ("accuracy", "robust_accuracy", "cost")
# No figure comes near; numbers in JSON have any size.
LARGEST = 2.0**53


@contextmanager
def recorded(folder: Path | str, *, about: str = "") -> Iterator[RecordedSearch]:
    """Keep a search from Python in ``folder/run.sqlite``, and go on from what an earlier one has left there.

    Parameters
    ----------
    folder : Path
        Made if there is none; no other process may write to it meanwhile.
    about : str
        What answers depend on beside the mask, in any words: network, data, attack. A folder that was made
        about something else is refused.

    Raises
    ------
    RunError
        The folder is in use, damaged, or about something else.

    Examples
    --------
    >>> with recorded("runs/mine", about="my network, eps 0.1") as journal:  # doctest: +SKIP
    ...     result = ccsrp.search(problem, budget=300, journal=journal)
    """
    with recorded_run(folder, about=about) as run:
        yield run.search(1)


@contextmanager
def recorded_run(folder: Path | str, *, about: str = "") -> Iterator[RecordedRun]:
    """Keep a search in rounds from Python in ``folder/run.sqlite``: see ``recorded``."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write to {path} ({error.strerror}); name another folder") from None
    with only_writer(path):
        exists = (path / STORE).exists()
        with RunStore(path) if exists else RunStore.create(path, config=about) as store:
            if store.config != about:
                raise RunError(
                    f"{path} holds a search about something else ({differences(store.config, about)}); say "
                    f"the same, or name another folder"
                )
            yield RecordedRun(store)


class RecordedRun:
    """Journals of all rounds of a run, in one store.

    Parameters
    ----------
    store : RunStore
    judged_by : callable, optional
        Returns what judges a problem; by default the problem itself, in this process.
    """

    def __init__(
        self, store: RunStore, *, judged_by: Callable[[SearchProblem], Evaluator] | None = None
    ) -> None:
        self.store = store
        self._judged_by = judged_by or (lambda problem: problem)
        self._searches: dict[int, RecordedSearch] = {}

    def search(self, number: int) -> RecordedSearch:
        """Return the journal of the search of round ``number``."""
        if number not in self._searches:
            self._searches[number] = RecordedSearch(self.store, number, judged_by=self._judged_by)
        return self._searches[number]

    def failures(self) -> dict[str, int]:
        """Count the networks that could not be judged, by the reason."""
        rows = self.store.rows(
            f"SELECT {COLUMNS}, checksum FROM evaluations WHERE failure IS NOT NULL ORDER BY id"
        )
        return dict(Counter(str(row[11]) for row in rows))


class RecordedSearch:
    """The journal of one search.

    Parameters
    ----------
    store : RunStore
    number : int
        The round, from 1.
    judged_by : callable
    """

    def __init__(
        self, store: RunStore, number: int, *, judged_by: Callable[[SearchProblem], Evaluator]
    ) -> None:
        self._store = store
        self._number = number
        self._judged_by = judged_by
        self._answers = AnswersOfRound(store, number)
        self._unwritten: list[tuple[object, ...]] = []
        self._began = self._noted = time.perf_counter()
        self._noting = 0.0

    def evaluator(self, problem: SearchProblem) -> Evaluator:
        """Wrap a problem so that what the store has is not judged again, and the rest is stored."""
        return StoredEvaluator(TolerantEvaluator(self._judged_by(problem)), self._answers)

    def memory(self) -> AnswersOfRound:
        """Return what the search has been told up to the state that it goes on from."""
        return self._answers

    def snapshot(self) -> Snapshot | None:
        """Return the latest state, and take the search to be there."""
        found = read_snapshot(self._store, self._number)
        if found is not None:
            self._answers.generation = found.inside("search").count("generation") + 1
        return found

    def add(self, report: GenerationReport, state: Callable[[], Snapshot], *, last: bool) -> None:
        """Take in a generation, and the state after it if it is time."""
        now = time.perf_counter()
        row = (self._number, report.generation, now - self._began, json.dumps(report.row()))
        self._unwritten.append((*row, checksum(*row)))
        self._began = now
        self._answers.next_generation()
        if last or now - self._noted >= self._noting / SHARE:
            self._write_generations()
            write_snapshot(self._store, self._number, state())
            self._noted = time.perf_counter()
            self._noting = self._noted - now

    def history(self) -> pd.DataFrame:
        """Return one row a generation, in the columns of ``history.csv``."""
        return pd.DataFrame([row for _, row in self._rows()])

    def generations(self) -> list[FinishedGeneration]:
        """Return the generations up to the latest state: those that a search that goes on does not run."""
        found = read_snapshot(self._store, self._number)
        last = 0 if found is None else found.inside("search").count("generation")
        return [
            FinishedGeneration(self._number, seconds, GenerationReport(**row))
            for seconds, row in self._rows()
            if row["generation"] <= last
        ]

    def _rows(self) -> list[tuple[float, dict[str, Any]]]:
        """Return what each generation took, and its row of the history."""
        self._write_generations()
        rows = self._store.rows(
            "SELECT round, generation, seconds, row, checksum FROM generations WHERE round = ? "
            "ORDER BY generation",
            self._number,
        )
        history = [(row[2], read_row(self._store, row[3])) for row in rows]
        columns = {item.name for item in fields(GenerationReport)}
        if any(row.keys() != columns or not all(map(_finite, row.values())) for _, row in history):
            raise self._store.damaged("a generation is no row of a history")
        return history

    def describe(
        self,
        problem: SearchProblem,
        masks: BoolArray,
        objectives: FloatArray,
        on_member: Callable[[int, int], None] | None,
    ) -> pd.DataFrame:
        """Return ``problem.report`` of networks; those described before are not measured again."""
        rows = []
        for done, mask in enumerate(masks, start=1):
            rows.append(self._described(problem, mask[None], objectives[done - 1 : done]))
            if on_member is not None:
                on_member(done, len(masks))
        return pd.DataFrame(rows) if rows else problem.report(masks, objectives)

    def _described(self, problem: SearchProblem, mask: BoolArray, objectives: FloatArray) -> dict[str, Any]:
        key = mask_keys(mask)[0]
        where = (self._number, mask_digest(key), key)
        found = self._store.rows(
            "SELECT round, digest, mask, row, checksum FROM members "
            "WHERE round = ? AND digest = ? AND mask = ?",
            *where,
        )
        if found:
            known = read_row(self._store, found[0][3])
            if not all(_finite(known.get(name)) for name in MEASURED):
                raise self._store.damaged("a network is no row of a front")
            if known.get("mask") != problem.space.to_string(mask[0]):
                raise self._store.damaged("a network has the figures of another")
            figures = [value for name, value in known.items() if name in FRONT_COLUMNS and name != "mask"]
            if not all(isinstance(value, int | float) for value in figures):
                raise self._store.damaged("a figure of a network is no number")
            return known
        table = problem.report(mask, objectives)
        row = {str(name): table[name].tolist()[0] for name in table}
        stored = (*where, json.dumps(row))
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO members (round, digest, mask, row, checksum) VALUES (?, ?, ?, ?, ?)",
                (*stored, checksum(*stored)),
            )
        return row

    def _write_generations(self) -> None:
        if self._unwritten:
            with self._store.writing() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO generations (round, generation, seconds, row, checksum) "
                    "VALUES (?, ?, ?, ?, ?)",
                    self._unwritten,
                )
            self._unwritten.clear()


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and -LARGEST < value < LARGEST


def read_row(store: RunStore, text: str) -> dict[str, Any]:
    """Read a table row that the store keeps as JSON.

    Raises
    ------
    RunError
        It is none: names with numbers or text.
    """
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or any(isinstance(value, dict | list) for value in row.values()):
        raise store.damaged("a row is no table row")
    return row
