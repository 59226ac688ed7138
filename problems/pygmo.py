"""Pruning problems for pygmo: an object of the shape that ``pygmo.problem`` takes.

Pygmo need not be installed to make one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ccsrp.space import BoolArray, FloatArray
from problems.base import PruningProblem

__all__ = ["PygmoPruning"]


class PygmoPruning:
    """A pruning problem as a pygmo user-defined problem (UDP) of ``n_var`` integers from 0 to 1.

    A decision vector is cut at 0.5. One that leaves a layer without filters gets the worst value of every
    objective.

    Parameters
    ----------
    problem : PruningProblem

    Examples
    --------
    >>> from problems import TabularPruning
    >>> udp = PygmoPruning(TabularPruning("digits-14"))
    >>> udp.get_nobj(), udp.get_nix(), udp.fitness([1.0] * 14).round(3).tolist()
    (3, 14, [0.013, 0.17, 1.0])
    """

    def __init__(self, problem: PruningProblem) -> None:
        self.problem = problem

    def fitness(self, vector: ArrayLike) -> FloatArray:
        """Judge one decision vector, [n_var] -> float64 [n_obj]."""
        return self.batch_fitness(vector)

    def batch_fitness(self, vectors: ArrayLike) -> FloatArray:
        """Judge decision vectors laid end to end, [N * n_var] -> float64 [N * n_obj]."""
        values = np.asarray(vectors, dtype=float).reshape(-1, self.problem.n_var)
        answer: FloatArray = np.asarray(self.problem.evaluate(values, return_values_of=["F"])).ravel()
        return answer

    def has_batch_fitness(self) -> bool:
        """Tell pygmo that many vectors can be judged in one call."""
        return True

    def get_bounds(self) -> tuple[list[float], list[float]]:
        """Return the least and the largest value of each variable."""
        size = int(self.problem.n_var)
        return [0.0] * size, [1.0] * size

    def get_nobj(self) -> int:
        """Return the number of objectives."""
        return int(self.problem.n_obj)

    def get_nix(self) -> int:
        """Return the number of integer variables: all."""
        return int(self.problem.n_var)

    def get_name(self) -> str:
        """Return the name that pygmo prints."""
        return type(self.problem).__name__

    def masks(self, vectors: ArrayLike) -> BoolArray:
        """Return decision vectors, [N, n_var], as masks."""
        masks: BoolArray = np.asarray(vectors, dtype=float).reshape(-1, self.problem.n_var) > 0.5
        return masks
