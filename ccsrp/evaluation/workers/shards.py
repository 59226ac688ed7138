"""How the masks of one call are shared out among workers of different speed, and put together again.

Pure bookkeeping, without Ray: who gets how many, what a death means for the masks that went with it, and
where each answer belongs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import islice

import numpy as np

from ccsrp.evaluation.interface import OBJECTIVES, Evaluation
from ccsrp.space import FloatArray

__all__ = ["Answers", "Shards", "shard_size"]

# A shard is this fraction, 1 / FACTOR, of what would end all work at once: the rest evens out what was
# misjudged, and shards grow shorter towards the end.
FACTOR = 2
# Sending a shard and its answer takes about a millisecond, so none lasts less than this while many are left;
# nor more than that, for it is lost when its worker dies.
SHORTEST_SECONDS = 0.02
LONGEST_SECONDS = 30.0
# A mask that killed this many workers, alone with them, is given up.
MOST_DEATHS = 2


def shard_size(left: int, *, speed: float | None, speeds: Sequence[float | None]) -> int:
    """Return how many of ``left`` masks a worker is given next.

    Parameters
    ----------
    left : int
        Masks that no worker has yet, at least 1.
    speed : float, optional
        Masks a second of this worker, ``None`` while it is not measured: then it gets a single mask.
    speeds : sequence of float or None
        Those of all workers at work, this one among them; what is not known is taken to be the mean.

    Examples
    --------
    >>> shard_size(100, speed=None, speeds=[None, 10.0])
    1
    >>> [shard_size(100, speed=speed, speeds=[10.0, 30.0]) for speed in (10.0, 30.0)]
    [13, 38]
    >>> [shard_size(left, speed=10.0, speeds=[10.0, 30.0]) for left in (40, 8, 1)]
    [5, 1, 1]
    """
    if speed is None:
        return 1
    known = [one for one in speeds if one is not None] or [speed]
    everyone = sum(known) * len(speeds) / len(known)
    size = math.ceil(left * speed / (FACTOR * max(everyone, speed)))
    return max(1, min(max(size, int(speed * SHORTEST_SECONDS)), int(speed * LONGEST_SECONDS), left))


class Shards:
    """The masks of one call, by number, until each is answered or given up.

    Parameters
    ----------
    count : int
        How many masks there are.
    """

    def __init__(self, count: int) -> None:
        self._fresh = deque(range(count))
        self._suspects: deque[int] = deque()
        self._deaths = [0] * count
        self._open = count

    @property
    def finished(self) -> bool:
        """Whether every mask was answered or given up."""
        return self._open == 0

    def take(self, speed: float | None, speeds: Sequence[float | None]) -> tuple[int, ...]:
        """Return the masks that a worker is given next, none if all are with workers: see ``shard_size``."""
        # Those that were with a worker that died go alone, so that the next death tells who it was, and
        # first, so that they do not keep everyone waiting in the end.
        if self._suspects:
            return (self._suspects.popleft(),)
        if not self._fresh:
            return ()
        size = shard_size(len(self._fresh), speed=speed, speeds=speeds)
        shard = tuple(islice(self._fresh, size))
        for _ in shard:
            self._fresh.popleft()
        return shard

    def answered(self, shard: Sequence[int]) -> None:
        """Note that the answers to a shard are here."""
        self._open -= len(shard)

    def lost(self, shard: Sequence[int], *, blamed: bool) -> tuple[int, ...]:
        """Note that the worker of a shard died, and return the masks that are given up.

        Parameters
        ----------
        shard : sequence of int
        blamed : bool
            Whether the masks may have killed it, as they cannot have where its whole node went.
        """
        if blamed and len(shard) == 1:
            (mask,) = shard
            self._deaths[mask] += 1
            if self._deaths[mask] >= MOST_DEATHS:
                self._open -= 1
                return (mask,)
        self._suspects.extend(shard)
        return ()


class Answers:
    """The answers to the masks of one call, in the order of the masks whatever that of their arrival."""

    def __init__(self, count: int) -> None:
        # The worst there is, until something better is known.
        self._objectives: FloatArray = np.ones((count, len(OBJECTIVES)))
        self._expected: FloatArray = np.ones((count, len(OBJECTIVES)))
        self._complete = np.zeros(count, dtype=bool)
        self._failures = [""] * count
        self._seconds = np.zeros(count)
        self._workers = [""] * count

    def add(self, shard: Sequence[int], answer: Evaluation, *, worker: str) -> None:
        """Put the answer to a shard in its place."""
        rows = list(shard)
        self._objectives[rows] = answer.objectives
        self._expected[rows] = answer.expected
        self._complete[rows] = answer.complete
        self._seconds[rows] = 0.0 if answer.seconds is None else answer.seconds
        for place, row in enumerate(rows):
            self._failures[row] = answer.failures[place] if answer.failures else ""
            self._workers[row] = worker

    def fail(self, mask: int, reason: str, *, worker: str, seconds: float) -> None:
        """Note that a mask could not be judged: it keeps the worst objectives."""
        self._failures[mask] = reason
        self._seconds[mask] = seconds
        self._workers[mask] = worker

    def evaluation(self) -> Evaluation:
        """Return all answers."""
        return Evaluation(
            self._objectives,
            self._complete,
            self._expected,
            tuple(self._failures),
            self._seconds,
            tuple(self._workers),
        )
