"""Pooling over windows: rows ``[start, end, divisor]`` for each output row and each output column."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["average_pool", "average_pool_back", "max_pool", "max_pool_back"]


@numba.njit
def max_pool(memory, op, windows):  # type: ignore[no-untyped-def]
    """Take the maximum of every window."""
    width = op.width
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left, right = (
                    windows[op.column_windows + column, 0],
                    windows[op.column_windows + column, 1],
                )
                y = memory[op.y + ((t * op.out_rows + row) * op.out_columns + column) * width :][:width]
                y[:] = -np.inf
                for r in range(top, bottom):
                    for c in range(left, right):
                        x = memory[op.x + ((t * op.rows + r) * op.columns + c) * width :][:width]
                        for i in range(width):
                            y[i] = max(y[i], x[i])


@numba.njit
def max_pool_back(memory, op, windows):  # type: ignore[no-untyped-def]
    """Send each gradient to the first place of its window that holds the maximum, as torch does."""
    width = op.width
    size = op.steps * op.rows * op.columns * width
    if not op.add_x:
        memory[op.grad_x : op.grad_x + size] = 0
    left_over = np.empty(width, dtype=np.float32)
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left, right = (
                    windows[op.column_windows + column, 0],
                    windows[op.column_windows + column, 1],
                )
                place = ((t * op.out_rows + row) * op.out_columns + column) * width
                y = memory[op.y + place :][:width]
                left_over[:] = memory[op.grad_y + place :][:width]
                for r in range(top, bottom):
                    for c in range(left, right):
                        source = ((t * op.rows + r) * op.columns + c) * width
                        x = memory[op.x + source :][:width]
                        gx = memory[op.grad_x + source :][:width]
                        for i in range(width):
                            taken = left_over[i] if x[i] == y[i] else np.float32(0)
                            gx[i] += taken
                            left_over[i] -= taken


@numba.njit
def average_pool(memory, op, windows):  # type: ignore[no-untyped-def]
    """Sum every window and divide by the two divisors' product."""
    width = op.width
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left, right = (
                    windows[op.column_windows + column, 0],
                    windows[op.column_windows + column, 1],
                )
                share = np.float32(
                    1 / (windows[op.row_windows + row, 2] * windows[op.column_windows + column, 2])
                )
                y = memory[op.y + ((t * op.out_rows + row) * op.out_columns + column) * width :][:width]
                y[:] = 0
                for r in range(top, bottom):
                    for c in range(left, right):
                        x = memory[op.x + ((t * op.rows + r) * op.columns + c) * width :][:width]
                        for i in range(width):
                            y[i] += x[i]
                for i in range(width):
                    y[i] *= share


@numba.njit
def average_pool_back(memory, op, windows):  # type: ignore[no-untyped-def]
    """Send each gradient to its whole window in equal shares."""
    width = op.width
    size = op.steps * op.rows * op.columns * width
    if not op.add_x:
        memory[op.grad_x : op.grad_x + size] = 0
    for t in range(op.steps):
        for row in range(op.out_rows):
            top, bottom = windows[op.row_windows + row, 0], windows[op.row_windows + row, 1]
            for column in range(op.out_columns):
                left, right = (
                    windows[op.column_windows + column, 0],
                    windows[op.column_windows + column, 1],
                )
                share = np.float32(
                    1 / (windows[op.row_windows + row, 2] * windows[op.column_windows + column, 2])
                )
                gy = memory[op.grad_y + ((t * op.out_rows + row) * op.out_columns + column) * width :][
                    :width
                ]
                for r in range(top, bottom):
                    for c in range(left, right):
                        gx = memory[op.grad_x + ((t * op.rows + r) * op.columns + c) * width :][:width]
                        for i in range(width):
                            gx[i] += gy[i] * share
