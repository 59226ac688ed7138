"""A search, once or in rounds, into its folder; one that was interrupted goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ccsrp.coevolution.course import FinishedGeneration, ShowsSearch
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.rounds import Round, joined_histories, run_rounds
from ccsrp.coevolution.run import SearchResult, run_search
from ccsrp.coevolution.search import GenerationReport
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.differences import differences
from ccsrp.errors import RunError
from ccsrp.evaluation.interface import Evaluator
from ccsrp.files import write_atomically
from ccsrp.runs.config import RunConfig, parse_stored
from ccsrp.runs.journal import RecordedRun
from ccsrp.runs.plan import RoundPlan
from ccsrp.runs.progress import known_before
from ccsrp.runs.store import STORE, RunStore
from ccsrp.runs.views import config_bytes, write_front, write_history, write_rounds
from ccsrp.space import BoolArray

__all__ = ["search_into"]

# history.csv is written as often as takes up to this share of the time, and at the end.
SHARE = 0.05


def search_into(
    folder: Path,
    problem: SearchProblem,
    settings: SearchSettings,
    config: RunConfig,
    *,
    plan: RoundPlan | None,
    shown: ShowsSearch,
    judged_by: Callable[[SearchProblem], Evaluator] | None = None,
) -> SearchResult:
    """Search, and store all that is paid for as it comes; go on where an earlier call on the folder ended.

    Parameters
    ----------
    folder : Path
        That no other process writes to (``ccsrp.runs.lock``).
    problem : SearchProblem
        With a plan, one with a network, such as ``problems.SpikingPruning``.
    settings : SearchSettings
        Of every round.
    config : RunConfig
        Describes all of these.
    plan : RoundPlan, optional
    shown : ShowsSearch
    judged_by : callable, optional
        Returns what judges a problem, such as workers on other machines; by default the problem itself.

    Raises
    ------
    RunError
        The folder holds another search or a damaged one, or cannot be written.
    """
    if plan is not None:
        trained: Any = problem
        plan.tuning.chosen(*trained.images("train"))  # refused before anything is evaluated
    with _store(folder, config) as store, _kernels_told(problem, shown) as compiled:
        if not store.empty:
            shown.resumed(known_before(store))
        run = _Recorded(folder, RecordedRun(store, judged_by=judged_by), shown, compiled)
        try:
            result = run.searched(problem, settings) if plan is None else run.rounds(problem, settings, plan)
        except BaseException:
            if store.empty:
                store.close()
                for name in (STORE, "config.toml"):
                    (folder / name).unlink(missing_ok=True)
            raise
        run.finish(result)
    return result


@contextmanager
def _kernels_told(problem: SearchProblem, shown: ShowsSearch) -> Iterator[Callable[[], float]]:
    """Say when kernels are compiled; yield what returns the seconds that this has taken so far."""
    if not hasattr(problem, "base_network"):
        yield lambda: 0.0
        return
    from ccsrp.snn.kernels import told_of_compilation

    with told_of_compilation(shown.note) as compilation:
        yield lambda: compilation.seconds


def _store(folder: Path, config: RunConfig) -> RunStore:
    """Open the store of a run, or begin one."""
    if not (folder / STORE).exists():
        store = RunStore.create(folder, config=config_bytes(config.tables()).decode())
    else:
        store = RunStore(folder)
    try:
        before = parse_stored(store.config, folder)
        if not before.same_run(config):
            differ = differences(before.settings(), config.settings())
            raise RunError(f"{folder} holds a search with other settings: {differ}; name another folder")
        if not (folder / "config.toml").exists():
            write_atomically(folder / "config.toml", store.config.encode())
    except BaseException:
        store.close()
        raise
    return store


class _Recorded:
    """One run, with its files."""

    def __init__(
        self, folder: Path, journal: RecordedRun, shown: ShowsSearch, compiled: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._shown = shown
        self._compiled = compiled
        self._compiled_before = 0.0
        self._written = self._ended = time.perf_counter()
        self._writing = 0.0

    def searched(self, problem: SearchProblem, settings: SearchSettings) -> SearchResult:
        """Search once."""
        journal = self._journal.search(1)

        def on_generation(report: GenerationReport) -> None:
            self._generation(1, report)
            self._view(lambda: write_history(self._folder, journal.history()))

        return run_search(
            problem, settings, journal=journal, on_generation=on_generation, on_member=self._shown.member
        )

    def rounds(self, problem: SearchProblem, settings: SearchSettings, plan: RoundPlan) -> SearchResult:
        """Search and fine-tune in turn."""
        from ccsrp.runs.rounds import StoredRounds  # which loads torch; a look-up table needs none

        stored = StoredRounds(self._folder, self._journal.store)

        def on_generation(number: int, report: GenerationReport) -> None:
            self._generation(number, report)
            histories = [self._journal.search(n) for n in range(1, number + 1)]
            self._view(
                lambda: write_history(self._folder, joined_histories([one.history() for one in histories]))
            )

        def after(number: int, current: Any, mask: BoolArray) -> SearchProblem:
            self._shown.tuning(number)
            made: SearchProblem = stored.after(
                number, current, mask, plan.tuning, seed=settings.seed + number, first=problem
            )
            return made

        def on_round(finished: Round) -> None:
            write_rounds(self._folder, stored.add(finished))
            self._shown.round(finished)
            self._ended, self._compiled_before = time.perf_counter(), self._compiled()

        return run_rounds(
            problem,
            settings,
            plan.rounds,
            after=after,
            journal=self._journal,
            on_generation=on_generation,
            on_round=on_round,
            on_end=self._shown.ended,
            on_member=self._shown.member,
        )

    def finish(self, result: SearchResult) -> None:
        """Write what is left to write."""
        write_history(self._folder, result.history)
        write_front(self._folder, result)
        failures = self._journal.failures()
        if failures:
            self._shown.failures(sum(failures.values()), max(failures, key=lambda reason: failures[reason]))

    def _generation(self, number: int, report: GenerationReport) -> None:
        before, self._ended = self._ended, time.perf_counter()
        compiled_before, self._compiled_before = self._compiled_before, self._compiled()
        seconds = self._ended - before - (self._compiled_before - compiled_before)
        self._shown.generation(FinishedGeneration(number, max(0.0, seconds), report))

    def _view(self, write: Callable[[], None]) -> None:
        now = time.perf_counter()
        if now - self._written >= self._writing / SHARE:
            write()
            self._written = time.perf_counter()
            self._writing = self._written - now
