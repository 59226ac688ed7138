"""Spikes that changed from one pass to the next, each added to all sums that it reaches.

So few change that holding a run of sums for all events of a place, as ``rows`` does, would not pay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from ccsrp.snn.compiled.lanes import (
    LANES,
    VECTOR,
    data_pointer,
    groups_of,
    instruction,
    lowest_bit,
    repeated,
    vector_at,
)
from ccsrp.snn.kernels import inner

__all__ = ["add_changes"]

# Groups of 16 floats in a row of taps that are added without a loop.
WIDEST = 12

_INDEX = ir.IntType(64)
_EACH_STEP = np.int64(0x0001_0001_0001_0001)


@inner
def add_changes(memory, op, scatters, weights, spikes):
    """Bring the sums of a convolution of spikes up to date, and what it remembers of them.

    Events of one step come in the order in which ``convolve.scatter`` adds them, so that sums round alike.
    """
    words, size = (op.steps + 3) >> 2, op.out_rows * op.out_columns * op.out_width
    a_place = groups_of(op.channels) * words
    for number in range(op.forward, op.forward + op.phases):
        grid = scatters[number]
        turns = (op.rows - grid.first_row + grid.apart - 1) // grid.apart
        for turn in range(turns - 1, -1, -1):
            row, to_row = grid.first_row + turn * grid.apart, grid.to_row + turn * grid.to_apart
            top, bottom = max(0, -to_row), min(grid.row_taps, op.out_rows - to_row)
            if top >= bottom:
                continue
            to_column = grid.to_column - grid.to_apart
            for column in range(grid.first_column, op.columns, grid.apart):
                to_column += grid.to_apart
                left = max(0, -to_column)
                right = min(grid.column_taps, op.out_columns - to_column)
                at = op.y + ((to_row + top) * op.out_columns + to_column + left) * op.out_width
                run = grid.weights + top * grid.row_size + left * op.out_width
                reached = bottom - top, (right - left) * op.out_width // LANES, at, size, run
                first = (row * op.columns + column) * a_place
                for word in range(first, first + a_place):
                    now = spikes[op.x_spikes + word]
                    changed = now ^ spikes[op.before + word]
                    if changed != 0 and left < right:
                        group, quarter = (word - first) // words, (word - first) % words
                        changed &= ((1 << min(op.channels - group * LANES, LANES)) - 1) * _EACH_STEP
                        source = now, changed, group * LANES, 4 * quarter
                        _add_word(memory, op, grid, weights, source, reached)
    for word in range(op.rows * op.columns * a_place):
        spikes[op.before + word] = spikes[op.x_spikes + word]


@inner
def _add_word(memory, op, grid, weights, source, reached):
    now, changed, channel, step = source
    rows, groups, at, size, run = reached
    next_row, code_size = op.out_columns * op.out_width, grid.row_taps * grid.row_size
    while changed != 0:
        bit = lowest_bit(changed)
        changed &= changed - 1
        value = np.float32(2 * ((now >> bit) & 1) - 1)
        to, kernel = at + (step + bit // LANES) * size, run + (channel + bit % LANES) * code_size
        done = 0
        while done < groups:
            wide = min(WIDEST, groups - done)
            _add(rows, wide, memory, to, next_row, weights, kernel, grid.row_size, value)
            done, to, kernel = done + wide, to + wide * LANES, kernel + wide * LANES


@instruction
def _add(typing, rows, groups, out, at, next_row, weights, run, next_run, value):
    """Add ``value`` times its weights to ``rows`` runs of sums, at least one, ``groups`` long each.

    The sums lie at ``out[at + row * next_row + 16 * group]``, the weights at ``weights[run + row * next_run +
    16 * group]``. ``groups`` is at most ``WIDEST``.
    """
    index = types.intp
    signature = types.void(index, index, out, index, index, weights, index, index, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, groups, out, at, next_row, weights, run, next_run, value = arguments
        out, weights = (
            data_pointer(context, builder, signature.args[number], array)
            for number, array in ((2, out), (5, weights))
        )
        before, done, factor = builder.block, builder.append_basic_block("done"), repeated(builder, value)
        choice = builder.switch(groups, done)
        for wide in range(1, WIDEST + 1):
            block = builder.append_basic_block(f"event_{wide}")
            choice.add_case(ir.Constant(_INDEX, wide), block)
            builder.position_at_end(block)
            row, to, kernel = (builder.phi(_INDEX) for _ in range(3))
            _add_row(builder, wide, (out, to), (weights, kernel), factor)
            following = builder.add(row, ir.Constant(_INDEX, 1))
            for phi, start, after in (
                (row, ir.Constant(_INDEX, 0), following),
                (to, at, builder.add(to, next_row)),
                (kernel, run, builder.add(kernel, next_run)),
            ):
                phi.add_incoming(start, before)
                phi.add_incoming(after, block)
            builder.cbranch(builder.icmp_signed("<", following, rows), block, done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, generate


def _add_row(builder: Any, groups: int, sums: Any, kernel: Any, factor: Any) -> None:
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    multiply_add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")
    for group in range(groups):
        target, weight = (
            vector_at(builder, pointer, builder.add(at, ir.Constant(_INDEX, group * LANES)))
            for pointer, at in (sums, kernel)
        )
        added = [factor, builder.load(weight, align=4), builder.load(target, align=4)]
        builder.store(builder.call(multiply_add, added), target, align=4)
