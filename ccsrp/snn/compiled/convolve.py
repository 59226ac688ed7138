"""Convolution driven by events: work is done for inputs that are not zero, and for no others.

Forwards the events are spikes; backwards they are gradients, most of which a pooling layer has zeroed.
"""

from __future__ import annotations

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
    where_set,
)
from ccsrp.snn.compiled.rows import LONGEST, add_run
from ccsrp.snn.kernels import inner

__all__ = ["list_events", "list_spikes", "scatter"]

# Whether the processor gathers chosen lanes in one instruction; without it, one by one is faster.
COMPRESSES = bool(get_host_cpu_features().get("avx512f", False))


@inner
def list_events(memory, at, shape, codes, events, starts):
    """List the inputs that are not zero at every time step, place by place.

    An event's code is its channel, its value at time t lies t rows of ``events`` on.
    Events of place p are ``starts[p]`` to ``starts[p + 1]``.
    """
    steps, rows, columns, channels, width = shape
    count, apart, size = 0, len(codes), rows * columns * width
    for place in range(rows * columns):
        starts[place] = count
        for group in range(0, channels, LANES):
            source = at + place * width + group
            lanes = 0
            for t in range(steps):
                lanes |= nonzero(load(memory, source + t * size))
            lanes &= _within(channels - group)
            if COMPRESSES:
                for t in range(steps):
                    store_chosen(events, t * apart + count, load(memory, source + t * size), lanes)
                store_places(codes, count, group, lanes)
                count += count_bits(lanes)
            else:
                while lanes != 0:
                    lane = lowest_bit(lanes)
                    lanes &= lanes - 1
                    codes[count] = group + lane
                    for t in range(steps):
                        events[t * apart + count] = memory[source + lane + t * size]
                    count += 1
    starts[rows * columns] = count


@inner
def _within(lanes_left):
    """Return the bits of the lanes that are no padding."""
    return (1 << min(lanes_left, LANES)) - 1


@inner
def list_spikes(spikes, at, before, shape, codes, events, starts):
    """List spikes, as ``list_events`` does, and remember them at ``before``."""
    steps, rows, columns, channels = shape
    count, apart, one = 0, len(codes), broadcast(np.float32(1))
    words = (steps + 3) >> 2
    now, kept = at - words, before - words
    for place in range(rows * columns):
        starts[place] = count
        for group in range(0, channels, LANES):
            now += words
            kept += words
            fired = np.int64(0)
            for word in range(words):
                fired |= spikes[now + word]
                spikes[kept + word] = spikes[now + word]
            if fired == 0:
                continue
            fired |= fired >> 2 * LANES
            lanes = (fired | fired >> LANES) & _within(channels - group)
            if COMPRESSES:
                for t in range(steps):
                    bits = spikes[now + (t >> 2)] >> (t & 3) * LANES
                    store_chosen(events, t * apart + count, where_set(bits, one), lanes)
                store_places(codes, count, group, lanes)
                count += count_bits(lanes)
            else:
                while lanes != 0:
                    lane = lowest_bit(lanes)
                    lanes &= lanes - 1
                    codes[count] = group + lane
                    for t in range(steps):
                        events[t * apart + count] = spikes[now + (t >> 2)] >> (t & 3) * LANES + lane & 1
                    count += 1
    starts[rows * columns] = count


@inner
def scatter(memory, out, shape, phases, steps, rows, columns, codes, events, starts, weights):
    """Add to every output place what the events around it give.

    ``memory[out:]`` holds the sums' start: biases, zeros, or what to add to. ``shape`` is that of the output:
    rows, columns, floats of a place; ``rows`` and ``columns`` are those that events come from. ``phases`` are
    records of ``table.SCATTER``, one for each place within a stride.
    """
    for number in range(len(phases)):
        grid = phases[number]
        # Taps outside, places inside: the weights of a row of taps stay in the nearest cache.
        for tap in range(grid.row_taps):
            to_row = grid.to_row + tap - grid.to_apart
            for row in range(grid.first_row, rows, grid.apart):
                to_row += grid.to_apart
                if 0 <= to_row < shape[0]:
                    _scatter_row(
                        memory,
                        out + to_row * shape[1] * shape[2],
                        shape,
                        grid,
                        steps,
                        row * columns,
                        columns,
                        codes,
                        events,
                        starts,
                        weights,
                        grid.weights + tap * grid.row_size,
                    )


@inner
def _scatter_row(memory, out, shape, grid, steps, place, columns, codes, events, starts, weights, kernel):
    """Do so for one row of events and one row of taps."""
    out_rows, out_columns, width = shape
    size = out_rows * out_columns * width
    taps, apart, to_apart = grid.column_taps, grid.apart, grid.to_apart
    code_size, to_column = grid.row_taps * grid.row_size, grid.to_column - to_apart
    for column in range(grid.first_column, columns, apart):
        to_column += to_apart
        first, last = starts[place + column], starts[place + column + 1]
        if first == last:
            continue
        first_tap, last_tap = max(0, -to_column), min(taps, out_columns - to_column)
        if first_tap >= last_tap:
            continue
        at, run = out + (to_column + first_tap) * width, kernel + first_tap * width
        floats = (last_tap - first_tap) * width
        left = (floats + LANES - 1) // LANES
        last_lanes = _within(floats - (left - 1) * LANES)
        # What is too long for one run is cut into runs of about the same length.
        parts = 1 if left <= LONGEST else (2 if left <= 2 * LONGEST else -(-left // LONGEST))
        while parts > 0:
            groups = left if parts == 1 else ((left + 1) >> 1 if parts == 2 else -(-left // parts))
            t = 0
            while t < steps:
                together = 4 if steps - t >= 4 else (2 if steps - t >= 2 else 1)
                value = t * len(codes)
                add_run(
                    together,
                    groups,
                    memory,
                    at + t * size,
                    size,
                    codes,
                    events,
                    value,
                    first,
                    last,
                    weights,
                    run,
                    code_size,
                    last_lanes if parts == 1 else 0xFFFF,
                )
                t += together
            at, run = at + groups * LANES, run + groups * LANES
            left, parts = left - groups, parts - 1
