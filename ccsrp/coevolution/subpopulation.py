"""One layer's subpopulation: pymoo's NSGA-II over the filters of that layer, by ask and tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator as PymooEvaluator
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.repair import Repair
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation
from pymoo.problems.static import StaticProblem

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.evaluation.interface import OBJECTIVES
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Subpopulation"]


class Subpopulation:
    """Evolves the masks of one layer.

    An individual carries, beside its part, the *company* it was judged in: the whole network that it was
    put into.

    Parameters
    ----------
    size : int
        Filters of the layer.
    settings : SearchSettings
    seed : int
        Fixes everything that happens here.
    """

    def __init__(self, size: int, *, settings: SearchSettings, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._keep_at_least = max(1, size - math.floor(settings.max_removed * size))
        self._offspring: Population = Population()
        self._algorithm = NSGA2(
            pop_size=settings.subpopulation_size,
            sampling=_initial_parts(size, settings, self._keep_at_least, rng),
            crossover=UniformCrossover(prob=settings.crossover_rate),
            # Every offspring is mutated; each filter flips with the bit-flip rate.
            mutation=BitflipMutation(prob=1.0, prob_var=settings.bit_flip_rate),
            repair=_KeepEnough(self._keep_at_least),
        )
        shell = Problem(n_var=size, n_obj=len(OBJECTIVES), xl=0, xu=1, vtype=bool)
        self._algorithm.setup(
            shell, termination=NoTermination(), seed=int(rng.integers(2**31)), verbose=False
        )

    def ask(self) -> BoolArray:
        """Create offspring (the first time: the initial individuals), bool [n, size].

        Fewer than the subpopulation's size, or none, when the layer has no other masks left.
        """
        asked = self._algorithm.ask()
        self._offspring = Population() if asked is None else asked
        return self._parts(self._offspring)

    def tell(self, judged: BoolArray, objectives: FloatArray, company: BoolArray) -> None:
        """Take the offspring's objectives and select the survivors.

        Parameters
        ----------
        judged : bool [n]
            Which offspring of the last ``ask`` were evaluated; the others are forgotten.
        objectives : float64 [sum(judged), 3]
        company : bool [sum(judged), n_var]
            Whole networks that they were judged in.
        """
        chosen = self._offspring[judged]
        if not len(chosen):
            return
        PymooEvaluator().eval(StaticProblem(self._algorithm.problem, F=objectives), chosen)
        for individual, whole in zip(chosen, company, strict=True):
            individual.set("company", whole)
        self._algorithm.tell(infills=chosen)

    @property
    def parts(self) -> BoolArray:
        """Masks of the survivors, bool [n, size]; none before the first ``tell``."""
        return self._parts(self._survivors)

    @property
    def objectives(self) -> FloatArray:
        """Standing of the survivors, float64 [n, 3]."""
        found: FloatArray = np.array([individual.F for individual in self._survivors])
        return found.reshape(-1, len(OBJECTIVES))

    @property
    def company(self) -> list[BoolArray]:
        """Whole networks that the survivors were judged in."""
        return [individual.get("company") for individual in self._survivors]

    def rejudge(self, index: int, objectives: FloatArray, company: BoolArray) -> None:
        """Renew the standing of one survivor; counts from the next ``tell`` on."""
        individual = self._survivors[index]
        individual.F = objectives
        individual.set("company", company)

    @property
    def _survivors(self) -> Population:
        survivors = self._algorithm.pop
        return Population() if survivors is None else survivors

    def _parts(self, population: Population) -> BoolArray:
        size = self._algorithm.problem.n_var
        return np.array([individual.X for individual in population], dtype=bool).reshape(-1, size)


def _initial_parts(
    size: int, settings: SearchSettings, keep_at_least: int, rng: np.random.Generator
) -> BoolArray:
    """Draw the first individuals: all filters, then keep rates from high to low."""
    low, high = settings.initial_keep
    rates = np.linspace(high, low, settings.subpopulation_size - 1)
    parts = np.ones((settings.subpopulation_size, size), dtype=bool)
    parts[1:] = rng.random((len(rates), size)) < rates[:, None]
    return _keep_enough(parts, keep_at_least, rng)


class _KeepEnough(Repair):
    """Puts filters back, at random, where a part kept fewer than it must."""

    def __init__(self, keep_at_least: int) -> None:
        super().__init__()
        self._keep_at_least = keep_at_least

    def _do(self, problem: Problem, X: BoolArray, *, random_state: Any = None, **kwargs: Any) -> BoolArray:  # noqa: N803
        return _keep_enough(X, self._keep_at_least, random_state)


def _keep_enough(parts: BoolArray, keep_at_least: int, rng: np.random.Generator) -> BoolArray:
    repaired = parts.copy()
    for part in repaired:
        missing = keep_at_least - int(part.sum())
        if missing > 0:
            part[rng.choice(np.flatnonzero(~part), size=missing, replace=False)] = True
    return repaired
