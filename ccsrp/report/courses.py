"""How searches went on: hypervolume over evaluations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccsrp.report.record import RunRecord
from ccsrp.space import FloatArray

__all__ = ["HypervolumeCourse", "hypervolume_course"]

# Generations that are drawn at most; a picture shows no more.
MOST = 5000


@dataclass(frozen=True)
class HypervolumeCourse:
    """The hypervolume of a search's archive.

    Attributes
    ----------
    evaluations : float64 [N]
        Networks judged by the end of a generation, in all rounds until then.
    hypervolume : float64 [N]
        In [0, 1]; every round begins anew.
    round : int64 [N]
        From 1.
    """

    evaluations: FloatArray
    hypervolume: FloatArray
    round: NDArray[np.int64]


def hypervolume_course(record: RunRecord) -> HypervolumeCourse | None:
    """Collect the course of a run; ``None`` if it has no history."""
    history = record.history
    if history.empty:
        return None
    every = -(-len(history) // MOST)
    drawn = history[(np.arange(len(history)) % every == 0) | (np.arange(len(history)) == len(history) - 1)]
    ones = np.ones(len(drawn), dtype=np.int64)
    return HypervolumeCourse(
        evaluations=drawn["evaluations"].to_numpy(dtype=float),
        hypervolume=drawn["hypervolume"].to_numpy(dtype=float),
        round=drawn["round"].to_numpy(dtype=np.int64) if "round" in drawn else ones,
    )
