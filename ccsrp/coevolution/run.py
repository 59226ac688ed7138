"""``search``: the coevolution from a problem to its Pareto front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.journal import Journal, Unrecorded
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.search import Coevolution, GenerationReport
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.evaluation.interface import OBJECTIVES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SearchResult", "run_search", "search", "search_archive"]


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    front : DataFrame
        One row a non-dominated network, cheapest last, in the columns of ``front.csv``.
    history : DataFrame
        One row a generation, in the columns of ``history.csv``.
    archive : Archive
        Masks and objectives of the front.
    settings : SearchSettings
    """

    front: pd.DataFrame
    history: pd.DataFrame
    archive: Archive
    settings: SearchSettings

    def plot(self) -> Figure:
        """Draw the front's trade-offs and the hypervolume over evaluations (matplotlib)."""
        from ccsrp.report.front import front_figure, front_info

        return front_figure(front_info(self.front, self.history))


def search(
    problem: SearchProblem,
    *,
    budget: int = 300,
    seed: int = 0,
    subpopulation_size: int = 10,
    collaborators: str = "archive",
    initial_keep: tuple[float, float] = (0.5, 0.95),
    bit_flip_rate: float = 0.1,
    crossover_rate: float = 0.9,
    max_removed: float = 0.9,
    rejudged_share: float = 0.2,
    recombination: float = 0.5,
    screening: str = "gp",
    spread: bool = True,
    batch: int = 10,
    candidates: int = 32,
    guided: bool = True,
    optimism: float = 0.7,
    stop_dominated: bool = True,
    journal: Journal | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
    on_member: Callable[[int, int], None] | None = None,
) -> SearchResult:
    """Search the Pareto front of a problem by cooperative coevolution.

    Parameters
    ----------
    problem : SearchProblem
        Such as ``problems.load_problem("digits")``.
    budget, seed, subpopulation_size, collaborators, initial_keep
        See ``SearchSettings``.
    bit_flip_rate, crossover_rate, max_removed, rejudged_share, recombination, stop_dominated
        See ``SearchSettings``.
    screening, spread, batch, candidates, guided, optimism
        See ``SearchSettings``.
    journal : Journal, optional
        Keeps all that is paid for, such as ``ccsrp.recorded``: a search that begins again with it goes on
        where it was.
    on_generation : callable, optional
        Called with a ``GenerationReport`` after each generation.
    on_member : callable, optional
        Called with (done, total) while the members of the front are measured on the test split.

    Raises
    ------
    OptionError
        A setting out of range, or a budget below one generation; before anything is evaluated.
    """
    settings = SearchSettings(
        budget=budget,
        seed=seed,
        subpopulation_size=subpopulation_size,
        collaborators=collaborators,
        initial_keep=initial_keep,
        bit_flip_rate=bit_flip_rate,
        crossover_rate=crossover_rate,
        max_removed=max_removed,
        rejudged_share=rejudged_share,
        recombination=recombination,
        screening=screening,
        spread=spread,
        batch=batch,
        candidates=candidates,
        guided=guided,
        optimism=optimism,
        stop_dominated=stop_dominated,
    )
    return run_search(problem, settings, journal=journal, on_generation=on_generation, on_member=on_member)


def run_search(
    problem: SearchProblem,
    settings: SearchSettings,
    *,
    journal: Journal | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
    on_member: Callable[[int, int], None] | None = None,
) -> SearchResult:
    """Search with settings that are already in one object: see ``search``.

    With a ``journal`` that knows of an earlier beginning, the search goes on from there.
    """
    journal = Unrecorded() if journal is None else journal
    archive = search_archive(problem, settings, journal=journal, on_generation=on_generation).archive
    masks, objectives = archive.masks, archive.objectives
    order = np.lexsort((objectives[:, 1], objectives[:, 0], -objectives[:, 2]))
    front = journal.describe(problem, masks[order], objectives[order], on_member)
    front.insert(0, "member", np.arange(len(front)))
    return SearchResult(front=front, history=journal.history(), archive=archive, settings=settings)


def search_archive(
    problem: SearchProblem,
    settings: SearchSettings,
    *,
    journal: Journal | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
) -> Coevolution:
    """Search until the budget is spent, and measure nothing on test images: see ``search``."""
    names = tuple(getattr(problem, "objectives", OBJECTIVES))
    if len(names) != len(OBJECTIVES) or names[:2] != OBJECTIVES[:2] or names[2] in OBJECTIVES[:2]:
        raise OptionError(
            f"the search takes problems with objectives error, robust_error and a cost, in this order, got "
            f"{', '.join(names)}; pymoo's algorithms take any"
        )
    journal = Unrecorded() if journal is None else journal
    coevolution = Coevolution(
        journal.evaluator(problem),
        reference_point=problem.reference_point,
        settings=settings,
        memory=journal.memory(),
    )
    known = journal.snapshot()
    if known is not None:
        coevolution.restore(known)
    while not coevolution.finished:
        report = coevolution.run_generation()
        journal.add(report, coevolution.state, last=coevolution.finished)
        if on_generation is not None:
            on_generation(report)
    return coevolution
