"""Convolution driven by events: work is done for inputs that are not zero, and for no others.

Forwards the events are spikes; backwards they are gradients, most of which a pooling layer has zeroed.
"""

from __future__ import annotations

from llvmlite.binding import get_host_cpu_features

from ccsrp.snn.compiled.lanes import (
    LANES,
    count_bits,
    load,
    lowest_bit,
    nonzero,
    store,
    store_chosen,
    store_places,
)
from ccsrp.snn.compiled.rows import LONGEST, add_run
from ccsrp.snn.kernels import inner

__all__ = ["list_changes", "list_events", "remember", "scatter"]

# Whether the processor gathers chosen lanes in one instruction; without it, one by one is faster.
COMPRESSES = bool(get_host_cpu_features().get("avx512f", False))


@inner
def list_events(memory, at, shape, codes, events, starts):
    """List the inputs that are not zero at every time step, place by place.

    An event's code is its channel, its value at time t lies t rows of ``events`` on.
    Events of place p are ``starts[p]`` to ``starts[p + 1]``.
    """
    steps, rows, columns, channels, width = shape
    count, size = 0, rows * columns * width
    for place in range(rows * columns):
        starts[place] = count
        for group in range(0, channels, LANES):
            source = at + place * width + group
            lanes = 0
            for t in range(steps):
                lanes |= nonzero(load(memory, source + t * size))
            lanes &= _within(channels - group)
            count = _list(memory, source, size, steps, lanes, group, count, codes, events)
    starts[rows * columns] = count


@inner
def _within(lanes_left):
    """Return the bits of the lanes that are no padding."""
    return (1 << min(lanes_left, LANES)) - 1


@inner
def _list(memory, source, size, steps, lanes, first_code, count, codes, events):
    """Append the lanes whose bit is set; return how many events there are now."""
    apart = len(codes)
    if COMPRESSES:
        for t in range(steps):
            store_chosen(events, t * apart + count, load(memory, source + t * size), lanes)
        store_places(codes, count, first_code, lanes)
        count += count_bits(lanes)
    else:
        while lanes != 0:
            lane = lowest_bit(lanes)
            lanes &= lanes - 1
            codes[count] = first_code + lane
            for t in range(steps):
                events[t * apart + count] = memory[source + lane + t * size]
            count += 1
    return count


@inner
def remember(memory, at, before, size):
    """Copy an input to where the next pass finds it."""
    for lane in range(0, size, LANES):
        store(memory, before + lane, load(memory, at + lane))


@inner
def list_changes(memory, at, before, shape, codes, events, starts):
    """List, as ``list_events`` does, by how much inputs differ from those of the pass before.

    Those, at ``before``, are brought up to date.
    """
    steps, rows, columns, channels, width = shape
    count, size = 0, rows * columns * width
    for place in range(rows * columns):
        starts[place] = count
        for group in range(0, channels, LANES):
            offset = place * width + group
            lanes = 0
            for t in range(steps):
                lanes |= nonzero(
                    load(memory, at + t * size + offset) - load(memory, before + t * size + offset)
                )
            lanes &= _within(channels - group)
            if lanes == 0:
                continue
            for t in range(steps):
                # The memory of the pass before is the one place where the difference may lie for a moment.
                now, then = at + t * size + offset, before + t * size + offset
                store(memory, then, load(memory, now) - load(memory, then))
            count = _list(memory, before + offset, size, steps, lanes, group, count, codes, events)
            for t in range(steps):
                store(memory, before + t * size + offset, load(memory, at + t * size + offset))
    starts[rows * columns] = count


@inner
def scatter(memory, out, shape, phases, steps, rows, columns, codes, events, starts, weights):
    """Add to every output place what the events around it give.

    ``memory[out:]`` holds the sums' start: biases, zeros, or what to add to. ``shape`` is that of the output:
    rows, columns, padded channels; ``rows`` and ``columns`` are those that events come from. ``phases`` are
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
                        grid.weights + tap * grid.column_taps * shape[2],
                    )


@inner
def _scatter_row(memory, out, shape, grid, steps, place, columns, codes, events, starts, weights, kernel):
    """Do so for one row of events and one row of taps."""
    out_rows, out_columns, width = shape
    size, code_size = out_rows * out_columns * width, grid.row_taps * grid.column_taps * width
    to_column = grid.to_column - grid.to_apart
    for column in range(grid.first_column, columns, grid.apart):
        to_column += grid.to_apart
        first, last = starts[place + column], starts[place + column + 1]
        first_tap, last_tap = max(0, -to_column), min(grid.column_taps, out_columns - to_column)
        if first == last or first_tap >= last_tap:
            continue
        at, run = out + (to_column + first_tap) * width, kernel + first_tap * width
        left = (last_tap - first_tap) * (width // LANES)
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
                )
                t += together
            at, run = at + groups * LANES, run + groups * LANES
            left, parts = left - groups, parts - 1
