"""CCSRP: cooperative coevolution finds the masks, in rounds with training in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.run import search_archive
from ccsrp.coevolution.search import Coevolution
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.methods.interface import PrunableProblem, Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import BoolArray, lifted

__all__ = ["prune"]

# Validation images that finalists are judged on, at most.
JUDGED_ON = 2000
# Standard deviation of the logarithm of a layer's weight, where widths are drawn at random.
SPREAD = 0.2


def prune(
    task: Task, targets: Sequence[float], *, rounds: int = 1, finalists: int = 8, trial_epochs: int = 1
) -> Iterator[Pruned]:
    """Search, prune and fine-tune in rounds of equal reduction; budget and epochs are divided among them.

    What a mask is worth before fine-tuning says only roughly what it is worth after it, where one epoch says
    much more (``experiments/methods``). So in each round ``finalists`` are trained for ``trial_epochs`` and
    judged anew, on validation images: half are those with the smallest sum of both errors within the cost,
    half have other widths of layers. The first search serves all targets.

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
    first, rng = _searched(task, task.problem, rounds, 0), task.rng()
    for target in targets:
        problem, base, found = task.problem, task.problem.space.full(), first
        judged, spent = found.evaluations, 0
        for number in range(rounds):
            if number:
                found = _searched(task, problem, rounds, number)
                judged += found.evaluations
            most = target ** ((number + 1) / rounds)
            masks = _finalists(problem, found.archive, most, finalists, rng)
            best = masks[0]
            if len(masks) > 1:
                best = _tried(task, problem, masks, trial_epochs, 10 * number)
                spent += trial_epochs * len(masks)
            epochs = task.tuning.epochs * (number + 1) // rounds - task.tuning.epochs * number // rounds
            network = task.finetuned(problem.network(best), epochs=epochs, part=10 * number)
            base = lifted(base, best)
            if number + 1 < rounds:
                problem = problem.rebased(network, kept=best)
        yield Pruned(target, network, base, evaluations=judged, epochs=task.tuning.epochs + spent)


def _searched(task: Task, problem: PrunableProblem, rounds: int, number: int) -> Coevolution:
    settings = SearchSettings(budget=task.budget // rounds, seed=task.seed + number)
    return search_archive(problem, settings)


def _finalists(
    problem: PrunableProblem, archive: Archive, target: float, count: int, rng: np.random.Generator
) -> BoolArray:
    """Return masks that spend the target: the archive's best, and others of its filters in other widths.

    Filters that the target still allows for are given back: trained networks make use of all that they
    have. How wide which layer should be shows only in training, so half of the masks take it from the
    archive, one has all layers equally thinned, and the rest are in between.
    """
    masks, objectives = archive.masks, archive.objectives
    allowed = np.flatnonzero(objectives[:, 2] <= target)
    if not len(allowed):
        raise OptionError(
            f"cost target {target:g} was not reached: the cheapest network that the search found costs "
            f"{objectives[:, 2].min():.4f}; give it a larger budget"
        )
    order = allowed[np.argsort(objectives[allowed, :2].sum(axis=1), kind="stable")]
    kept = masks.mean(axis=0)  # how many members agree that a filter is worth its cost
    found: dict[bytes, BoolArray] = {}
    for mask in masks[order]:
        if len(found) == -(-count // 2):
            break
        filled = best_at_cost(problem, kept + 2 * mask, target)
        found.setdefault(filled.tobytes(), filled)
    rank = np.empty(len(kept))
    for part in problem.space.slices:
        places = np.argsort(np.argsort(-kept[part], kind="stable"), kind="stable")
        rank[part] = 1 - places / len(places)
    # In a small space there may be fewer than were asked for.
    for attempt in range(10 * count):
        if len(found) == count:
            break
        weights = np.exp(min(attempt, 1) * SPREAD * rng.standard_normal(problem.space.n_layers))
        thinned = best_at_cost(problem, rank * np.repeat(weights, problem.space.sizes), target)
        found.setdefault(thinned.tobytes(), thinned)
    return np.array(list(found.values()))


def _tried(task: Task, problem: PrunableProblem, masks: BoolArray, epochs: int, part: int) -> BoolArray:
    """Return the mask whose network is best after a short training."""
    worth = []
    for number, mask in enumerate(masks, start=1):
        network = task.finetuned(problem.network(mask), epochs=epochs, part=part + number)
        # A few hundred images cannot tell finalists apart; all that validation has can a little better.
        judgement = problem.judge_network(network, "validation", at_most=JUDGED_ON)
        worth.append(judgement.accuracy + judgement.robust_accuracy)
    best: BoolArray = masks[int(np.argmax(worth))]
    return best
