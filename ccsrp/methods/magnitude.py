"""Filters with the largest weights stay (L1 norm; Li et al., arXiv 1608.08710)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import FloatArray

__all__ = ["prune", "relative_norms"]


def prune(task: Task, targets: Sequence[float]) -> Iterator[Pruned]:
    """Rank filters by the L1 norm of their weights, over the mean of their layer.

    Layers differ in fan-in and in how their weights were scaled by the batch norms behind them, so norms
    are compared relative to their layer, over all layers at once.
    """
    check_targets(targets)
    scores = relative_norms(task)
    for target in targets:
        yield task.pruned(best_at_cost(task.problem, scores, target), target)


def relative_norms(task: Task) -> FloatArray:
    """Return each filter's L1 norm over the mean of its layer, float64 [n_var], of mean 1 in every layer."""
    network, space = task.problem.base_network().network, task.problem.space
    weights = dict(network.named_parameters())
    norms = [
        weights[f"{name}.weight"].detach().abs().flatten(1).sum(1).cpu().numpy().astype(float)
        for name in space.names
    ]
    return np.concatenate([norm / norm.mean() for norm in norms])
