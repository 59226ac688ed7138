"""Channels that go and come back while the network trains: SCA (Li et al., ICML 2024, arXiv 2406.01072)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ccsrp.errors import OptionError
from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.methods.schedules import cosine, cubic
from ccsrp.space import BoolArray, FloatArray

if TYPE_CHECKING:
    import torch

    from ccsrp.methods.gates import Potentials
    from ccsrp.snn.graph import PrunableLayer, PruningGraph
    from ccsrp.snn.networks import DirectCoding

__all__ = ["prune"]


def prune(
    task: Task,
    targets: Sequence[float],
    *,
    interval: int = 10,
    ramp: float = 0.75,
    regrown: float = 0.3,
) -> Iterator[Pruned]:
    """Prune the filters with the least membrane potential and regrow others, while the network trains.

    Every ``interval`` batches of the first half of the epochs, filters with the
    smallest mean absolute membrane potential (over batch, space and time) go, and those come back whose
    batch-norm scale has the largest gradient, so that the cost falls as a cubic from 1 to the target. What
    is left then keeps its weights and is fine-tuned. Every target is a training of its own.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    interval : int
        Batches between two updates. Not published; our choice, because it gives some twenty updates in ten
        epochs of a thousand images.
    ramp : float
        Share of the training after which the cost has reached the target, in (0, 1]; updates end there.
        The schedule is not published; ours is the cubic of gradual pruning (Zhu & Gupta, arXiv 1710.01878).
    regrown : float
        Share of the kept filters that each update swaps, in [0, 1); falls to 0 as a cosine. Not published;
        our choice is what RigL swaps (arXiv 1911.11134).

    Notes
    -----
    A removed filter keeps the weights that it had, which the paper leaves open: its gradients are dropped.
    Gradients of its scale are those that it would have on its return (straight-through).

    Raises
    ------
    OptionError
    """
    check_targets(targets)
    if interval < 1 or not 0 < ramp <= 1 or not 0 <= regrown < 1:
        raise OptionError(
            f"sca takes interval >= 1, ramp in (0, 1] and regrown in [0, 1), "
            f"got {interval}, {ramp} and {regrown}"
        )
    for target in targets:
        yield _prune(task, target, interval, ramp, regrown)


def _prune(task: Task, target: float, interval: int, ramp: float, regrown: float) -> Pruned:
    from ccsrp.methods.gates import as_gates, gated, watched_potentials
    from ccsrp.snn.graph import trace_filters
    from ccsrp.snn.slim import slim_network
    from ccsrp.snn.tuning import own_copy, with_weights_of

    best_at_cost(task.problem, np.zeros(task.problem.space.n_var), target)  # refused before it is trained for
    base = task.problem.base_network()
    graph, network = trace_filters(base.network), own_copy(base)
    mask = graph.space.full()
    trainer = task.trainer(network, part=1, mask=lambda: mask)
    last = max(1, round(ramp * trainer.batches * trainer.settings.epochs))
    growth, batch = np.zeros(graph.space.n_var), 0

    def before_step(*_: Any) -> None:
        """Update the mask when it is time, and leave what is removed as it is."""
        nonlocal mask, growth, batch
        batch += 1
        if batch <= last:
            growth += scale_gradients(network, graph)
            if batch % interval == 0 or batch == last:
                done = batch / last
                allowed = cubic(done, end=target)
                swapped = regrown * cosine(done)
                mask = updated(task, potentials, growth, allowed=allowed, swapped=swapped)
                potentials.clear()
                growth = np.zeros_like(growth)
        _drop_gradients(network, graph, mask)

    trainer.optimizer.register_step_pre_hook(before_step)
    with (
        watched_potentials(network.network, graph) as potentials,
        gated(network.network, graph, lambda: as_gates(mask, network), straight_through=True),
    ):
        task.train(trainer)
    trained = with_weights_of(base, network)
    slim = base.around(slim_network(trained.network, graph, mask)).eval()
    tuning = task.tuning
    tuned = task.finetuned(slim, epochs=tuning.finishing)
    return Pruned(target, tuned, mask, epochs=tuning.forming + tuning.finishing)


def updated(
    task: Task, potentials: Potentials, growth: FloatArray, *, allowed: float, swapped: float
) -> BoolArray:
    """Choose the filters that stay or come back.

    Parameters
    ----------
    potentials : Potentials
    growth : float64 [n_var]
        Gradient magnitudes of the batch-norm scales.
    allowed : float
        Cost of the mask at most.
    swapped : float
        Share of the filters kept by potential that make place for those of the largest gradient.

    Returns
    -------
    bool [n_var]
    """
    importance = potentials.mean().numpy()
    kept = best_at_cost(task.problem, importance, allowed)
    order = np.flatnonzero(kept)[np.argsort(-importance[kept], kind="stable")]
    strongest = order[: len(order) - int(swapped * len(order))]
    # Whoever stays outranks whoever may come back.
    scores = growth / max(growth.max(), np.finfo(float).tiny)
    scores[strongest] = 2 + importance[strongest]
    return best_at_cost(task.problem, scores, allowed)


def scale_gradients(network: DirectCoding, graph: PruningGraph) -> FloatArray:
    """Return the gradient magnitude of every filter's batch-norm scale, float64 [n_var].

    A filter without one counts with the gradient of a factor on its convolution's output, which is what a
    scale is.
    """
    return np.concatenate([_of_layer(network, item) for item in graph.layers])


def _of_layer(network: DirectCoding, item: PrunableLayer) -> FloatArray:
    total = np.zeros(item.size)
    scales = [network.network.get_submodule(name).weight for name in item.norms]
    for scale in scales:
        if scale is not None and scale.grad is not None:
            total += _numpy(scale.grad.abs())  # type: ignore[operator]
    if any(scale is not None for scale in scales):
        return total
    for parameter in network.network.get_submodule(item.name).parameters():
        if parameter.grad is not None:
            total += _numpy(
                (parameter * parameter.grad).flatten(1).sum(1)
                if parameter.ndim > 1
                else parameter * parameter.grad
            )
    return np.abs(total)


def _numpy(tensor: torch.Tensor) -> FloatArray:
    array: FloatArray = tensor.detach().cpu().numpy().astype(float)
    return array


def _drop_gradients(network: DirectCoding, graph: PruningGraph, mask: BoolArray) -> None:
    import torch

    for item, part in zip(graph.layers, graph.space.split(mask), strict=True):
        for name in (item.name, *item.norms):
            for key in ("weight", "bias"):
                parameter = getattr(network.network.get_submodule(name), key, None)
                if parameter is not None and parameter.grad is not None:
                    parameter.grad[torch.from_numpy(~part).to(parameter.device)] = 0.0
