"""Gradients of a spiking network as though its neurons passed on firing rates.

After the rate gradient approximation of Bu et al., "Rate Gradient Approximation Attack Threats Deep Spiking
Neural Networks" (CVPR 2023): spikes and logits are those of the network, but its gradient is that of the
firing rates, which are taken to follow from the mean input currents. No gradient passes from one time step
to the next, so none can be lost on the way. The paper derives the rate's slope for each kind of neuron; here
it is each neuron's own surrogate, at the potential that the mean current would keep the neuron at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ccsrp.errors import OptionError

__all__ = ["rate_gradients"]

Fire = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def rate_gradients(neurons: Iterable[nn.Module]) -> Iterator[None]:
    """Let SpikingJelly's neurons, in multi-step mode, be differentiated by their rates inside the block.

    Raises
    ------
    OptionError
        A neuron sees one time step a call, so that it knows of no rate.
    """
    changed = list(dict.fromkeys(neurons))
    if any(getattr(node, "step_mode", "m") != "m" for node in changed):
        raise OptionError("rate gradients need all time steps in one call; set the network to step mode 'm'")
    try:
        for node in changed:
            # An attribute of the instance hides the method of its class.
            node.forward = _by_rate(node, node.forward)
        yield
    finally:
        for node in changed:
            node.__dict__.pop("forward", None)


def _by_rate(
    node: Any, fire: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    def forward(currents: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            spikes = fire(currents)
        rate: torch.Tensor = node.surrogate_function(_resting(node, currents.mean(0)) - node.v_threshold)
        # The value is that of the spikes, to the last bit; the gradient is that of the rate.
        return spikes + (rate - rate.detach())

    return forward


def _resting(node: Any, current: torch.Tensor) -> torch.Tensor:
    """Return the potential that a neuron tends to under a constant current, if it did not fire."""
    tau = 1 / node.w.detach().sigmoid() if hasattr(node, "w") else getattr(node, "tau", math.inf)
    # An IF neuron (tau infinite) tends nowhere, and fires as often as its current holds thresholds.
    gain = 1.0 if getattr(node, "decay_input", True) or math.isinf(tau) else tau
    resting: torch.Tensor = (node.v_reset or 0.0) + gain * current
    return resting
