"""How shares change in the course of a training."""

from __future__ import annotations

import math

__all__ = ["cosine", "cubic"]


def cosine(done: float) -> float:
    """Fall from 1 to 0 as ``done`` goes from 0 to 1, slowly at both ends.

    Examples
    --------
    >>> [round(cosine(done), 2) for done in (0, 0.25, 0.5, 1)]
    [1.0, 0.85, 0.5, 0.0]
    """
    return 0.5 * (1 + math.cos(math.pi * done))


def cubic(done: float, *, end: float) -> float:
    """Fall from 1 to ``end``, fast at first (Zhu & Gupta, arXiv 1710.01878).

    Examples
    --------
    >>> [round(cubic(done, end=0.2), 2) for done in (0, 0.5, 1)]
    [1.0, 0.3, 0.2]
    """
    return end + (1 - end) * (1 - done) ** 3
