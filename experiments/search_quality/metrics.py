"""Figures of merit of one run, from the objectives it saw in order."""

from __future__ import annotations

from dataclasses import dataclass

import moocore
import numpy as np

from ccsrp.space import FloatArray

__all__ = ["BUDGETS", "Course", "effect_size"]

BUDGETS = (100, 250, 500, 1000, 2000, 4000)


@dataclass(frozen=True)
class Course:
    """How the hypervolume of a run grew: after ``evaluations[i]`` masks it was ``hypervolume[i]``.

    A run that found no new masks any more has seen fewer than its ``budget``.
    """

    evaluations: np.ndarray
    hypervolume: FloatArray
    objectives: FloatArray
    budget: int

    @classmethod
    def of(cls, objectives: FloatArray, *, budget: int) -> Course:
        front = np.empty((0, 3))
        evaluations, volumes = [], []
        for number, point in enumerate(objectives, start=1):
            if (front <= point).all(axis=1).any():
                continue
            front = np.vstack([front[~(point <= front).all(axis=1)], point])
            evaluations.append(number)
            volumes.append(moocore.hypervolume(front, ref=np.ones(3)))
        return cls(np.array(evaluations), np.array(volumes), objectives, budget)

    def at(self, budget: int) -> float:
        """Return the hypervolume after ``budget`` masks."""
        place = np.searchsorted(self.evaluations, budget, side="right") - 1
        return float(self.hypervolume[place])

    def until(self, hypervolume: float) -> float:
        """Return the masks it took to reach that hypervolume; infinity if it never did."""
        place = np.searchsorted(self.hypervolume, hypervolume - 1e-12)
        return float(self.evaluations[place]) if place < len(self.evaluations) else np.inf

    def igd_plus(self, budget: int, reference: FloatArray) -> float:
        """Return IGD+ (Ishibuchi et al. 2015) of the masks seen by then."""
        return float(moocore.igd_plus(self.objectives[:budget], ref=reference))


def effect_size(ours: FloatArray, theirs: FloatArray) -> float:
    """Return Vargha and Delaney's A12: how often one of ours is larger than one of theirs, ties half."""
    larger = (ours[:, None] > theirs[None]).mean()
    return float(larger + 0.5 * (ours[:, None] == theirs[None]).mean())
