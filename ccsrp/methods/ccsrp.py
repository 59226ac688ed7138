"""CCSRP: cooperative coevolution finds the masks, a short training picks among the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.run import search_archive
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.methods.interface import Pruned, Task
from ccsrp.space import BoolArray

__all__ = ["prune"]


def prune(
    task: Task, targets: Sequence[float], *, finalists: int = 4, trial_epochs: int = 1
) -> Iterator[Pruned]:
    """Search once for all targets; of each, train the most promising masks a little and the best one fully.

    What a mask is worth before fine-tuning says only roughly what it is worth after it, so the
    ``finalists`` with the smallest sum of both errors within the target are trained for ``trial_epochs``
    and judged anew, on validation images.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    finalists : int
        Masks that are tried for each target, at least 1; 1 trusts the search.
    trial_epochs : int
    """
    archive = _searched(task)
    for target in targets:
        masks = _within(archive, target, finalists)
        best = masks[0] if len(masks) == 1 else _tried(task, masks, trial_epochs)
        spent = trial_epochs * len(masks) if len(masks) > 1 else 0
        yield task.pruned(best, target, evaluations=task.budget, epochs=spent)


def _searched(task: Task) -> Archive:
    settings = SearchSettings(budget=task.budget, seed=task.seed)
    return search_archive(task.problem, settings)[0].archive


def _within(archive: Archive, target: float, count: int) -> BoolArray:
    """Return the masks of at most that cost with the smallest sum of errors, best first."""
    masks, objectives = archive.masks, archive.objectives
    allowed = np.flatnonzero(objectives[:, 2] <= target)
    if not len(allowed):
        raise OptionError(
            f"cost target {target} was not reached: the cheapest network that the search found costs "
            f"{objectives[:, 2].min():.4f}; give it a larger budget"
        )
    order = np.argsort(objectives[allowed, :2].sum(axis=1), kind="stable")
    chosen: BoolArray = masks[allowed[order[:count]]]
    return chosen


def _tried(task: Task, masks: BoolArray, epochs: int) -> BoolArray:
    """Return the mask whose network is best after a short training."""
    worth = []
    for number, mask in enumerate(masks):
        network = task.finetuned(task.problem.network(mask), epochs=epochs, part=number + 1)
        judgement = task.problem.judge_network(network)
        worth.append(judgement.accuracy + judgement.robust_accuracy)
    best: BoolArray = masks[int(np.argmax(worth))]
    return best
