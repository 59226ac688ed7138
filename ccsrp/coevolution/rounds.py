"""Rounds: search, choose, prune for real, fine-tune, and search again from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import moocore
import numpy as np
import pandas as pd

from ccsrp.checks import check_count
from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.choice import Choice, NothingSmallerError, choose
from ccsrp.coevolution.journal import RunJournal, UnrecordedRun
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.run import SearchResult, search_archive
from ccsrp.coevolution.search import GenerationReport
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FloatArray, lifted

__all__ = ["Round", "RoundSettings", "joined_histories", "run_rounds"]


@dataclass(frozen=True, kw_only=True)
class RoundSettings:
    """How many rounds, and where they lead.

    Parameters
    ----------
    rounds : int
        At least 1; each ends with a fine-tuned network.
    target_cost : float, optional
        Share of the first network's cost in (0, 1] at which the rounds end. Every round may cost the same
        fraction of the one before it, so that the last arrives.
    choice : Choice, optional
        By default ``best`` with a target and ``knee`` without.
    """

    rounds: int
    target_cost: float | None = None
    choice: Choice | None = None

    def __post_init__(self) -> None:
        check_count("rounds", self.rounds, most=10_000)
        if self.target_cost is not None and not 0 < self.target_cost <= 1:
            raise OptionError(
                f"a target cost is a share of the dense network's cost in (0, 1], got {self.target_cost}"
            )

    def chosen_by(self) -> Choice:
        """Return the choice that is in force."""
        return self.choice or Choice(rule="knee" if self.target_cost is None else "best")

    def most(self, number: int) -> float:
        """Return the largest cost of the network that round ``number``, from 1, ends with.

        >>> RoundSettings(rounds=2, target_cost=0.25).most(1)
        0.5
        """
        return 1.0 if self.target_cost is None else float(self.target_cost ** (number / self.rounds))


@dataclass(frozen=True)
class Round:
    """What one round left behind.

    Attributes
    ----------
    number : int
        From 1.
    problem : SearchProblem
        On the network that the round ended with.
    base : bool [n_var of the first network]
        The filters of the first network that it still has.
    predicted, spliced, tuned : float64 [3]
        Objectives of what was chosen: as the search promised, as measured, and after fine-tuning.
    """

    number: int
    problem: SearchProblem
    base: BoolArray
    predicted: FloatArray
    spliced: FloatArray
    tuned: FloatArray

    def row(self) -> dict[str, object]:
        """Return the columns of ``rounds.csv``."""
        columns: dict[str, object] = {"round": self.number}
        for stage in ("predicted", "spliced", "tuned"):
            error, robust_error, _ = getattr(self, stage)
            columns |= {f"{stage}_accuracy": 1 - error, f"{stage}_robust_accuracy": 1 - robust_error}
        return columns | {
            "cost": float(self.tuned[2]),
            "mask": "".join("1" if kept else "0" for kept in self.base),
        }


def run_rounds(
    problem: SearchProblem,
    search: SearchSettings,
    settings: RoundSettings,
    *,
    after: Callable[[int, SearchProblem, BoolArray], SearchProblem],
    journal: RunJournal | None = None,
    on_generation: Callable[[int, GenerationReport], None] | None = None,
    on_round: Callable[[Round], None] | None = None,
    on_end: Callable[[str], None] | None = None,
    on_member: Callable[[int, int], None] | None = None,
) -> SearchResult:
    """Search and fine-tune in rounds, and join the fronts of all of them.

    Parameters
    ----------
    problem : SearchProblem
    search : SearchSettings
        Of every round; the budget is that of one round.
    settings : RoundSettings
    after : callable
        Called with (round, a problem, the mask chosen from it): returns the same problem on the network that
        the mask leaves, fine-tuned. Its masks speak of the filters that are left, its costs are still
        shares of the first network's.
    journal : RunJournal, optional
        One that knows of an earlier beginning makes the rounds go on from there.
    on_generation : callable, optional
        Called with (round, report) after each generation; rounds count from 1.
    on_round : callable, optional
        Called with a ``Round`` after each.
    on_end : callable, optional
        Called with the reason if the rounds end before their limit and their target, because a search found
        no smaller network that the choice allows. The front is then that of the rounds until there.
    on_member : callable, optional
        Called with (done, total) while members of the front are measured.

    Returns
    -------
    SearchResult
        ``front`` has a column ``round``: 0 for masks of the first network, r for masks of the network that
        round r ended with. Masks speak of the first network's filters. ``archive`` is the joint front.
    """
    journal = UnrecordedRun() if journal is None else journal
    current, base = problem, problem.space.full()
    fronts: list[tuple[SearchProblem, BoolArray, Archive]] = []
    histories: list[pd.DataFrame] = []
    for number in range(1, settings.rounds + 1):

        def one_more(report: GenerationReport, number: int = number) -> None:
            if on_generation is not None:
                on_generation(number, report)

        seeded = replace(search, seed=(search.seed + number - 1) % 2**63)
        searched = journal.search(number)
        found = search_archive(current, seeded, journal=searched, on_generation=one_more)
        fronts.append((current, base, found.archive))
        histories.append(searched.history())
        try:
            chosen = choose(found, settings.chosen_by(), most=settings.most(number))
        except NothingSmallerError as reason:
            # What was found until then was paid for.
            if on_end is not None:
                on_end(f"the rounds end with round {number}: {reason}")
            break
        measured = searched.evaluator(current).evaluate(chosen.mask[None])[0]
        base, current = lifted(base, chosen.mask), after(number, current, chosen.mask)
        whole = current.space.full()[None]
        tuned = journal.search(number + 1).evaluator(current).evaluate(whole)
        last = Archive(n_var=current.space.n_var, reference_point=current.reference_point)
        last.add(whole, tuned)
        if on_round is not None:
            on_round(Round(number, current, base, chosen.predicted, measured, tuned[0]))
        done = settings.target_cost is not None and tuned[0, 2] <= settings.target_cost
        if done or number == settings.rounds:
            fronts.append((current, base, last))
            break
    front, joint = _joined(problem, fronts, journal, on_member)
    return SearchResult(front=front, history=joined_histories(histories), archive=joint, settings=search)


def joined_histories(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the histories of rounds under one another; evaluations are counted on from round to round."""
    spent, tables = 0, []
    for number, history in enumerate(histories, start=1):
        table = history.assign(evaluations=history["evaluations"] + spent)
        table.insert(0, "round", number)
        spent = int(table["evaluations"].iloc[-1])
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _nondominated(
    fronts: list[tuple[SearchProblem, BoolArray, Archive]],
) -> Iterator[tuple[int, SearchProblem, BoolArray, BoolArray, FloatArray]]:
    """Yield (round, problem, base, masks, objectives) of what no round dominates."""
    keep = moocore.is_nondominated(np.concatenate([archive.objectives for _, _, archive in fronts]))
    ends = np.cumsum([len(archive) for _, _, archive in fronts])
    for number, (problem, base, archive) in enumerate(fronts):
        mine = keep[ends[number] - len(archive) : ends[number]]
        yield number, problem, base, archive.masks[mine], archive.objectives[mine]


def _joined(
    problem: SearchProblem,
    fronts: list[tuple[SearchProblem, BoolArray, Archive]],
    journal: RunJournal,
    on_member: Callable[[int, int], None] | None,
) -> tuple[pd.DataFrame, Archive]:
    """Describe the members of the joint front, by the problem of the round that each is of."""
    joint = Archive(n_var=problem.space.n_var, reference_point=problem.reference_point)
    members = list(_nondominated(fronts))
    total, done = sum(len(masks) for *_, masks, _ in members), 0
    tables = []
    for number, current, base, masks, objectives in members:

        def one_more(one: int, _: int, before: int = done) -> None:
            if on_member is not None:
                on_member(before + one, total)

        table = journal.search(number + 1).describe(current, masks, objectives, one_more)
        wholes = lifted(base, masks)
        table.insert(0, "round", number)
        table["mask"] = [problem.space.to_string(mask) for mask in wholes]
        tables.append(table)
        joint.add(wholes, objectives)
        done += len(masks)
    front = pd.concat([table for table in tables if len(table)], ignore_index=True)
    front = front.sort_values(["cost", "accuracy"], ascending=False, kind="stable", ignore_index=True)
    front.insert(0, "member", np.arange(len(front)))
    return front, joint
