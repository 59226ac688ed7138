"""Integrate-and-fire neurons over all time steps, and their surrogate gradient.

The equations are those of ``ccsrp.snn.lif``, with the division by tau made a multiplication.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ccsrp.snn.compiled.lanes import (
    LANES,
    broadcast,
    exponential,
    largest,
    load,
    reaching,
    select_at_least,
    store,
)
from ccsrp.snn.compiled.table import Surrogate
from ccsrp.snn.kernels import inner

__all__ = ["fire", "fire_back", "rate_back"]

_SIGMOID, _QUADRATIC, _EXP, _RECT, _STRAIGHT = (
    int(kind)
    for kind in (
        Surrogate.SIGMOID,
        Surrogate.PIECEWISE_QUADRATIC,
        Surrogate.PIECEWISE_EXP,
        Surrogate.RECT,
        Surrogate.STRAIGHT_THROUGH,
    )
)


# Time steps that have code without a loop.
UNROLLED = 4


def _firing(*, bits: bool, floats: bool, steps: int = 0) -> Any:
    """Make the forward pass that writes spikes in one form, or in both, over so many time steps, or any."""
    fixed = steps

    @inner
    def run(memory, op, spikes):
        size, steps, words = op.rows * op.columns * op.width, fixed or op.out_steps, (op.out_steps + 3) >> 2
        one, zero = broadcast(np.float32(1)), broadcast(np.float32(0))
        decay, threshold, reset = broadcast(op.decay), broadcast(op.threshold), broadcast(op.reset)
        soft, decay_input, x, y, charged = op.soft, op.decay_input, op.x, op.y, op.charged
        input_step, word = size if op.steps == op.out_steps else 0, op.y_spikes
        for lane in range(0, size, LANES):
            v, fired = reset, np.int64(0)
            for t in range(steps):
                now = load(memory, x + t * input_step + lane)
                # The order of operations is SpikingJelly's, so that rounding differs as little as can be.
                h = v + (now - (v - reset)) * decay if decay_input else v - (v - reset) * decay + now
                store(memory, charged + t * size + lane, h)
                if bits:
                    fired |= reaching(h, threshold) << ((t & 3) * LANES)
                    if t & 3 == 3 or t == steps - 1:
                        spikes[word + (t >> 2)] = fired
                        fired = np.int64(0)
                if floats:
                    store(memory, y + t * size + lane, select_at_least(h, threshold, one, zero))
                v = select_at_least(h, threshold, h - threshold if soft else reset, h)
            word += words

    return run


_fire_four = _firing(bits=True, floats=False, steps=UNROLLED)
_fire_bits, _fire_floats = _firing(bits=True, floats=False), _firing(bits=False, floats=True)
_fire_both = _firing(bits=True, floats=True)


@inner
def fire(memory, op, spikes):
    """Charge, fire and reset; keep the charged potentials for the gradient.

    An input of one time step is the same current at all. Potentials may lie where the input lies.
    """
    if op.y_spikes < 0:
        _fire_floats(memory, op, spikes)
    elif op.y < 0 and op.out_steps == UNROLLED:
        _fire_four(memory, op, spikes)
    elif op.y < 0:
        _fire_bits(memory, op, spikes)
    else:
        _fire_both(memory, op, spikes)


# The derivatives of SpikingJelly's surrogates (activation_based/surrogate.py), by their names there, at
# potentials ``above`` threshold.


@inner
def _atan(above, alpha):
    z = above * broadcast(np.float32(math.pi / 2 * alpha))
    return broadcast(np.float32(alpha / 2)) / (broadcast(np.float32(1)) + z * z)


@inner
def _sigmoid(above, alpha):
    one, steepness = broadcast(np.float32(1)), broadcast(alpha)
    fired = one / (one + exponential(broadcast(np.float32(0)) - steepness * above))
    return steepness * fired * (one - fired)


@inner
def _distance(above):
    return largest(above, broadcast(np.float32(0)) - above)


@inner
def _piecewise_quadratic(above, alpha):
    distance, reach = _distance(above), broadcast(np.float32(1 / alpha))
    ramp = broadcast(alpha) - broadcast(np.float32(alpha * alpha)) * distance
    return select_at_least(reach, distance, ramp, broadcast(np.float32(0)))


@inner
def _piecewise_exp(above, alpha):
    fall = exponential(broadcast(-alpha) * _distance(above))
    return broadcast(np.float32(alpha / 2)) * fall


@inner
def _rect(above, alpha):
    # The edge itself is outside, as in SpikingJelly.
    edge = broadcast(np.float32(0.5 / alpha))
    return select_at_least(_distance(above), edge, broadcast(np.float32(0)), broadcast(alpha))


@inner
def _straight_through(above, alpha):  # noqa: ARG001  (the signature of all of them)
    return broadcast(np.float32(1))


def _backwards(slope_at: Callable[..., Any]) -> Any:
    """Make the backward pass of one surrogate: a choice in the innermost loop would slow all of them."""

    @inner
    def back(memory, op, alpha):
        places = op.rows * op.columns
        one, zero = broadcast(np.float32(1)), broadcast(np.float32(0))
        threshold, reset = broadcast(op.threshold), broadcast(op.reset)
        kept = broadcast(np.float32(1) - op.decay)
        share = broadcast(op.decay if op.decay_input else np.float32(1))
        constant_input = op.steps != op.out_steps
        size, given_size = places * op.width, places * op.out_width
        for place in range(places):
            for group in range(0, op.width, LANES):
                lane, gy = place * op.width + group, op.grad_y + place * op.out_width + group
                carry, summed = zero, zero
                for t in range(op.out_steps - 1, -1, -1):
                    h = load(memory, op.charged + t * size + lane)
                    slope = slope_at(h - threshold, alpha)
                    if op.soft:
                        through = one if op.detach else one - threshold * slope
                    else:
                        through = select_at_least(h, threshold, zero, one)
                        if not op.detach:
                            through = through + (reset - h) * slope
                    gh = load(memory, gy + t * given_size) * slope + carry * through
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

    return back


_back_atan, _back_sigmoid, _back_quadratic, _back_exp, _back_rect, _back_straight = (
    _backwards(slope)
    for slope in (_atan, _sigmoid, _piecewise_quadratic, _piecewise_exp, _rect, _straight_through)
)


@inner
def fire_back(memory, op, surrogate, alpha):
    """Send the gradient back through time."""
    if surrogate == _SIGMOID:
        _back_sigmoid(memory, op, alpha)
    elif surrogate == _QUADRATIC:
        _back_quadratic(memory, op, alpha)
    elif surrogate == _EXP:
        _back_exp(memory, op, alpha)
    elif surrogate == _RECT:
        _back_rect(memory, op, alpha)
    elif surrogate == _STRAIGHT:
        _back_straight(memory, op, alpha)
    else:
        _back_atan(memory, op, alpha)


@inner
def _slope(above, surrogate, alpha):
    if surrogate == _SIGMOID:
        found = _sigmoid(above, alpha)
    elif surrogate == _QUADRATIC:
        found = _piecewise_quadratic(above, alpha)
    elif surrogate == _EXP:
        found = _piecewise_exp(above, alpha)
    elif surrogate == _RECT:
        found = _rect(above, alpha)
    elif surrogate == _STRAIGHT:
        found = _straight_through(above, alpha)
    else:
        found = _atan(above, alpha)
    return found


@inner
def rate_back(memory, op):
    """Send the gradient back as though neurons passed on their rates: see ``ccsrp.attack.rate``.

    The currents are worked out from the potentials, which may lie where the currents lay.
    """
    places = op.rows * op.columns
    size, given_size = places * op.width, places * op.out_width
    zero, threshold, reset = broadcast(np.float32(0)), broadcast(op.threshold), broadcast(op.reset)
    decay, inverse = broadcast(op.decay), broadcast(np.float32(1) / op.decay)
    # The potential that a constant current leads to; an IF neuron (no decay) has none and takes the current.
    gain = np.float32(1) if op.decay_input or op.decay == 0 else np.float32(1) / op.decay
    each = broadcast(np.float32(1) / np.float32(op.out_steps))
    constant_input = op.steps != op.out_steps
    for lane in range(0, size, LANES):
        gy = op.grad_y + lane // op.width * op.out_width + lane % op.width
        current, gradient, v = zero, zero, reset
        for t in range(op.out_steps):
            h = load(memory, op.charged + t * size + lane)
            above = v - reset
            current = current + ((h - v) * inverse + above if op.decay_input else h - v + above * decay)
            gradient = gradient + load(memory, gy + t * given_size)
            v = select_at_least(h, threshold, h - threshold if op.soft else reset, h)
        resting = reset + broadcast(gain) * (current * each)
        slope = _slope(resting - threshold, op.surrogate, op.alpha)
        gradient = gradient * slope * broadcast(gain)
        if not constant_input:
            gradient = gradient * each
        for t in range(1 if constant_input else op.out_steps):
            at = op.grad_x + t * size + lane
            store(memory, at, load(memory, at) + gradient if op.add_x else gradient)
