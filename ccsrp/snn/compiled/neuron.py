"""Integrate-and-fire neurons over all time steps, and their surrogate gradient.

The equations are those of ``ccsrp.snn.lif``, with the division by tau made a multiplication.
"""

from __future__ import annotations

import math

import numpy as np

from ccsrp.snn.compiled.lanes import LANES, broadcast, exponential, load, select_at_least, store
from ccsrp.snn.compiled.table import Surrogate
from ccsrp.snn.kernels import inner

__all__ = ["fire", "fire_back"]

_SIGMOID = int(Surrogate.SIGMOID)


@inner
def fire(memory, op):
    """Charge, fire and reset; keep the charged potentials for the gradient.

    An input of one time step is the same current at all. Potentials may lie where the input lies.
    """
    size = op.rows * op.columns * op.width
    one, zero = broadcast(np.float32(1)), broadcast(np.float32(0))
    decay, threshold, reset = broadcast(op.decay), broadcast(op.threshold), broadcast(op.reset)
    input_step = size if op.steps == op.out_steps else 0
    # Time outside, neurons inside: neighbours do not wait for each other as one neuron's steps would.
    for t in range(op.out_steps):
        for lane in range(0, size, LANES):
            v = reset
            if t > 0:
                before = load(memory, op.charged + (t - 1) * size + lane)
                v = select_at_least(before, threshold, before - threshold if op.soft else reset, before)
            x = load(memory, op.x + t * input_step + lane)
            # The order of operations is SpikingJelly's, so that rounding differs as little as can be.
            h = v + (x - (v - reset)) * decay if op.decay_input else v - (v - reset) * decay + x
            store(memory, op.charged + t * size + lane, h)
            store(memory, op.y + t * size + lane, select_at_least(h, threshold, one, zero))


@inner
def fire_back(memory, op, surrogate, alpha):
    """Send the gradient back through time."""
    size = op.rows * op.columns * op.width
    one, zero = broadcast(np.float32(1)), broadcast(np.float32(0))
    threshold, reset = broadcast(op.threshold), broadcast(op.reset)
    kept = broadcast(np.float32(1) - op.decay)
    share = broadcast(op.decay if op.decay_input else np.float32(1))
    half, slant = broadcast(np.float32(alpha / 2)), broadcast(np.float32(math.pi / 2 * alpha))
    steepness = broadcast(np.float32(alpha))
    constant_input = op.steps != op.out_steps
    for lane in range(0, size, LANES):
        carry, summed = zero, zero
        for t in range(op.out_steps - 1, -1, -1):
            h = load(memory, op.charged + t * size + lane)
            above = h - threshold
            if surrogate == _SIGMOID:
                fired = one / (one + exponential(zero - steepness * above))
                slope = steepness * fired * (one - fired)
            else:
                z = above * slant
                slope = half / (one + z * z)
            if op.soft:
                through = one if op.detach else one - threshold * slope
            else:
                through = select_at_least(h, threshold, zero, one)
                if not op.detach:
                    through = through + (reset - h) * slope
            gh = load(memory, op.grad_y + t * size + lane) * slope + carry * through
            carry = gh * kept
            if constant_input:
                summed = summed + gh * share
            elif op.add_x:
                at = op.grad_x + t * size + lane
                store(memory, at, load(memory, at) + gh * share)
            else:
                store(memory, op.grad_x + t * size + lane, gh * share)
        if constant_input:
            if op.add_x:
                summed = summed + load(memory, op.grad_x + lane)
            store(memory, op.grad_x + lane, summed)
