"""One layer's subpopulation: pymoo's NSGA-II over the filters of that layer, by ask and tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.repair import Repair
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.coevolution.snapshot import Snapshot, generator_state, restore_generator
from ccsrp.evaluation.interface import OBJECTIVES
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Subpopulation", "keep_enough", "least_kept"]

GOLDEN_RATIO = (5**0.5 - 1) / 2


class Subpopulation:
    """Evolves the masks of one layer.

    An individual carries, beside its part, the *company* it was judged in: the whole network that it was
    put into.

    Parameters
    ----------
    size : int
        Filters of the layer.
    settings : SearchSettings
    offspring : int
        How many to create at a time, after the first individuals.
    spread : int
        First individuals beyond the subpopulation's size, spread over all keep rates that are allowed.
    seed : int
        Fixes everything that happens here.
    """

    def __init__(
        self, size: int, *, settings: SearchSettings, offspring: int, spread: int, seed: int
    ) -> None:
        rng = np.random.default_rng(seed)
        self._keep_at_least = least_kept(size, settings)
        self._algorithm = NSGA2(
            pop_size=settings.subpopulation_size,
            n_offsprings=offspring,
            sampling=_initial_parts(size, settings, spread, self._keep_at_least, rng),
            crossover=UniformCrossover(prob=settings.crossover_rate),
            # Every offspring is mutated; each filter flips with the bit-flip rate.
            mutation=BitflipMutation(prob=1.0, prob_var=settings.bit_flip_rate),
            repair=_KeepEnough(self._keep_at_least),
            # The same part in other company is another network; whole networks are never evaluated twice.
            eliminate_duplicates=False,
        )
        shell = Problem(n_var=size, n_obj=len(OBJECTIVES), xl=0, xu=1, vtype=bool)
        self._algorithm.setup(
            shell, termination=NoTermination(), seed=int(rng.integers(2**31)), verbose=False
        )

    def ask(self) -> BoolArray:
        """Create offspring (the first time: the initial individuals), bool [n, size]."""
        return self._parts(self._algorithm.ask())

    def tell(self, parts: BoolArray, objectives: FloatArray, company: BoolArray) -> None:
        """Take judged parts and select the survivors; a part seen twice keeps its better standing.

        Parameters
        ----------
        parts : bool [n, size]
            Offspring of the last ``ask``, or parts of other networks that were judged.
        objectives : float64 [n, 3]
        company : bool [n, n_var]
            Whole networks that they were judged in.
        """
        survivors = [part.tobytes() for part in self.parts]
        standing = dict(zip(survivors, self.objectives.sum(axis=1).tolist(), strict=True))
        keys, sums = [part.tobytes() for part in parts], objectives.sum(axis=1)
        best: dict[bytes, int] = {}
        for row in np.argsort(sums, kind="stable").tolist():
            if keys[row] not in best and sums[row] < standing.get(keys[row], math.inf):
                best[keys[row]] = row
        rows = sorted(best.values())
        if not rows:
            return
        stay = np.array([key not in best for key in survivors], dtype=bool)
        if not stay.all():
            self._algorithm.pop = self._survivors[stay]
        told = Population.new(X=parts[rows], F=objectives[rows], company=company[rows])
        self._algorithm.tell(infills=told)

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

    def state(self) -> Snapshot:
        """Write down the survivors, their standing, and where the random numbers are."""
        survivors = self._survivors
        return Snapshot(
            {
                "parts": self.parts,
                "objectives": self.objectives,
                "company": np.array(self.company, dtype=bool).reshape(len(survivors), -1),
                "rank": np.array([individual.get("rank") for individual in survivors], dtype=np.int64),
                "crowding": np.array([individual.get("crowding") for individual in survivors], dtype=float),
            },
            {
                "generation": int(self._algorithm.n_iter or 0),
                "random": generator_state(self._algorithm.random_state),
            },
        )

    def restore(self, state: Snapshot, *, n_var: int) -> None:
        """Go on from what another subpopulation of the same layer and settings has written down."""
        size = self._algorithm.problem.n_var
        parts = state.array("parts", bool, None, size)
        count = len(parts)
        objectives = state.array("objectives", float, count, len(OBJECTIVES))
        company = state.array("company", bool, count, n_var)
        rank, crowding = (
            state.array("rank", np.int64, count),
            state.array("crowding", float, count, finite=False),
        )
        restore_generator(self._algorithm.random_state, state.value("random", str))
        self._algorithm.pop = Population.new(
            X=parts, F=objectives, company=company, rank=rank, crowding=crowding
        )
        self._algorithm.n_iter = state.count("generation")
        self._algorithm.is_initialized = count > 0

    @property
    def _survivors(self) -> Population:
        survivors = self._algorithm.pop
        return Population() if survivors is None else survivors

    def _parts(self, population: Population) -> BoolArray:
        size = self._algorithm.problem.n_var
        return np.array([individual.X for individual in population], dtype=bool).reshape(-1, size)


def _initial_parts(
    size: int, settings: SearchSettings, spread: int, keep_at_least: int, rng: np.random.Generator
) -> BoolArray:
    """Draw the first individuals: all filters, then rates from high to low, then those that are spread."""
    low, high = settings.initial_keep
    first = np.linspace(high, low, settings.subpopulation_size - 1)
    # Multiples of the golden ratio lie evenly however many of them the budget allows.
    removed = settings.max_removed * (np.arange(1, spread + 1) * GOLDEN_RATIO % 1)
    rates = np.concatenate([first, 1 - removed])
    parts = np.ones((1 + len(rates), size), dtype=bool)
    parts[1:] = rng.random((len(rates), size)) < rates[:, None]
    return keep_enough(parts, keep_at_least, rng)


class _KeepEnough(Repair):
    """Puts filters back, at random, where a part kept fewer than it must."""

    def __init__(self, keep_at_least: int) -> None:
        super().__init__()
        self._keep_at_least = keep_at_least

    def _do(self, problem: Problem, X: BoolArray, *, random_state: Any = None, **kwargs: Any) -> BoolArray:  # noqa: N803
        return keep_enough(X, self._keep_at_least, random_state)


def least_kept(size: int, settings: SearchSettings) -> int:
    """Return how many filters a layer of that size must keep."""
    return max(1, size - math.floor(settings.max_removed * size))


def keep_enough(parts: BoolArray, keep_at_least: int, rng: np.random.Generator) -> BoolArray:
    """Put filters back, at random, where a part, bool [n, size], kept fewer than it must."""
    repaired = parts.copy()
    missing = keep_at_least - parts.sum(axis=1)
    for row in np.flatnonzero(missing > 0):
        part = repaired[row]
        part[rng.choice(np.flatnonzero(~part), size=missing[row], replace=False)] = True
    return repaired
