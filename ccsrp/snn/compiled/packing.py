"""Weights in the order in which events add them up."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ccsrp.snn.compiled.lanes import LANES
from ccsrp.snn.compiled.memory import aligned

__all__ = ["Packer"]

Float32: TypeAlias = NDArray[np.float32]


class Packer:
    """Collects weights into one array, and the gathers that read them.

    Attributes
    ----------
    gathers : list of tuple
        Rows of ``table.GATHER``.
    """

    # Up to so many input channels, a gradient is a dot product each: a group of 16 would mostly be padding.
    FEW_CHANNELS: ClassVar[int] = 4

    def __init__(self) -> None:
        self.gathers: list[tuple[int, ...]] = []
        self._parts: list[Float32] = []
        self._size = 0

    def array(self) -> Float32:
        """Return all weights, float32, starting at a cache line."""
        weights: Float32 = aligned(1, max(1, self._size))[0]
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

    def forward(self, kernel: Float32, stride: int, padding: tuple[int, int]) -> int:
        """Pack a kernel [out, in, rows, columns] for the forward pass; return the number of its gather."""
        at = self.add(kernel.transpose(2, 3, 1, 0), _padded(kernel.shape[0]))
        self.gathers.append((0, 0, 1, stride, -padding[0], -padding[1], *kernel.shape[2:], at))
        return len(self.gathers) - 1

    def backward(self, kernel: Float32, stride: int, padding: tuple[int, int]) -> tuple[int, int]:
        """Pack it for the gradient of its input, one gather for each place within a stride.

        Returns
        -------
        (first, count)
            Numbers of the gathers.
        """
        first = len(self.gathers)
        out, channels = kernel.shape[:2]
        for row in range(stride):
            rows, row_offset = _taps(row, stride, padding[0], kernel.shape[2])
            for column in range(stride):
                columns, column_offset = _taps(column, stride, padding[1], kernel.shape[3])
                if not rows or not columns:
                    continue
                part = kernel[:, :, rows][:, :, :, columns]
                if channels <= self.FEW_CHANNELS:
                    at = self.add(part.transpose(1, 2, 3, 0), _padded(out))
                else:
                    at = self.add(part.transpose(2, 3, 0, 1), _padded(channels))
                offsets = (row_offset, column_offset)
                self.gathers.append((row, column, stride, 1, *offsets, len(rows), len(columns), at))
        return first, len(self.gathers) - first


def _taps(place: int, stride: int, padding: int, size: int) -> tuple[list[int], int]:
    """List the taps that meet inputs ``m * stride + place``, first output last, and that output's offset."""
    taps = list(range((place + padding) % stride, size, stride))[::-1]
    return taps, (place + padding) // stride - (len(taps) - 1)


def _padded(channels: int) -> int:
    return -(-channels // LANES) * LANES
