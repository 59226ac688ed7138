"""Fused integrate-and-fire kernels for the CPU: all time steps in one pass over memory.

SpikingJelly's CPU path makes a dozen passes over every activation and each time step; these kernels make
one forward and one backward, with the same operations in the same order. Spikes are the same to the last
bit; so are gradients where the surrogate is ATan and the reset is detached, as in all networks that ship.
Other surrogates are differentiated by SpikingJelly itself, and equal up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numba
import numpy as np
import torch
from spikingjelly.activation_based import neuron, surrogate
from torch import nn

from ccsrp.snn.kernels import kernel

__all__ = ["FusedNeuron", "fuse_neurons"]

# Elements that one thread takes at a time: the state of a block stays in the first-level cache.
BLOCK = 4096


class FusedNeuron(nn.Module):
    """A layer of LIF or IF neurons that starts from rest at every call.

    Parameters
    ----------
    node : LIFNode or IFNode
        SpikingJelly's neuron whose behaviour this one has, surrogate included.

    Attributes
    ----------
    on_charged : callable, optional
        Shown the potentials of every forward pass, float32 [T, ...], before the neurons fire.
    """

    def __init__(self, node: neuron.LIFNode | neuron.IFNode) -> None:
        super().__init__()
        self.surrogate_function = node.surrogate_function
        self.v_threshold: float = node.v_threshold
        self.v_reset: float | None = node.v_reset
        self.detach_reset: bool = node.detach_reset
        # An IF neuron keeps all of its charge, which LIF's equations give for an infinite tau.
        self.tau: float = getattr(node, "tau", math.inf)
        self.decay_input: bool = getattr(node, "decay_input", False)
        self.on_charged: Callable[[torch.Tensor], None] | None = None

    def forward(self, x_seq: torch.Tensor) -> torch.Tensor:
        """Map input currents, float32 [T, ...], to spikes of the same shape."""
        spikes: torch.Tensor = _Fire.apply(x_seq, self)
        return spikes

    @property
    def dynamics(self) -> tuple[np.float32, bool, np.float32, bool, np.float32]:
        """What the kernels take: tau, decay of the input, threshold, soft reset or not, reset value."""
        reset = np.float32(self.v_reset or 0.0)
        return (
            np.float32(self.tau),
            self.decay_input,
            np.float32(self.v_threshold),
            self.v_reset is None,
            reset,
        )

    def extra_repr(self) -> str:
        """Describe the neuron as SpikingJelly does."""
        return f"tau={self.tau}, v_threshold={self.v_threshold}, v_reset={self.v_reset}"


def fuse_neurons(network: nn.Module, names: Iterable[str]) -> nn.Module:
    """Replace neurons of ``network``, in place, by fused ones where that changes nothing but speed.

    Plain LIF and IF neurons in multi-step mode on the CPU are replaced; all others stay as they are.
    Parameters and buffers, and so the state dict, are untouched.

    Parameters
    ----------
    network : nn.Module
    names : iterable of str
        Neurons that see one whole sequence in a forward pass: ``PruningGraph.called_once``. One that is
        called twice carries its state along, which a fused one does not.
    """
    on_cpu = all(p.device.type == "cpu" and p.dtype == torch.float32 for p in network.parameters())
    for name in names if on_cpu else ():
        node = network.get_submodule(name)
        if _can_fuse(node):
            parent, _, child = name.rpartition(".")
            setattr(network.get_submodule(parent), child, FusedNeuron(node))
    return network


def _can_fuse(module: nn.Module) -> bool:
    return (
        type(module) in (neuron.LIFNode, neuron.IFNode)
        and module.step_mode == "m"
        and not module.store_v_seq
        and getattr(module, "_neuron_precision", None) is None
        and isinstance(module.surrogate_function, surrogate.SurrogateFunctionBase)
        and getattr(module.surrogate_function, "spiking", False)
    )


class _Fire(torch.autograd.Function):
    """Charge, fire and reset for all time steps."""

    @staticmethod
    def forward(ctx: Any, x_seq: torch.Tensor, node: FusedNeuron) -> torch.Tensor:
        x_seq = x_seq.contiguous()
        charged, spikes = torch.empty_like(x_seq), torch.empty_like(x_seq)
        _charge_and_fire(_steps(x_seq), _steps(charged), _steps(spikes), *node.dynamics)
        if node.on_charged is not None:
            node.on_charged(charged)
        ctx.save_for_backward(charged)
        # The attacker may have swapped the surrogate: the one in force now is the one that counts.
        ctx.node, ctx.surrogate = node, node.surrogate_function
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (charged,) = ctx.saved_tensors
        node, function = ctx.node, ctx.surrogate
        currents = torch.empty_like(charged)
        is_atan = type(function) is surrogate.ATan
        slopes = charged if is_atan else _slopes(function, charged - node.v_threshold)
        half, scale = (function.alpha / 2, math.pi / 2 * function.alpha) if is_atan else (0.0, 0.0)
        atan = (is_atan, np.float32(half), np.float32(scale))
        buffers = (_steps(gradients[0].contiguous()), _steps(charged), _steps(slopes), _steps(currents))
        _back(*buffers, node.detach_reset, *atan, *node.dynamics)
        return currents, None


def _slopes(function: nn.Module, above: torch.Tensor) -> torch.Tensor:
    """Differentiate a surrogate at ``above``, whatever it is."""
    with torch.enable_grad():
        above = above.detach().requires_grad_(True)
        fired = function(above)
    (slopes,) = torch.autograd.grad(fired, above, torch.ones_like(fired))
    return slopes.contiguous()


def _steps(tensor: torch.Tensor) -> Any:
    """View a contiguous tensor as numpy float32 [T, M]."""
    return tensor.detach().view(tensor.shape[0], -1).numpy()


@kernel(parallel=True)
def _charge_and_fire(x, charged, spikes, tau, decay_input, threshold, soft, reset):
    steps, size = x.shape
    one, zero = np.float32(1), np.float32(0)
    for block in numba.prange((size + BLOCK - 1) // BLOCK):
        first = block * BLOCK
        count = min(BLOCK, size - first)
        v = np.full(BLOCK, zero if soft else reset, dtype=np.float32)
        for t in range(steps):
            for i in range(count):
                if decay_input:
                    h = v[i] + (x[t, first + i] - (v[i] - reset)) / tau
                else:
                    h = v[i] - (v[i] - reset) / tau + x[t, first + i]
                spike = one if h >= threshold else zero
                charged[t, first + i] = h
                spikes[t, first + i] = spike
                v[i] = h - spike * threshold if soft else spike * reset + (one - spike) * h


@kernel(parallel=True)
def _back(
    gradients,
    charged,
    slopes,
    currents,
    detach,
    is_atan,
    half,
    scale,
    tau,
    decay_input,
    threshold,
    soft,
    reset,
):
    steps, size = charged.shape
    one, zero = np.float32(1), np.float32(0)
    for block in numba.prange((size + BLOCK - 1) // BLOCK):
        first = block * BLOCK
        count = min(BLOCK, size - first)
        carry = np.zeros(BLOCK, dtype=np.float32)
        for t in range(steps - 1, -1, -1):
            for i in range(count):
                h = charged[t, first + i]
                if is_atan:
                    z = (h - threshold) * scale
                    slope = (one / (one + z * z)) * half  # as torch divides a number by a tensor
                else:
                    slope = slopes[t, first + i]
                if soft:
                    through = one if detach else one - threshold * slope
                else:
                    through = one - (one if h >= threshold else zero)
                    if not detach:
                        through = through + (reset - h) * slope
                gh = gradients[t, first + i] * slope + carry[i] * through
                currents[t, first + i] = gh / tau if decay_input else gh
                carry[i] = gh - gh / tau
