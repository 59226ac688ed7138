"""Pooling over windows: rows ``[start, end, divisor]`` for each output row and each output column."""

from __future__ import annotations

import numpy as np

from ccsrp.snn.compiled.lanes import (
    LANES,
    broadcast,
    groups_of,
    largest,
    load,
    select_equal,
    store,
    store_first,
    where_set,
)
from ccsrp.snn.kernels import inner

__all__ = [
    "average_pool",
    "average_pool_back",
    "max_pool",
    "max_pool_back",
    "pool_spikes",
    "pool_spikes_back",
]


@inner
def max_pool(memory, op, windows):
    """Take the maximum of every window."""
    y = op.y
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left = windows[op.column_windows + column, 0]
                right = windows[op.column_windows + column, 1]
                corner = op.x + ((t * op.rows + top) * op.columns + left) * op.width
                if bottom - top == 2 and right - left == 2:  # the usual window, without loops
                    below = corner + op.columns * op.width
                    for lane in range(0, op.width, LANES):
                        upper = largest(load(memory, corner + lane), load(memory, corner + op.width + lane))
                        lower = largest(load(memory, below + lane), load(memory, below + op.width + lane))
                        store(memory, y, largest(upper, lower))
                        y += LANES
                    continue
                for lane in range(0, op.width, LANES):
                    found = broadcast(np.float32(-np.inf))
                    for r in range(bottom - top):
                        x = corner + r * op.columns * op.width + lane
                        for _ in range(left, right):
                            found = largest(found, load(memory, x))
                            x += op.width
                    store(memory, y, found)
                    y += LANES


@inner
def max_pool_back(memory, op, windows):
    """Send each gradient to the first place of its window that holds the maximum, as torch does."""
    zero = broadcast(np.float32(0))
    if not op.add_x:
        for lane in range(0, op.steps * op.rows * op.columns * op.width, LANES):
            store(memory, op.grad_x + lane, zero)
    y, gy = op.y, op.grad_y
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left = windows[op.column_windows + column, 0]
                right = windows[op.column_windows + column, 1]
                corner = ((t * op.rows + top) * op.columns + left) * op.width
                if bottom - top == 2 and right - left == 2:  # the usual window, without loops
                    below = corner + op.columns * op.width
                    for lane in range(0, op.width, LANES):
                        highest, rest = load(memory, y), load(memory, gy)
                        rest = _take(memory, op.x, op.grad_x, corner + lane, highest, rest)
                        rest = _take(memory, op.x, op.grad_x, corner + op.width + lane, highest, rest)
                        rest = _take(memory, op.x, op.grad_x, below + lane, highest, rest)
                        _take(memory, op.x, op.grad_x, below + op.width + lane, highest, rest)
                        y += LANES
                        gy += LANES
                    continue
                for lane in range(0, op.width, LANES):
                    highest, rest = load(memory, y), load(memory, gy)
                    for r in range(bottom - top):
                        place = corner + r * op.columns * op.width + lane
                        for _ in range(left, right):
                            rest = _take(memory, op.x, op.grad_x, place, highest, rest)
                            place += op.width
                    y += LANES
                    gy += LANES


@inner
def _take(memory, x, grad_x, place, highest, rest):
    """Give ``rest`` to a place that holds the maximum; return what is left for the places after it."""
    zero = broadcast(np.float32(0))
    taken = select_equal(load(memory, x + place), highest, rest, zero)
    store(memory, grad_x + place, load(memory, grad_x + place) + taken)
    return rest - taken


@inner
def pool_spikes(op, windows, spikes):
    """Tell where there is a spike in every window."""
    count = groups_of(op.channels) * ((op.steps + 3) >> 2)
    y = op.y_spikes
    for row in range(op.out_rows):
        top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
        for column in range(op.out_columns):
            left = windows[op.column_windows + column, 0]
            right = windows[op.column_windows + column, 1]
            found = spikes[y : y + count]
            found[:] = 0
            for r in range(top, bottom):
                for c in range(left, right):
                    at = op.x_spikes + (r * op.columns + c) * count
                    _add_spikes(found, spikes[at : at + count])
            y += count


@inner
def _add_spikes(found, more):
    # A loop that numba makes vector instructions of: it sees that no index is negative.
    for i in range(len(found)):
        found[i] |= more[i]


@inner
def pool_spikes_back(memory, op, windows, spikes):
    """Send each gradient to the first place of its window with a spike, else to the first, as torch does."""
    groups, words = groups_of(op.channels), (op.steps + 3) >> 2
    count, size = groups * words, op.rows * op.columns * op.width
    alone = op.disjoint and not op.add_x
    if not op.add_x and not (op.disjoint and op.covering):
        for lane in range(0, op.steps * size, LANES):
            store(memory, op.grad_x + lane, broadcast(np.float32(0)))
    gy, out_size = op.grad_y, op.out_rows * op.out_columns * op.out_width
    y = op.y_spikes
    for row in range(op.out_rows):
        top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
        for column in range(op.out_columns):
            left = windows[op.column_windows + column, 0]
            right = windows[op.column_windows + column, 1]
            for group in range(groups):
                lanes = op.channels - group * LANES
                for t in range(op.steps):
                    gradient = load(memory, gy + t * out_size + group * LANES)
                    word, shift = group * words + (t >> 2), (t & 3) * LANES
                    # Where all are silent, the first place has the maximum.
                    left_over, silent = np.int64(0xFFFF), ~(spikes[y + word] >> shift)
                    to = op.grad_x + t * size + group * LANES
                    for r in range(top, bottom):
                        for place in range(r * op.columns + left, r * op.columns + right):
                            fired = spikes[op.x_spikes + place * count + word] >> shift
                            taken = left_over & (fired | silent)
                            left_over &= ~taken
                            at, share = to + place * op.width, where_set(taken, gradient)
                            if not alone:
                                share = load(memory, at) + share
                            # Behind the channels lies the next place.
                            if lanes >= LANES:
                                store(memory, at, share)
                            else:
                                store_first(memory, at, share, lanes)
            gy += op.out_width
            y += count


@inner
def average_pool(memory, op, windows):
    """Sum every window and divide by the two divisors' product."""
    y = op.y
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left = windows[op.column_windows + column, 0]
                right = windows[op.column_windows + column, 1]
                share = _share(op, windows, row, column)
                for lane in range(0, op.width, LANES):
                    found = broadcast(np.float32(0))
                    for r in range(top, bottom):
                        x = op.x + ((t * op.rows + r) * op.columns + left) * op.width + lane
                        for _ in range(left, right):
                            found = found + load(memory, x)
                            x += op.width
                    store(memory, y, found * share)
                    y += LANES


@inner
def average_pool_back(memory, op, windows):
    """Send each gradient to its whole window in equal shares."""
    if not op.add_x:
        for lane in range(0, op.steps * op.rows * op.columns * op.width, LANES):
            store(memory, op.grad_x + lane, broadcast(np.float32(0)))
    gy = op.grad_y
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left = windows[op.column_windows + column, 0]
                right = windows[op.column_windows + column, 1]
                share = _share(op, windows, row, column)
                for lane in range(0, op.width, LANES):
                    part = load(memory, gy) * share
                    for r in range(top, bottom):
                        gx = op.grad_x + ((t * op.rows + r) * op.columns + left) * op.width + lane
                        for _ in range(left, right):
                            store(memory, gx, load(memory, gx) + part)
                            gx += op.width
                    gy += LANES


@inner
def _share(op, windows, row, column):
    count = windows[op.row_windows + row, 2] * windows[op.column_windows + column, 2]
    return broadcast(np.float32(1 / count))
