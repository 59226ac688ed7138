"""Filters that chance keeps: what every other method has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost

__all__ = ["prune"]


def prune(task: Task, targets: Sequence[float]) -> Iterator[Pruned]:
    """Give every filter a random score; one order of filters serves all targets."""
    check_targets(targets)
    scores = task.rng().random(task.problem.space.n_var)
    for target in targets:
        yield task.pruned(best_at_cost(task.problem, scores, target), target)
