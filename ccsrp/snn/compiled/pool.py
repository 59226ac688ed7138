"""Pooling over windows: rows ``[start, end, divisor]`` for each output row and each output column."""

from __future__ import annotations

import numpy as np

from ccsrp.snn.compiled.lanes import LANES, broadcast, largest, load, select_equal, store
from ccsrp.snn.kernels import inner

__all__ = ["average_pool", "average_pool_back", "max_pool", "max_pool_back"]


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
                for lane in range(0, op.width, LANES):
                    found = broadcast(np.float32(-np.inf))
                    for r in range(top, bottom):
                        x = op.x + ((t * op.rows + r) * op.columns + left) * op.width + lane
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
                for lane in range(0, op.width, LANES):
                    highest, rest = load(memory, y), load(memory, gy)
                    for r in range(top, bottom):
                        place = ((t * op.rows + r) * op.columns + left) * op.width + lane
                        for _ in range(left, right):
                            x, gx = op.x + place, op.grad_x + place
                            taken = select_equal(load(memory, x), highest, rest, zero)
                            store(memory, gx, load(memory, gx) + taken)
                            rest = rest - taken
                            place += op.width
                    y += LANES
                    gy += LANES


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
