"""Single connections: how many each layer gets, and their death and growth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from ccsrp.snn.channels import is_weight_layer

__all__ = ["Connections", "layer_counts", "reset", "weights_of"]


def weights_of(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights of all convolutions and linear layers by the names of their layers."""
    return {name: module.weight for name, module in network.named_modules() if is_weight_layer(module)}


def layer_counts(weights: Sequence[torch.Tensor], budget: int) -> list[int]:
    """Divide connections over layers with Erdős-Rényi densities.

    The density of a layer is proportional to the sum of its weight's sides over their product, kernel
    sides included (Mocanu et al., arXiv 1707.04780; Evci et al., arXiv 1911.11134), and at most 1.

    Parameters
    ----------
    weights : sequence of tensors
        Of shape [outputs, inputs, ...].
    budget : int
        Connections in all, at least one a layer.

    Returns
    -------
    list of int
        One number a layer, at least 1 each, ``budget`` in all or every weight there is.
    """
    sizes = np.array([weight.numel() for weight in weights])
    sides = np.array([sum(weight.shape) for weight in weights], dtype=float)
    budget = min(budget, int(sizes.sum()))
    full = np.zeros(len(sizes), dtype=bool)
    while True:
        # A density of sides / size makes a count of sides, so counts are shares of the sum of sides.
        wanted = np.where(full, sizes, 0.0)
        if not full.all():
            wanted[~full] = sides[~full] * (budget - sizes[full].sum()) / sides[~full].sum()
        over = ~full & (wanted > sizes)
        if not over.any():
            break
        full |= over
    counts = np.clip(np.floor(wanted + 1e-9).astype(int), 1, sizes)
    # What rounding left goes to the largest remainders; what the ones above took comes off the largest.
    by_remainder = np.argsort(-(wanted - counts), kind="stable")
    while counts.sum() < budget:
        for index in by_remainder:
            if counts.sum() < budget and counts[index] < sizes[index]:
                counts[index] += 1
    while counts.sum() > budget:
        counts[int(np.argmax(counts))] -= 1
    return [int(count) for count in counts]


def reset(network: nn.Module, *, seed: int) -> None:
    """Draw all weights anew, in place, as their layers do; torch's global random state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in network.modules():
            again: Callable[[], None] | None = getattr(module, "reset_parameters", None)
            if again is not None:
                again()


class Connections:
    """The connections of a network in training; all other weights are exact zeros.

    Parameters
    ----------
    weights : mapping of str to nn.Parameter
        Changed in place: what is no connection is set to zero.
    counts : sequence of int
        Connections of each layer.
    at_random : torch.Generator, optional
        Draws the places; by default the largest weights stay.
    """

    def __init__(
        self,
        weights: Mapping[str, nn.Parameter],
        counts: Sequence[int],
        *,
        at_random: torch.Generator | None = None,
    ) -> None:
        self._weights = dict(weights)
        self.alive: dict[str, torch.Tensor] = {}
        for (name, weight), count in zip(weights.items(), counts, strict=True):
            scores = weight.detach().abs() if at_random is None else _random_like(weight, at_random)
            self.alive[name] = _largest(scores, count)
        self.mask_weights()

    def evolve(self, share: float, *, at_random: torch.Generator | None = None) -> None:
        """Drop the weakest of every layer's connections and grow as many.

        What was just dropped may grow again, with the weight it had; others grow from zero, as in RigL.

        Parameters
        ----------
        share : float
            Share of the connections that goes, in [0, 1).
        at_random : torch.Generator, optional
            Draws the places that grow; by default they are those of the largest gradients.
        """
        for name, weight in self._weights.items():
            alive = self.alive[name]
            count = int(alive.sum())
            staying = count - int(share * count)
            kept = _largest(weight.detach().abs().masked_fill(~alive, -1.0), staying)
            if at_random is not None:
                gains = _random_like(weight, at_random)
            else:
                gains = torch.zeros_like(weight) if weight.grad is None else weight.grad.abs()
            self.alive[name] = kept | _largest(gains.masked_fill(kept, -1.0), count - staying)

    def mask_gradients(self) -> None:
        """Keep the optimiser from moving what is no connection."""
        for name, weight in self._weights.items():
            if weight.grad is not None:
                weight.grad.mul_(self.alive[name])

    @torch.no_grad()
    def mask_weights(self) -> None:
        """Set what is no connection to zero: momentum moves it even without a gradient."""
        for name, weight in self._weights.items():
            weight.mul_(self.alive[name])


def _largest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Mark the ``count`` largest scores: bool of the shape of ``scores``."""
    marked = torch.zeros(scores.numel(), dtype=torch.bool, device=scores.device)
    marked[scores.flatten().topk(count, sorted=False).indices] = True
    return marked.view(scores.shape)


def _random_like(weight: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw uniform numbers in [0, 1) on the CPU, the same on every device."""
    return torch.rand(weight.shape, generator=generator).to(weight.device)
