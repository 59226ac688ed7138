"""CCSRP: cooperative coevolution finds the masks, in rounds with training in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.run import search_archive
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.methods.interface import PrunableProblem, Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import BoolArray, lifted

__all__ = ["prune"]


def prune(
    task: Task, targets: Sequence[float], *, rounds: int = 1, finalists: int = 8, trial_epochs: int = 1
) -> Iterator[Pruned]:
    """Search, prune and fine-tune in rounds of equal reduction; budget and epochs are divided among them.

    What a mask is worth before fine-tuning says only roughly what it is worth after it, where one epoch says
    much more (``experiments/methods``). So in each round the ``finalists`` with the smallest sum of both
    errors within the cost are trained for ``trial_epochs`` and judged anew, on validation images. Filters
    that the cost still allows for are given back to them first: fine-tuned networks make use of all that
    they have. The first search serves all targets.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    rounds : int
        At least 1, and at most as many as there are epochs.
    finalists : int
        Masks that are tried in each round, at least 1; 1 trusts the search.
    trial_epochs : int

    Raises
    ------
    OptionError
    """
    check_targets(targets)
    if not 1 <= rounds <= task.tuning.epochs or finalists < 1 or trial_epochs < 1:
        raise OptionError(
            f"ccsrp takes rounds from 1 to the epochs of fine-tuning, and finalists and trial_epochs of at "
            f"least 1, got {rounds}, {finalists} and {trial_epochs}"
        )
    for target in targets:  # refused before anything is paid for
        best_at_cost(task.problem, np.zeros(task.problem.space.n_var), target)
    first = _searched(task, task.problem, rounds, 0)
    for target in targets:
        problem, base, found = task.problem, task.problem.space.full(), first
        spent = 0
        for number in range(rounds):
            if number:
                found = _searched(task, problem, rounds, number)
            most = target ** ((number + 1) / rounds)
            masks = _filled(problem, _within(found, most, finalists), found, most)
            best = masks[0]
            if len(masks) > 1:
                best = _tried(task, problem, masks, trial_epochs, 10 * number)
                spent += trial_epochs * len(masks)
            epochs = task.tuning.epochs * (number + 1) // rounds - task.tuning.epochs * number // rounds
            network = task.finetuned(problem.network(best), epochs=epochs, part=10 * number)
            base = lifted(base, best)
            if number + 1 < rounds:
                problem = problem.rebased(network)
        budget = task.budget // rounds * rounds
        yield Pruned(target, network, base, evaluations=budget, epochs=task.tuning.epochs + spent)


def _searched(task: Task, problem: PrunableProblem, rounds: int, number: int) -> Archive:
    settings = SearchSettings(budget=task.budget // rounds, seed=task.seed + number)
    return search_archive(problem, settings)[0].archive


def _within(archive: Archive, target: float, count: int) -> BoolArray:
    """Return the masks of at most that cost with the smallest sum of errors, best first."""
    masks, objectives = archive.masks, archive.objectives
    allowed = np.flatnonzero(objectives[:, 2] <= target)
    if not len(allowed):
        raise OptionError(
            f"cost target {target:g} was not reached: the cheapest network that the search found costs "
            f"{objectives[:, 2].min():.4f}; give it a larger budget"
        )
    order = np.argsort(objectives[allowed, :2].sum(axis=1), kind="stable")
    chosen: BoolArray = masks[allowed[order[:count]]]
    return chosen


def _filled(problem: PrunableProblem, masks: BoolArray, archive: Archive, target: float) -> BoolArray:
    """Give masks what the target allows for, the filters first that most of the archive keeps."""
    shares = archive.masks.mean(axis=0)
    # What a mask keeps outranks what it may get.
    return np.array([best_at_cost(problem, shares + 2 * mask, target) for mask in masks])


def _tried(task: Task, problem: PrunableProblem, masks: BoolArray, epochs: int, part: int) -> BoolArray:
    """Return the mask whose network is best after a short training."""
    worth = []
    for number, mask in enumerate(masks, start=1):
        network = task.finetuned(problem.network(mask), epochs=epochs, part=part + number)
        judgement = problem.judge_network(network)
        worth.append(judgement.accuracy + judgement.robust_accuracy)
    best: BoolArray = masks[int(np.argmax(worth))]
    return best
