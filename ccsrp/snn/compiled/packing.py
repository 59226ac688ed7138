"""Weights in the order in which events add them up."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ccsrp.snn.compiled.lanes import LANES
from ccsrp.snn.compiled.memory import aligned
from ccsrp.snn.compiled.stem import taps_width

__all__ = ["Packer"]

Float32: TypeAlias = NDArray[np.float32]


class Packer:
    """Collects weights into one array, and the records that say how events reach them.

    Attributes
    ----------
    scatters : list of tuple
        Rows of ``table.SCATTER``.
    """

    def __init__(self) -> None:
        self.scatters: list[tuple[int, ...]] = []
        self._parts: list[Float32] = []
        self._size = 0

    def array(self) -> Float32:
        """Return all weights, float32, starting at a cache line."""
        # The last vector of a row of taps may reach beyond it.
        weights: Float32 = aligned(1, self._size + LANES)[0]
        weights[self._size :] = 0
        at = 0
        for part in self._parts:
            weights[at : at + part.size] = part.ravel()
            at += part.size
        return weights

    def add(self, rows: Float32, width: int) -> int:
        """Append ``rows``, float32 [..., n], each padded with zeros to ``width``; return their offset."""
        padded = np.zeros((*rows.shape[:-1], width), dtype=np.float32)
        padded[..., : rows.shape[-1]] = rows
        self._parts.append(padded)
        at, self._size = self._size, self._size + padded.size
        return at

    def forward(
        self, kernel: Float32, stride: int, padding: tuple[int, int], *, width: int
    ) -> tuple[int, int]:
        """Pack a kernel [out, in, rows, columns] for the forward pass to a value of that width.

        Returns
        -------
        (first, count)
            Its records: one for each place of an input within a stride.
        """
        first = len(self.scatters)
        for row in range(stride):
            rows, first_row, to_row = _phase(row, stride, padding[0], kernel.shape[2])
            for column in range(stride):
                columns, first_column, to_column = _phase(column, stride, padding[1], kernel.shape[3])
                part = kernel[:, :, rows][:, :, :, columns]
                places = (first_row, first_column, stride, to_row, to_column, 1)
                self._scatter(part.transpose(1, 2, 3, 0), places, width)
        return first, len(self.scatters) - first

    def backward(self, kernel: Float32, stride: int, padding: tuple[int, int], *, width: int) -> int:
        """Pack it for the gradient of its input, of that width; return the number of its record."""
        self._scatter(kernel.transpose(0, 2, 3, 1), (0, 0, 1, -padding[0], -padding[1], stride), width)
        return len(self.scatters) - 1

    def _scatter(self, kernel: Float32, places: tuple[int, ...], width: int) -> None:
        """Append a kernel [events, rows, columns, reached] and its record."""
        events, rows, columns, reached = kernel.shape
        row_size = _padded(columns * width)
        taps = np.zeros((events, rows, columns, width), dtype=np.float32)
        taps[..., :reached] = kernel
        at = self.add(taps.reshape(events, rows, columns * width), row_size)
        self.scatters.append((*places, rows, columns, row_size, at))

    def image(self, kernel: Float32) -> int:
        """Pack it for ``stem``: all inputs of a tap, then those of the next; return the offset."""
        return self.add(kernel.transpose(2, 3, 1, 0), _padded(kernel.shape[0]))

    def image_back(self, kernel: Float32) -> int:
        """Pack it for the way back there: all taps of an output channel, then those of the next."""
        taps = kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1)
        return self.add(taps, taps_width(taps.shape[1]))


def _phase(phase: int, stride: int, padding: int, size: int) -> tuple[list[int], int, int]:
    """Say which taps inputs of one phase meet, first output first; the first such input; that output."""
    taps = list(range(phase, size, stride))[::-1]
    first = (phase - padding) % stride
    return taps, first, (first + padding - phase) // stride - (len(taps) - 1)


def _padded(channels: int) -> int:
    return -(-channels // LANES) * LANES
