"""Filters whose batch-norm scale a penalty drove down go: network slimming (Liu et al., arXiv 1708.06519)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ccsrp.errors import OptionError
from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import FloatArray

if TYPE_CHECKING:
    import torch

    from ccsrp.snn.graph import PruningGraph
    from ccsrp.snn.networks import DirectCoding

__all__ = ["prune"]


def prune(task: Task, targets: Sequence[float], *, penalty: float = 1e-4) -> Iterator[Pruned]:
    """Train under attack with an L1 penalty on the batch norms' scales; the largest scales stay.

    One adversarial training of half of the epochs and one ranking over all layers serve all targets.
    What is left of the trained network keeps its weights and is fine-tuned.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    penalty : float
        Weight of the sum of all |scale| in the loss. The paper's values are 1e-4 and 1e-5, for 160 epochs of
        SGD. In the few hundred steps of AdamW here the scales hardly part: on the digits, 1e-4 leaves the
        base's, and 1e-2 lowers all by 0.1, so that the ranking is still that of the base's scales.

    Raises
    ------
    OptionError
        Also where a prunable layer has no batch norm with scales.
    """
    from ccsrp.snn.graph import trace_filters
    from ccsrp.snn.slim import slim_network

    check_targets(targets)
    if not 0 <= penalty < math.inf:
        raise OptionError(f"penalty of slimming must be at least 0 and finite, got {penalty}")
    for target in targets:  # refused before anything is trained
        best_at_cost(task.problem, np.zeros(task.problem.space.n_var), target)
    trained = trained_with_penalty(task, penalty)
    graph = trace_filters(trained.network)
    importance = np.concatenate([_strength(layer) for layer in scales(trained, graph)])
    for target in targets:
        mask = best_at_cost(task.problem, importance, target)
        slim = trained.around(slim_network(trained.network, graph, mask))
        tuned = task.finetuned(slim.eval(), epochs=task.tuning.finishing)
        yield Pruned(target, tuned, mask, epochs=task.tuning.forming + task.tuning.finishing)


def trained_with_penalty(task: Task, penalty: float) -> DirectCoding:
    """Return the base network after the training with the penalty."""
    import torch

    from ccsrp.snn.graph import trace_filters
    from ccsrp.snn.tuning import own_copy, with_weights_of

    base = task.problem.base_network()
    network = own_copy(base)
    penalised = [scale for layer in scales(network, trace_filters(network.network)) for scale in layer]
    trainer = task.trainer(network, part=1)

    def before_step(*_: Any) -> None:
        """Add the subgradient of the penalty, as the authors do."""
        for scale in penalised:
            assert scale.grad is not None
            scale.grad += penalty * torch.sign(scale.detach())

    trainer.optimizer.register_step_pre_hook(before_step)
    task.train(trainer)
    return with_weights_of(base, network)


def scales(network: DirectCoding, graph: PruningGraph) -> list[list[torch.nn.Parameter]]:
    """List the batch-norm scales of every prunable layer.

    Raises
    ------
    OptionError
        A layer has none.
    """
    found: list[list[torch.nn.Parameter]] = []
    for item in graph.layers:
        norms: list[Any] = [network.network.get_submodule(name) for name in item.norms]
        found.append([norm.weight for norm in norms if norm.weight is not None])
        if not found[-1]:
            raise OptionError(f"slimming needs batch norms with scales, and layer {item.name!r} has none")
    return found


def _strength(layer: list[torch.nn.Parameter]) -> FloatArray:
    """Return a layer's |scale|, the largest where it has several batch norms, float64 [size]."""
    values: FloatArray = np.max([scale.detach().abs().cpu().numpy() for scale in layer], axis=0).astype(float)
    return values
