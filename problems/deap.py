"""Pruning problems for DEAP: a toolbox with everything that its algorithms ask for.

DEAP's operators draw from Python's ``random`` module, and so do these: seed it to repeat a run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from deap import base, tools

from ccsrp.errors import OptionError
from ccsrp.space import BoolArray
from problems.base import PruningProblem

__all__ = ["DeapPruning"]


class DeapPruning:
    """A pruning problem as DEAP sees it: individuals are lists of bits with a fitness.

    Parameters
    ----------
    problem : PruningProblem

    Examples
    --------
    >>> from problems import TabularPruning
    >>> toolbox = DeapPruning(TabularPruning("digits-14")).toolbox()
    >>> individual = toolbox.individual(keep=1.0)
    >>> [round(value, 3) for value in toolbox.evaluate(individual)]
    [0.013, 0.17, 1.0]
    """

    def __init__(self, problem: PruningProblem) -> None:
        self.problem = problem

        class Fitness(base.Fitness):
            """One value an objective, all minimised."""

            weights = self.weights

        class Individual(list[bool]):
            """Bits of one mask."""

            def __init__(self, bits: Iterable[bool] = ()) -> None:
                super().__init__(bits)
                self.fitness = Fitness()

        self.Individual = Individual

    @property
    def weights(self) -> tuple[float, ...]:
        """DEAP's weights: -1 for each objective, which are minimised."""
        return (-1.0,) * int(self.problem.n_obj)

    def evaluate(self, individual: Sequence[bool]) -> tuple[float, ...]:
        """Judge one individual; for many at once, see ``map``."""
        return self.evaluate_many([individual])[0]

    def evaluate_many(self, individuals: Sequence[Sequence[bool]]) -> list[tuple[float, ...]]:
        """Judge individuals in one call of the problem."""
        if not individuals:
            return []
        return [tuple(row) for row in self.problem.evaluate(self.masks(individuals)).tolist()]

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> Iterable[Any]:
        """Stand in for ``map``: what would evaluate one by one is evaluated in one call."""
        inner = function.func if isinstance(function, partial) else function
        if inner == self.evaluate and len(iterables) == 1:
            return self.evaluate_many(list(iterables[0]))
        return map(function, *iterables)

    def individual(self, *, keep: float | tuple[float, float] = (0.5, 0.95)) -> Any:
        """Draw an individual that keeps each filter with probability ``keep``, or one between the two."""
        low, high = keep if isinstance(keep, tuple) else (keep, keep)
        if not 0 < low <= high <= 1:
            raise OptionError(f"keep must be a rate, or two, with 0 < low <= high <= 1, got {keep}")
        rate = random.uniform(low, high)
        return self._repaired(self.Individual(random.random() < rate for _ in range(self.problem.n_var)))

    def mate(self, first: Any, second: Any, *, rate: float = 0.5) -> tuple[Any, Any]:
        """Cross two individuals in place: each bit changes sides with probability ``rate``."""
        tools.cxUniform(first, second, rate)
        return self._repaired(first), self._repaired(second)

    def mutate(self, individual: Any, *, rate: float | None = None) -> tuple[Any]:
        """Flip each bit in place with probability ``rate``, by default that of one bit."""
        tools.mutFlipBit(individual, 1 / len(individual) if rate is None else rate)
        return (self._repaired(individual),)

    def _repaired(self, individual: Any) -> Any:
        """Put a filter back, at random, into every layer that has none."""
        for part in self.problem.space.slices:
            if not any(individual[part]):
                individual[random.randrange(part.start, part.stop)] = True
        return individual

    def toolbox(self) -> Any:
        """Return a DEAP toolbox: individual, population, evaluate, map, mate, mutate, select (NSGA-II)."""
        toolbox = base.Toolbox()
        toolbox.register("individual", self.individual)
        toolbox.register("population", tools.initRepeat, list, toolbox.individual)
        toolbox.register("evaluate", self.evaluate)
        toolbox.register("map", self.map)
        toolbox.register("mate", self.mate)
        toolbox.register("mutate", self.mutate)
        toolbox.register("select", tools.selNSGA2)
        return toolbox

    def masks(self, individuals: Sequence[Sequence[bool]]) -> BoolArray:
        """Return individuals as masks, bool [N, n_var]."""
        masks: BoolArray = np.array([list(individual) for individual in individuals], dtype=bool)
        return masks.reshape(-1, self.problem.n_var)
