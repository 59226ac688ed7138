"""A Cholesky factor that grows: new rows cost their own time, not that of all before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, solve_triangular

from ccsrp.space import FloatArray

__all__ = ["GrowingFactor"]

# Rows are factored in blocks of so many, always the same ones, so that a factor rounds alike however it grew.
BLOCK = 64
# Memory is taken for so many rows at a time.
ROOM = 500


class GrowingFactor:
    """The lower factor L of a symmetric positive definite matrix, L L' = K.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.array([[4.0, 2.0], [2.0, 5.0]])
    >>> factor = GrowingFactor()
    >>> factor.grow(2, lambda start, end: matrix[start:end, :end])
    True
    >>> factor.solve(np.array([[8.0], [13.0]])).ravel().tolist()
    [4.0, 4.5]
    """

    def __init__(self) -> None:
        self._rows = np.empty((0, 0))
        # Of the blocks on the diagonal: with them, all else is products of matrices.
        self._inverses: list[FloatArray] = []
        self.size = 0

    def grow(self, size: int, rows: Callable[[int, int], FloatArray]) -> bool:
        """Factor the first ``size`` rows of a matrix that begins as it did; tell whether that was possible.

        Parameters
        ----------
        rows : callable
            ``rows(start, end)`` are rows from ``start`` on up to their diagonal, [end - start, end].
        """
        whole = self.size - self.size % BLOCK
        del self._inverses[whole // BLOCK :]
        self._make_room(size, whole)
        self.size = whole
        for start in range(whole, size, BLOCK):
            end = min(start + BLOCK, size)
            given = rows(start, end)
            beside = self.solve(given[:, :start].T).T
            try:
                corner, _ = cho_factor(given[:, start:] - beside @ beside.T, lower=True, check_finite=False)
            except LinAlgError:
                return False
            self._rows[start:end, :start] = beside
            self._rows[start:end, start:end] = np.tril(corner)
            self._inverses.append(
                solve_triangular(corner, np.eye(end - start), lower=True, check_finite=False)
            )
            self.size = end
        return True

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve L x = right, [size, n]."""
        found = np.empty(right.shape)
        for block, inverse in enumerate(self._inverses):
            start = block * BLOCK
            end = start + len(inverse)
            found[start:end] = inverse @ (right[start:end] - self._rows[start:end, :start] @ found[:start])
        return found

    def solve_transposed(self, right: FloatArray) -> FloatArray:
        """Solve L' x = right, [size, n]."""
        found = np.empty(right.shape)
        for block in reversed(range(len(self._inverses))):
            inverse, start = self._inverses[block], block * BLOCK
            end = start + len(inverse)
            below = self._rows[end : self.size, start:end].T @ found[end:]
            found[start:end] = inverse.T @ (right[start:end] - below)
        return found

    def _make_room(self, size: int, kept: int) -> None:
        if size > len(self._rows):
            room = -(-size // ROOM) * ROOM
            rows = np.empty((room, room))
            rows[:kept, :kept] = self._rows[:kept, :kept]
            self._rows = rows
