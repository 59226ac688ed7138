"""A conformance suite: what everyone who meets a pruning problem relies on, as tests.

Needs pytest. Subclass it in your own test module::

    class TestMyPruning(ProblemConformance):
        @classmethod
        def make_problem(cls):
            return MyPruning(images=20)
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation
from pymoo.operators.sampling.rnd import BinaryRandomSampling
from pymoo.optimize import minimize

from ccsrp.errors import MaskError
from ccsrp.evaluation.bound import dominated
from ccsrp.space import BoolArray
from problems.base import PruningProblem

__all__ = ["ProblemConformance"]

# Fronts longer than this are compared on a sample.
COMPARED = 3000


class ProblemConformance:
    """Tests that a ``PruningProblem`` passes if searches may rely on it.

    Override ``make_problem``; it is called twice, and must give equal problems. ``checked`` is how many
    random masks are judged, beside the dense one.
    """

    checked = 8

    @classmethod
    def make_problem(cls) -> PruningProblem:
        """Build the problem under test."""
        raise NotImplementedError("override make_problem")

    @pytest.fixture(scope="class")
    @classmethod
    def problem(cls) -> PruningProblem:
        """Build what all tests of the class share."""
        return cls.make_problem()

    @pytest.fixture(scope="class")
    @classmethod
    def masks(cls, problem: PruningProblem) -> BoolArray:
        """Draw the dense mask and random ones."""
        rng = np.random.default_rng(0)
        drawn = problem.space.random(cls.checked, keep=rng.uniform(0.2, 0.95, cls.checked), rng=rng)
        return np.concatenate([problem.space.full()[None], drawn])

    def test_it_says_what_it_is(self, problem: PruningProblem) -> None:
        """Names, numbers and the reference point fit together."""
        assert problem.n_var == problem.space.n_var
        assert problem.n_obj == len(problem.objectives) == len(problem.reference_point)
        assert np.isfinite(problem.reference_point).all()

    def test_answers_are_float64_in_bounds(self, problem: PruningProblem, masks: BoolArray) -> None:
        """One row a mask, each value from 0 to the reference point."""
        answers = problem.evaluate(masks)
        assert answers.dtype == np.float64
        assert answers.shape == (len(masks), problem.n_obj)
        assert (answers >= 0).all()
        assert (answers <= problem.reference_point).all()

    def test_no_masks_get_no_answers(self, problem: PruningProblem) -> None:
        """An empty batch is no error."""
        assert problem.evaluate(np.empty((0, problem.n_var), dtype=bool)).shape == (0, problem.n_obj)

    def test_it_is_pure(self, problem: PruningProblem, masks: BoolArray) -> None:
        """Masks are not changed, answers do not change, global random numbers are not drawn."""
        given = masks.copy()
        first = problem.evaluate(given)
        assert (given == masks).all()
        before = _global_random_state()
        second = problem.evaluate(given)
        assert _global_random_state() == before
        assert (first == second).all()

    def test_it_is_deterministic(self, problem: PruningProblem, masks: BoolArray) -> None:
        """Another instance gives the same answers, to the last bit."""
        assert (self.make_problem().evaluate(masks) == problem.evaluate(masks)).all()

    def test_company_does_not_matter(self, problem: PruningProblem, masks: BoolArray) -> None:
        """An answer is the same alone, in another order, and beside a copy of itself."""
        answers = problem.evaluate(masks)
        order = np.random.default_rng(1).permutation(len(masks))
        assert (problem.evaluate(masks[order]) == answers[order]).all()
        assert (problem.evaluate(masks[:1]) == answers[:1]).all()
        twice = problem.evaluate(np.concatenate([masks[:2], masks[:2]]))
        assert (twice == np.concatenate([answers[:2], answers[:2]])).all()

    def test_wrong_masks_are_refused(self, problem: PruningProblem) -> None:
        """Another dtype, another shape, a layer without filters."""
        dense = problem.space.full()
        emptied = dense.copy()
        emptied[problem.space.slices[0]] = False
        for wrong in (dense.astype(float)[None], dense, dense[None, :-1], emptied[None]):
            with pytest.raises(MaskError):
                problem.evaluate(wrong)

    def test_costs_told_beforehand_are_those_of_the_answers(
        self, problem: PruningProblem, masks: BoolArray
    ) -> None:
        """``exact_cost`` is the last column, or nothing."""
        costs = problem.exact_cost(masks)
        if costs is not None:
            assert (costs == problem.evaluate(masks)[:, -1]).all()

    def test_bounded_answers_are_true_or_bounds(self, problem: PruningProblem, masks: BoolArray) -> None:
        """Complete rows are those of ``evaluate``; others are no worse than it, and dominated."""
        answers = problem.evaluate(masks)
        known = answers[: len(masks) // 2]
        bounded = problem.evaluate_bounded(masks, known)
        assert (bounded.objectives[bounded.complete] == answers[bounded.complete]).all()
        rest = ~bounded.complete
        assert (bounded.objectives[rest] <= answers[rest]).all()
        assert all(dominated(row, known) for row in bounded.objectives[rest])

    def test_reports_name_each_mask(self, problem: PruningProblem, masks: BoolArray) -> None:
        """One row a mask, with the mask as a string that can be read back."""
        table = problem.report(masks[:2], problem.evaluate(masks[:2]))
        assert [problem.space.from_string(text).tolist() for text in table["mask"]] == masks[:2].tolist()

    def test_pymoo_searches_it(self, problem: PruningProblem) -> None:
        """NSGA-II of pymoo runs on it, empty layers and all."""
        algorithm = NSGA2(
            pop_size=4,
            sampling=BinaryRandomSampling(),
            crossover=UniformCrossover(),
            mutation=BitflipMutation(),
        )
        result = minimize(problem, algorithm, ("n_gen", 2), seed=1)
        assert result.F.shape[1] == problem.n_obj

    def test_a_known_front_is_the_front(self, problem: PruningProblem, masks: BoolArray) -> None:
        """If there is one: mutually non-dominated, reached by its set, beaten by no mask."""
        front = problem.pareto_front()
        if front is None:
            pytest.skip("the true front is not known")
        import moocore

        assert moocore.is_nondominated(front).all()
        true = getattr(problem, "true_objectives", problem.evaluate)
        some = np.random.default_rng(2).permutation(len(problem.pareto_set()))[:COMPARED]
        reached = {tuple(row) for row in true(problem.pareto_set()[some]).round(9)}
        assert reached <= {tuple(row) for row in front.round(9)}
        better = (true(masks)[:, None] <= front + 1e-9).all(axis=2) & (
            true(masks)[:, None] < front - 1e-9
        ).any(axis=2)
        assert not better.any()
        volume = getattr(problem, "max_hypervolume", None)
        if volume is not None:
            assert volume == pytest.approx(moocore.hypervolume(front, ref=problem.reference_point))
        assert (problem.ideal_point() == front.min(axis=0)).all()
        assert (problem.nadir_point() == front.max(axis=0)).all()


def _global_random_state() -> tuple[Any, ...]:
    """Return where Python's and numpy's global random numbers stand."""
    name, keys, place, *rest = np.random.get_state()
    return random.getstate(), name, np.asarray(keys).tobytes(), place, *rest
