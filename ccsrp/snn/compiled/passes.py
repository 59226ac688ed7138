"""One operation of a program, forwards and backwards."""

from __future__ import annotations

from ccsrp.snn.compiled.changes import add_changes
from ccsrp.snn.compiled.convolve import list_events, list_spikes, scatter
from ccsrp.snn.compiled.elementwise import combine, combine_back, zero
from ccsrp.snn.compiled.lanes import LANES, load, store
from ccsrp.snn.compiled.neuron import fire, fire_back, rate_back
from ccsrp.snn.compiled.pool import (
    average_pool,
    average_pool_back,
    max_pool,
    max_pool_back,
    pool_spikes,
    pool_spikes_back,
)
from ccsrp.snn.compiled.stem import convolve_image, convolve_image_back
from ccsrp.snn.compiled.table import Kind, Pass, Surrogate
from ccsrp.snn.kernels import inner

__all__ = ["all_backward", "all_forward", "backward", "forward"]

_CONVOLVE, _STEM, _FIRE, _MAX_POOL, _AVERAGE_POOL = (
    int(kind) for kind in (Kind.CONVOLVE, Kind.STEM, Kind.FIRE, Kind.MAX_POOL, Kind.AVERAGE_POOL)
)
_OWN, _RATE = int(Surrogate.OWN), int(Surrogate.RATE)
_CHANGES = int(Pass.CHANGES)


@inner
def forward(memory, op, scatters, windows, weights, codes, events, starts, spikes, pass_):
    """Compute an operation's output from its inputs; ``pass_`` is a ``table.Pass``."""
    if op.kind == _CONVOLVE:
        _convolve(memory, op, scatters, weights, codes, events, starts, spikes, pass_)
    elif op.kind == _STEM:
        convolve_image(memory, op, weights)
    elif op.kind == _FIRE:
        fire(memory, op, spikes)
    elif op.kind == _MAX_POOL:
        if op.y_spikes >= 0:
            pool_spikes(op, windows, spikes)
        else:
            max_pool(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool(memory, op, windows)
    else:
        combine(memory, op, weights)


@inner
def backward(memory, op, scatters, windows, weights, codes, events, starts, spikes, surrogate, alpha):
    """Compute the gradients of its inputs from that of its output."""
    if op.kind == _CONVOLVE:
        _convolve_back(memory, op, scatters, weights, codes, events, starts)
    elif op.kind == _STEM:
        convolve_image_back(memory, op, weights)
    elif op.kind == _FIRE:
        if surrogate == _OWN:
            fire_back(memory, op, op.surrogate, op.alpha)
        elif surrogate == _RATE:
            rate_back(memory, op)
        else:
            fire_back(memory, op, surrogate, alpha)
    elif op.kind == _MAX_POOL:
        if op.y_spikes >= 0:
            pool_spikes_back(memory, op, windows, spikes)
        else:
            max_pool_back(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool_back(memory, op, windows)
    else:
        combine_back(memory, op, weights)


@inner
def all_forward(memory, tables, lists, pass_):
    """Run a whole program forwards.

    ``tables`` are its operations, scatters, windows and weights, ``lists`` codes, events, starts and spikes.
    """
    operations, scatters, windows, weights = tables
    codes, events, starts, spikes = lists
    for number in range(len(operations)):
        forward(memory, operations[number], scatters, windows, weights, codes, events, starts, spikes, pass_)


@inner
def all_backward(memory, tables, lists, surrogate, alpha):
    """Run it backwards."""
    operations, scatters, windows, weights = tables
    codes, events, starts, spikes = lists
    for number in range(len(operations) - 1, -1, -1):
        operation = operations[number]
        backward(
            memory, operation, scatters, windows, weights, codes, events, starts, spikes, surrogate, alpha
        )


@inner
def _convolve(memory, op, scatters, weights, codes, events, starts, spikes, pass_):
    if pass_ == _CHANGES and op.before >= 0:
        add_changes(memory, op, scatters, weights, spikes)
        return
    for place in range(0, op.out_steps * op.out_rows * op.out_columns * op.out_width, op.out_width):
        for lane in range(0, op.out_width, LANES):
            store(memory, op.y + place + lane, load(weights, op.bias + lane))
    if op.before >= 0:
        bits_shape = op.steps, op.rows, op.columns, op.channels
        list_spikes(spikes, op.x_spikes, op.before, bits_shape, codes, events, starts)
    else:
        shape = op.steps, op.rows, op.columns, op.channels, op.width
        list_events(memory, op.x, shape, codes, events, starts)
    phases = scatters[op.forward : op.forward + op.phases]
    out_shape = op.out_rows, op.out_columns, op.out_width
    scatter(
        memory,
        op.y,
        out_shape,
        phases,
        op.steps,
        op.rows,
        op.columns,
        codes,
        events,
        starts,
        weights,
    )


@inner
def _convolve_back(memory, op, scatters, weights, codes, events, starts):
    if not op.add_x:
        zero(memory, op.grad_x, op.steps * op.rows * op.columns * op.width)
    shape = op.steps, op.out_rows, op.out_columns, op.out_channels, op.out_width
    list_events(memory, op.grad_y, shape, codes, events, starts)
    phases = scatters[op.backward : op.backward + 1]
    in_shape = op.rows, op.columns, op.width
    scatter(
        memory,
        op.grad_x,
        in_shape,
        phases,
        op.steps,
        op.out_rows,
        op.out_columns,
        codes,
        events,
        starts,
        weights,
    )
