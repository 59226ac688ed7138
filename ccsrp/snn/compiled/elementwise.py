"""Operations on whole values: sums, products, factors and shifts of channels, repetition over time."""

from __future__ import annotations

import numpy as np

from ccsrp.snn.compiled.lanes import LANES, broadcast, load, store
from ccsrp.snn.compiled.table import Kind
from ccsrp.snn.kernels import inner

__all__ = ["combine", "combine_back", "zero"]

_NORMALISE, _REPEAT, _ADD, _MULTIPLY = (
    int(kind) for kind in (Kind.NORMALISE, Kind.REPEAT, Kind.ADD, Kind.MULTIPLY)
)


@inner
def combine(memory, op, weights):
    """Run a NORMALISE, REPEAT, ADD, MULTIPLY or SCALE forwards."""
    size = op.steps * op.rows * op.columns * op.width
    factor, offset = broadcast(op.factor), broadcast(op.offset)
    for lane in range(0, size, LANES):
        x = load(memory, op.x + lane)
        if op.kind == _NORMALISE:
            channel = op.bias + lane % op.width
            y = x * load(weights, channel) + load(weights, channel + op.width)
        elif op.kind == _ADD:
            y = x + load(memory, op.x2 + lane)
        elif op.kind == _MULTIPLY:
            y = x * load(memory, op.x2 + lane)
        elif op.kind == _REPEAT:
            y = x
            for t in range(1, op.out_steps):
                store(memory, op.y + t * size + lane, x)
        else:
            y = x * factor + offset
        store(memory, op.y + lane, y)


@inner
def combine_back(memory, op, weights):
    """Run one of them backwards."""
    size = op.steps * op.rows * op.columns * op.width
    factor = broadcast(op.factor)
    for lane in range(0, size, LANES):
        gy = load(memory, op.grad_y + lane)
        gx = gy
        if op.kind == _NORMALISE:
            gx = gy * load(weights, op.bias + lane % op.width)
        elif op.kind == _MULTIPLY:
            gx = gy * load(memory, op.x2 + lane)
        elif op.kind == _REPEAT:
            for t in range(1, op.out_steps):
                gx = gx + load(memory, op.grad_y + t * size + lane)
        elif op.kind != _ADD:
            gx = gy * factor
        _send(memory, op.grad_x + lane, gx, op.add_x)
        if op.kind == _MULTIPLY:
            _send(memory, op.grad_x2 + lane, gy * load(memory, op.x + lane), op.add_x2)
        elif op.kind == _ADD:
            _send(memory, op.grad_x2 + lane, gy, op.add_x2)


@inner
def _send(memory, at, gradient, add):
    if add:
        gradient = gradient + load(memory, at)
    store(memory, at, gradient)


@inner
def zero(memory, at, size):
    """Set a value to zero."""
    for lane in range(0, size, LANES):
        store(memory, at + lane, broadcast(np.float32(0)))
