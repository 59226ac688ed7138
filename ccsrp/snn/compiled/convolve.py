"""Convolution driven by events: work is done for inputs that are not zero, and for no others.

Forwards the events are spikes; backwards they are gradients, most of which a pooling layer has zeroed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite.binding import get_host_cpu_features

from ccsrp.snn.compiled.lanes import (
    LANES,
    broadcast,
    count_bits,
    load,
    lowest_bit,
    nonzero,
    store_chosen,
    store_places,
    total,
)
from ccsrp.snn.compiled.rows import row_adder
from ccsrp.snn.kernels import inner

__all__ = ["dot_gather", "gather", "list_events"]

# Whether the processor gathers chosen lanes in one instruction; without it, one by one is faster.
COMPRESSES = bool(get_host_cpu_features().get("avx512f", False))


@inner
def list_events(memory, at, steps, rows, columns, channels, width, codes, events, starts):
    """List the inputs that are not zero at every time step, place by place.

    An event's code is ``column * channels + channel``, its value at time t lies t rows of ``events`` on.
    Events of place p are ``starts[p]`` to ``starts[p + 1]``.
    """
    count = 0
    apart = len(codes)
    size = rows * columns * width
    for place in range(rows * columns):
        starts[place] = count
        first_code = (place % columns) * channels
        for group in range(0, channels, LANES):
            source = at + place * width + group
            lanes = 0
            for t in range(steps):
                lanes |= nonzero(load(memory, source + t * size))
            if channels - group < LANES:
                lanes &= (1 << (channels - group)) - 1
            if COMPRESSES:
                for t in range(steps):
                    store_chosen(events, t * apart + count, load(memory, source + t * size), lanes)
                store_places(codes, count, first_code + group, lanes)
                count += count_bits(lanes)
            else:
                while lanes != 0:
                    lane = lowest_bit(lanes)
                    lanes &= lanes - 1
                    codes[count] = first_code + group + lane
                    for t in range(steps):
                        events[t * apart + count] = memory[source + lane + t * size]
                    count += 1
    starts[rows * columns] = count


def _gatherer(together: int, wide: int) -> Any:
    """Make ``gather`` for ``together`` time steps from ``t`` on and ``wide`` groups from ``group`` on."""
    add_rows = row_adder(together, wide)

    @inner
    def run(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights):
        out_rows, out_columns, width = shape
        rows, columns, channels = inputs
        size = out_rows * out_columns * width
        tap_size = grid.column_taps * channels * width
        top = grid.row_offset - grid.in_stride
        for row in range(grid.first_row, out_rows, grid.out_stride):
            top += grid.in_stride
            taps = max(0, -top), min(grid.row_taps, rows - top)
            if taps[0] >= taps[1]:
                continue
            left = grid.column_offset - grid.in_stride
            for column in range(grid.first_column, out_columns, grid.out_stride):
                left += grid.in_stride
                first, last = max(0, left), min(columns, left + grid.column_taps)
                if first >= last:
                    continue
                add_rows(
                    memory,
                    out + t * size + (row * out_columns + column) * width + group * LANES,
                    size,
                    codes,
                    events,
                    t * len(codes),
                    len(codes),
                    starts,
                    (top * columns + first, top * columns + last),
                    taps,
                    columns,
                    weights,
                    grid.weights - left * channels * width + group * LANES,
                    tap_size,
                    width,
                )

    return run


# 16 sums and the rows that they share fill the 32 vector registers; longer sums are made in parts.
_GATHER_1_1, _GATHER_1_2, _GATHER_1_3, _GATHER_1_4 = (_gatherer(1, wide) for wide in (1, 2, 3, 4))
_GATHER_2_1, _GATHER_2_2, _GATHER_2_3, _GATHER_2_4 = (_gatherer(2, wide) for wide in (1, 2, 3, 4))
_GATHER_4_1, _GATHER_4_2, _GATHER_4_3, _GATHER_4_4 = (_gatherer(4, wide) for wide in (1, 2, 3, 4))


@inner
def gather(memory, out, shape, grid, steps, inputs, codes, events, starts, weights):
    """Add to every output place the weight rows of the events that it sees.

    ``memory[out:]`` holds the sums' start: biases, zeros, or what to add to. ``shape`` is that of the output:
    rows, columns, padded channels; ``inputs`` are rows, columns and channels that the events come from.
    """
    groups = shape[2] // LANES
    t = 0
    while t < steps:
        together = 4 if steps - t >= 4 else (2 if steps - t >= 2 else 1)
        group = 0
        while group < groups:
            # 5 groups are 3 and 2, not 4 and 1: a lone group waits for its own last sum.
            wide = 3 if groups - group in (5, 6) else min(4, groups - group)
            if together == 4 and wide == 1:
                _GATHER_4_1(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 4 and wide == 2:
                _GATHER_4_2(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 4 and wide == 3:
                _GATHER_4_3(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 4 and wide == 4:
                _GATHER_4_4(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 2 and wide == 1:
                _GATHER_2_1(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 2 and wide == 2:
                _GATHER_2_2(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 2 and wide == 3:
                _GATHER_2_3(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 2 and wide == 4:
                _GATHER_2_4(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 1 and wide == 1:
                _GATHER_1_1(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 1 and wide == 2:
                _GATHER_1_2(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 1 and wide == 3:
                _GATHER_1_3(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            elif together == 1 and wide == 4:
                _GATHER_1_4(memory, out, shape, grid, t, group, inputs, codes, events, starts, weights)
            group += wide
        t += together


@inner
def dot_gather(
    memory,
    out,
    out_rows,
    out_columns,
    out_channels,
    out_width,
    grid,
    steps,
    rows,
    columns,
    width,
    at,
    weights,
):
    """Do what ``gather`` does for few output channels: one dot product each, over inputs zero or not.

    Weights are ``[out_channels, row_taps, column_taps, width]``.
    """
    line = grid.column_taps * width
    for t in range(steps):
        top = grid.row_offset - grid.in_stride
        for row in range(grid.first_row, out_rows, grid.out_stride):
            top += grid.in_stride
            first_tap, last_tap = max(0, -top), min(grid.row_taps, rows - top)
            left = grid.column_offset - grid.in_stride
            for column in range(grid.first_column, out_columns, grid.out_stride):
                left += grid.in_stride
                first_column, last_column = max(0, left), min(columns, left + grid.column_taps)
                if first_column >= last_column:
                    continue
                place = out + ((t * out_rows + row) * out_columns + column) * out_width
                count = (last_column - first_column) * width
                for channel in range(out_channels):
                    even, odd = broadcast(np.float32(0)), broadcast(np.float32(0))
                    for tap in range(first_tap, last_tap):
                        source = at + ((t * rows + top + tap) * columns + first_column) * width
                        kernel = (
                            grid.weights
                            + (channel * grid.row_taps + tap) * line
                            + (first_column - left) * width
                        )
                        for i in range(0, count - LANES, 2 * LANES):
                            even = even + load(memory, source + i) * load(weights, kernel + i)
                            odd = odd + load(memory, source + i + LANES) * load(weights, kernel + i + LANES)
                        if count % (2 * LANES):
                            i = count - LANES
                            even = even + load(memory, source + i) * load(weights, kernel + i)
                    memory[place + channel] += total(even + odd)
