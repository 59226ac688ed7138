"""A search, once or in rounds, into its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from ccsrp.coevolution.rounds import Round, RoundSettings, run_rounds
from ccsrp.coevolution.run import SearchProblem, SearchResult, run_search
from ccsrp.coevolution.search import GenerationReport
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.methods.interface import FineTuning
from ccsrp.runs.config import RunConfig
from ccsrp.runs.folder import RunFolder
from ccsrp.space import BoolArray

__all__ = ["RoundPlan", "ShowsSearch", "search_into"]


class ShowsSearch(Protocol):
    """What is told of a search while it goes on."""

    def generation(self, report: GenerationReport) -> None:
        """Show the archive after a generation."""
        ...

    def round(self, finished: Round) -> None:
        """Show the network that a round ended with."""
        ...

    def ended(self, reason: str) -> None:
        """Say why rounds ended before their limit and their target."""
        ...

    def member(self, done: int, total: int) -> None:
        """Show how many members of the front have been measured on the test split."""
        ...


@dataclass(frozen=True)
class RoundPlan:
    """How many rounds there are, and how their networks are fine-tuned."""

    rounds: RoundSettings
    tuning: FineTuning

    def described(self) -> dict[str, Any]:
        """Return the table ``rounds`` of ``config.toml``."""
        settings = asdict(self.rounds)
        settings.pop("choice")
        return settings | asdict(self.rounds.chosen_by()) | asdict(self.tuning)


def search_into(
    folder: Path,
    problem: SearchProblem,
    settings: SearchSettings,
    config: RunConfig,
    *,
    plan: RoundPlan | None,
    shown: ShowsSearch,
) -> SearchResult:
    """Search, and write all that comes of it as it comes.

    Parameters
    ----------
    folder : Path
        New; nothing is written before the first generation has been judged.
    problem : SearchProblem
        With ``after``, such as ``problems.SpikingPruning``, if there is a plan.
    settings : SearchSettings
        Of every round.
    config : RunConfig
    plan : RoundPlan, optional
    shown : ShowsSearch
    """
    run: RunFolder | None = None

    def on_generation(report: GenerationReport, number: int | None = None) -> None:
        nonlocal run
        run = run or RunFolder(folder, config.tables())
        run.add_generation(report, number=number)
        shown.generation(report)

    def on_round(finished: Round) -> None:
        assert run is not None
        run.add_round(finished)
        shown.round(finished)

    def after(number: int, current: Any, mask: BoolArray) -> SearchProblem:
        assert plan is not None
        made: SearchProblem = current.after(mask, plan.tuning, seed=settings.seed + number)
        return made

    if plan is None:
        result = run_search(problem, settings, on_generation=on_generation, on_member=shown.member)
    else:
        trained: Any = problem
        plan.tuning.chosen(*trained.images("train"))  # refused before anything is evaluated
        result = run_rounds(
            problem,
            settings,
            plan.rounds,
            after=after,
            on_generation=lambda number, report: on_generation(report, number),
            on_round=on_round,
            on_end=shown.ended,
            on_member=shown.member,
        )
    if run is not None:
        run.finish(result)
    return result
