"""Gates on filters: a network trained as if filters were gone, while they can still come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ccsrp.snn.graph import PruningGraph
from ccsrp.snn.lif import FusedNeuron
from ccsrp.space import BoolArray

__all__ = ["Potentials", "as_gates", "channel_axis", "gated", "watched_potentials"]


def channel_axis(neuron: nn.Module) -> int:
    """Tell which axis of a neuron's input holds channels: [T, B, C, ...], or [B, C, ...] in containers."""
    return 1 if getattr(neuron, "step_mode", "m") == "s" else 2


@contextmanager
def gated(
    network: nn.Module,
    graph: PruningGraph,
    gates: Callable[[], torch.Tensor],
    *,
    straight_through: bool = False,
) -> Iterator[None]:
    """Multiply the spikes of every prunable filter by its gate inside the ``with`` block.

    A gate of 0 gives what removing the filter gives (``ccsrp.snn.slim``); 1 changes nothing.

    Parameters
    ----------
    network : nn.Module
        From ``[T, B, C, H, W]`` to ``[T, B, classes]``; its neurons may be fused.
    graph : PruningGraph
        ``trace_filters(network)``, from before neurons were fused.
    gates : callable
        Returns float32 [n_var], asked anew at every forward pass; gradients reach it.
    straight_through : bool
        Let gradients pass closed gates in train mode, so that a removed filter still learns what its
        return would be worth. In eval mode, where attacks run, they never do.
    """

    def gate_of(part: slice, axis: int) -> Callable[[nn.Module, Any, torch.Tensor], torch.Tensor]:
        def hook(neuron: nn.Module, _: Any, spikes: torch.Tensor) -> torch.Tensor:
            gate = gates()[part]
            # After a flattening, every channel owns as many features as it had places.
            gate = gate.repeat_interleave(spikes.shape[axis] // len(gate))
            left = spikes * gate.view([-1] + [1] * (spikes.ndim - axis - 1))
            return spikes + (left - spikes).detach() if straight_through and neuron.training else left

        return hook

    handles = []
    try:
        for item, part in zip(graph.layers, graph.space.slices, strict=True):
            for name in item.neurons:
                neuron = network.get_submodule(name)
                handles.append(neuron.register_forward_hook(gate_of(part, channel_axis(neuron))))
        yield
    finally:
        for handle in handles:
            handle.remove()


def as_gates(mask: BoolArray, like: nn.Module) -> torch.Tensor:
    """Turn a mask, bool [n_var], into gates of 0 and 1 on the device of a network: float32 [n_var]."""
    return torch.from_numpy(mask).to(next(like.parameters()).device, torch.float32)


class Potentials:
    """Mean absolute membrane potential of every prunable filter over the passes that were watched.

    Parameters
    ----------
    sizes : sequence of int
        Filters of each layer.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sums = [torch.zeros(size, dtype=torch.float64) for size in sizes]
        self._counts = [0] * len(sizes)

    def add(self, layer: int, potentials: torch.Tensor, axis: int) -> None:
        """Take in potentials, float32 [..., C, ...] with the layer's channels on ``axis``."""
        size = len(self._sums[layer])
        by_channel = potentials.detach().abs().transpose(0, axis).reshape(size, -1)
        self._sums[layer] += by_channel.sum(1).double().cpu()
        self._counts[layer] += by_channel.shape[1]

    def mean(self) -> torch.Tensor:
        """Return the means since the last call of ``clear``, float64 [n_var]."""
        return torch.cat([s / max(1, n) for s, n in zip(self._sums, self._counts, strict=True)])

    def clear(self) -> None:
        """Forget what was seen."""
        for index, total in enumerate(self._sums):
            total.zero_()
            self._counts[index] = 0


@contextmanager
def watched_potentials(network: nn.Module, graph: PruningGraph) -> Iterator[Potentials]:
    """Collect the potentials of prunable filters, before they fire, in all passes in train mode.

    Neurons that cannot be fused are read from what SpikingJelly stores, after the reset: under a soft
    reset that is exact once the threshold is added, under a hard one a spike counts as the threshold.

    Parameters
    ----------
    network, graph
        As ``gated`` takes them.
    """
    seen = Potentials(graph.space.sizes)
    undo: list[Callable[[], None]] = []
    try:
        for index, item in enumerate(graph.layers):
            for name in item.neurons:
                neuron: Any = network.get_submodule(name)
                undo.append(_watch(seen, index, neuron))
        yield seen
    finally:
        for step in undo:
            step()


def _watch(seen: Potentials, layer: int, neuron: Any) -> Callable[[], None]:
    """Report a neuron's potentials to ``seen`` from now on; returns what ends that."""
    if isinstance(neuron, FusedNeuron):
        neuron.on_charged = lambda charged: seen.add(layer, charged, 2) if neuron.training else None
        return lambda: setattr(neuron, "on_charged", None)

    def hook(module: Any, _: Any, spikes: torch.Tensor) -> None:
        if module.training:
            after = module.v if axis == 1 else module.v_seq
            seen.add(layer, after + spikes * (module.v_threshold - (module.v_reset or 0.0)), axis)

    axis, stored = channel_axis(neuron), neuron.store_v_seq
    # First of all hooks: gates would hide spikes.
    handle = neuron.register_forward_hook(hook, prepend=True)
    neuron.store_v_seq = stored or axis == 2

    def end() -> None:
        handle.remove()
        neuron.store_v_seq = stored

    return end
