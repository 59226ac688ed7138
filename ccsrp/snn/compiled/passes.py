"""One operation of a program, forwards and backwards."""

from __future__ import annotations

from ccsrp.snn.compiled.convolve import dot_gather, gather, list_events
from ccsrp.snn.compiled.elementwise import combine, combine_back, zero
from ccsrp.snn.compiled.lanes import LANES, load, store
from ccsrp.snn.compiled.neuron import fire, fire_back, rate_back
from ccsrp.snn.compiled.pool import average_pool, average_pool_back, max_pool, max_pool_back
from ccsrp.snn.compiled.table import Kind, Surrogate
from ccsrp.snn.kernels import inner

__all__ = ["backward", "forward"]

_CONVOLVE, _FIRE, _MAX_POOL, _AVERAGE_POOL = (
    int(kind) for kind in (Kind.CONVOLVE, Kind.FIRE, Kind.MAX_POOL, Kind.AVERAGE_POOL)
)
_OWN, _RATE = int(Surrogate.OWN), int(Surrogate.RATE)


@inner
def forward(memory, op, gathers, windows, weights, codes, events, starts):
    """Compute an operation's output from its inputs."""
    if op.kind == _CONVOLVE:
        out_size = op.out_steps * op.out_rows * op.out_columns * op.out_width
        for place in range(0, out_size, op.out_width):
            for lane in range(0, op.out_width, LANES):
                store(memory, op.y + place + lane, load(weights, op.bias + lane))
        list_events(memory, op.x, op.steps, op.rows, op.columns, op.channels, op.width, codes, events, starts)
        gather(
            memory,
            op.y,
            (op.out_rows, op.out_columns, op.out_width),
            gathers[op.forward],
            op.steps,
            (op.rows, op.columns, op.channels),
            codes,
            events,
            starts,
            weights,
        )
    elif op.kind == _FIRE:
        fire(memory, op)
    elif op.kind == _MAX_POOL:
        max_pool(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool(memory, op, windows)
    else:
        combine(memory, op, weights)


@inner
def backward(memory, op, gathers, windows, weights, codes, events, starts, surrogate, alpha):
    """Compute the gradients of its inputs from that of its output."""
    if op.kind == _CONVOLVE:
        _convolve_back(memory, op, gathers, weights, codes, events, starts)
    elif op.kind == _FIRE:
        if surrogate == _OWN:
            fire_back(memory, op, op.surrogate, op.alpha)
        elif surrogate == _RATE:
            rate_back(memory, op)
        else:
            fire_back(memory, op, surrogate, alpha)
    elif op.kind == _MAX_POOL:
        max_pool_back(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool_back(memory, op, windows)
    else:
        combine_back(memory, op, weights)


@inner
def _convolve_back(memory, op, gathers, weights, codes, events, starts):
    if not op.add_x:
        zero(memory, op.grad_x, op.steps * op.rows * op.columns * op.width)
    if not op.by_dots:
        list_events(
            memory,
            op.grad_y,
            op.steps,
            op.out_rows,
            op.out_columns,
            op.out_channels,
            op.out_width,
            codes,
            events,
            starts,
        )
    for index in range(op.backward, op.backward + op.backward_count):
        if op.by_dots:
            dot_gather(
                memory,
                op.grad_x,
                op.rows,
                op.columns,
                op.channels,
                op.width,
                gathers[index],
                op.steps,
                op.out_rows,
                op.out_columns,
                op.out_width,
                op.grad_y,
                weights,
            )
        else:
            gather(
                memory,
                op.grad_x,
                (op.rows, op.columns, op.width),
                gathers[index],
                op.steps,
                (op.out_rows, op.out_columns, op.out_channels),
                codes,
                events,
                starts,
                weights,
            )
