"""Where values lie: two that are never needed at the same time may share their place."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["aligned", "place_intervals"]


def place_intervals(intervals: Iterable[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Give each interval an offset so that no two that overlap in time overlap in memory.

    Parameters
    ----------
    intervals : iterable of (first, last, size)
        Both ends included.

    Returns
    -------
    (offsets, total)
        Lowest free place first, in order of time.

    Examples
    --------
    >>> place_intervals([(0, 1, 16), (1, 2, 32), (2, 3, 16)])
    ([0, 16, 0], 48)
    """
    wanted = list(intervals)
    offsets = [0] * len(wanted)
    placed: list[int] = []
    total = 0
    for number in sorted(range(len(wanted)), key=lambda number: wanted[number][0]):
        first, _, size = wanted[number]
        placed = [other for other in placed if wanted[other][1] >= first]
        offset = 0
        for other in sorted(placed, key=offsets.__getitem__):
            if offsets[other] - offset >= size:
                break
            offset = max(offset, offsets[other] + wanted[other][2])
        offsets[number] = offset
        placed.append(number)
        total = max(total, offset + size)
    return offsets, total


def aligned(rows: int, size: int) -> NDArray[np.float32]:
    """Make an uninitialised float32 [rows, at least size] whose rows start at cache lines."""
    width = -(-size // 16) * 16
    raw = np.empty(rows * width + 16, dtype=np.float32)
    skip = (-raw.ctypes.data // 4) % 16
    return raw[skip : skip + rows * width].reshape(rows, width)
