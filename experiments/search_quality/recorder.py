"""What every algorithm is handed: a problem that remembers, in order, each different mask that it judged."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.core.problem import Problem

from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.space import BoolArray, FilterSpace, FloatArray
from problems import PruningProblem

__all__ = ["BudgetSpentError", "Recorder", "first_masks"]

# The same for all: the dense mask, then keep rates spread evenly between these two.
INITIAL_KEEP = (0.5, 0.95)
# An algorithm that asks for this many masks in a row that it has asked for before has nothing new to say.
PATIENCE = 5000


class BudgetSpentError(Exception):
    """All evaluations are used up, or no new mask comes any more."""


class Recorder:
    """Judges masks for one algorithm, each once, and stops it when the budget is spent.

    It is an ``Evaluator`` for ccsrp, ``judge`` serves the others.
    """

    def __init__(self, problem: PruningProblem, *, budget: int) -> None:
        self.problem = problem
        self.budget = budget
        self._cached = CachedEvaluator(problem)
        self._judged: list[FloatArray] = []
        self._repeated = 0

    @property
    def space(self) -> FilterSpace:
        return self.problem.space

    @property
    def objectives(self) -> FloatArray:
        """Objectives in the order of evaluation, float64 [N, 3]."""
        return np.concatenate(self._judged)[: self.budget]

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        return self.problem.exact_cost(masks)

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        fresh = self._cached.unseen(masks)
        answers = self._cached.evaluate(masks)
        self._judged.append(answers[fresh])
        return answers

    def judge(self, masks: BoolArray) -> FloatArray:
        """Judge masks of an algorithm that knows no layers: an empty one gets the worst of everything.

        Raises
        ------
        BudgetSpentError
        """
        worst = np.tile(self.problem.reference_point, (len(masks), 1))
        whole = ~self.space.empty_layers(masks)
        before = self._cached.count
        # No algorithm is told more than the budget buys.
        affordable = np.cumsum(self._cached.unseen(masks[whole])) <= self.budget - before
        worst[np.flatnonzero(whole)[affordable]] = self.evaluate(masks[whole][affordable])
        self._repeated = 0 if self._cached.count > before else self._repeated + len(masks)
        if self._cached.count >= self.budget or self._repeated >= PATIENCE:
            raise BudgetSpentError
        return worst

    def for_pymoo(self) -> Problem:
        """Return the problem as flat bits for pymoo's algorithms."""
        judge, shape = self.judge, (self.space.n_var, len(self.problem.objectives))

        class Flat(Problem):
            def __init__(self) -> None:
                super().__init__(n_var=shape[0], n_obj=shape[1], xl=0, xu=1, vtype=bool)

            def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
                out["F"] = judge(np.atleast_2d(x).astype(bool))

        return Flat()


def first_masks(space: FilterSpace, count: int, seed: int) -> BoolArray:
    """Draw the first masks of an algorithm with ``count`` individuals."""
    rng = np.random.default_rng(seed)
    low, high = INITIAL_KEEP
    masks = space.random(count, keep=np.linspace(high, low, count), rng=rng)
    masks[0] = True
    return masks
