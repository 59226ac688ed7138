"""Which row of a table a mask has.

A layer's mask, read as a binary number whose first filter counts most, runs from 1 to 2**size - 1. Rows are
ordered by the first layer's number, then the second's, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ccsrp.space import BoolArray

__all__ = ["all_masks", "row_weights"]


def all_masks(sizes: Sequence[int]) -> BoolArray:
    """List every mask that keeps a filter in each layer, bool [rows, sum(sizes)], in the order of rows.

    Examples
    --------
    >>> all_masks([1, 2]).astype(int).tolist()
    [[1, 0, 1], [1, 1, 0], [1, 1, 1]]
    """
    numbers = np.indices([2**size - 1 for size in sizes]).reshape(len(sizes), -1) + 1
    parts = [
        (layer[:, None] >> np.arange(size - 1, -1, -1)) & 1
        for layer, size in zip(numbers, sizes, strict=True)
    ]
    masks: BoolArray = np.concatenate(parts, axis=1).astype(bool)
    return masks


def row_weights(sizes: Sequence[int]) -> tuple[NDArray[np.float64], int]:
    """Return what each kept filter adds to a mask's row, and what is taken off at last.

    Examples
    --------
    >>> weights, offset = row_weights([1, 2])
    >>> (all_masks([1, 2]) @ weights - offset).astype(int).tolist()
    [0, 1, 2]
    """
    rows = [2**size - 1 for size in sizes]
    stride = np.cumprod([1, *rows[:0:-1]])[::-1]
    weights = [
        float(step) * 2.0 ** np.arange(size - 1, -1, -1) for step, size in zip(stride, sizes, strict=True)
    ]
    return np.concatenate(weights), int(stride.sum())
