"""Connections that die and grow in training: ESL-SNNs (Shen et al., AAAI 2023, arXiv 2306.03693)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ccsrp.errors import OptionError
from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.schedules import cosine

if TYPE_CHECKING:
    from torch import nn

__all__ = ["prune"]


def prune(
    task: Task,
    targets: Sequence[float],
    *,
    start: Literal["base", "scratch"] = "base",
    growth: Literal["gradient", "random"] = "gradient",
    fraction: float = 0.3,
    interval: int = 20,
) -> Iterator[Pruned]:
    """Train with a fixed number of connections, of which the weakest make place for new ones.

    Its cost is that of *parameters*, whatever the problem's: a target is the largest share of nonzero
    weights, batch norms and biases included, of all parameters. The networks keep the dense shapes, with
    exact zeros, so their FLOPs fall only on hardware that skips zeros; their ``mask`` is None.

    Connections of convolutions and linear layers are as many as Erdős-Rényi densities give each layer.
    They are trained under attack for ``task.tuning.epochs``, as long as other methods that find the
    form by training; they evolve in the first half, and stay in the second. Every target is a training of
    its own.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    start : {"base", "scratch"}
        The largest weights of the trained base; or, as in the paper, fresh weights at random places.
        Parameters that cannot be drawn anew (leaks of neurons) are always the base's.
    growth : {"gradient", "random"}
        Grow where the loss's gradient is largest (RigL, Evci et al., arXiv 1911.11134), or anywhere (SET).
        The paper has both.
    fraction : float
        Share of a layer's connections that goes in the first update, in [0, 1); falls to 0 as a cosine.
        Not published; our choice is RigL's.
    interval : int
        Batches between two updates. Not published; RigL's is 100, ours is 20, because the trainings here
        last hundreds of batches, not tens of thousands.

    Raises
    ------
    OptionError
    """
    from ccsrp.methods.connections import layer_counts, weights_of

    check_targets(targets)
    if start not in ("base", "scratch") or growth not in ("gradient", "random"):
        raise OptionError(
            f'esl starts from "base" or "scratch" and grows by "gradient" or "random", '
            f"got {start!r} and {growth!r}"
        )
    if not 0 <= fraction < 1 or interval < 1:
        raise OptionError(f"esl takes fraction in [0, 1) and interval >= 1, got {fraction} and {interval}")
    base = task.problem.base_network()
    for target in targets:  # refused before anything is trained
        layer_counts(list(weights_of(base).values()), _budget(base, target))
    for target in targets:
        yield _prune(task, target, start, growth, fraction, interval)


def _budget(network: nn.Module, target: float) -> int:
    """Return how many weights the target leaves, once all other parameters are paid for.

    Raises
    ------
    OptionError
        Fewer than one in every layer.
    """
    from ccsrp.methods.connections import weights_of

    weights = weights_of(network).values()
    total = sum(parameter.numel() for parameter in network.parameters())
    others = total - sum(weight.numel() for weight in weights)
    budget = math.floor(target * total) - others
    if budget < len(weights):
        least = (others + len(weights)) / total
        raise OptionError(
            f"cost target {target} cannot be reached: one weight in every layer, batch norms and biases "
            f"are {least:.4f} of the parameters already"
        )
    return budget


def _prune(task: Task, target: float, start: str, growth: str, fraction: float, interval: int) -> Pruned:
    import torch

    from ccsrp.methods.connections import Connections, layer_counts, reset, weights_of
    from ccsrp.snn.tuning import own_copy, with_weights_of

    base = task.problem.base_network()
    network = own_copy(base)
    epochs = task.tuning.forming + task.tuning.finishing
    draws = torch.Generator().manual_seed(task.seed)
    if start == "scratch":
        reset(network, seed=task.seed)
    weights = weights_of(network)
    connections = Connections(
        weights,
        layer_counts(list(weights.values()), _budget(network, target)),
        at_random=draws if start == "scratch" else None,
    )
    trainer = task.trainer(network, epochs=epochs)
    evolving, batch = trainer.batches * task.tuning.forming, 0

    def before_step(*_: Any) -> None:
        nonlocal batch
        batch += 1
        if batch <= evolving and batch % interval == 0:
            share = fraction * cosine(batch / evolving)
            connections.evolve(share, at_random=draws if growth == "random" else None)
        connections.mask_gradients()

    trainer.optimizer.register_step_pre_hook(before_step)
    trainer.optimizer.register_step_post_hook(lambda *_: connections.mask_weights())
    task.train(trainer)
    return Pruned(target, with_weights_of(base, network), None, epochs=epochs)
