"""The checked boundary and the cache."""

from __future__ import annotations

import numpy as np
import pytest

from ccsrp.errors import MaskError
from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.evaluation.interface import EvaluationError, Evaluator, evaluate_checked
from ccsrp.space import FilterSpace
from tests.conftest import SumProblem


class Answers:
    def __init__(self, answer: np.ndarray) -> None:
        self.space = FilterSpace(names=("a",), sizes=(3,))
        self.answer = answer

    def evaluate(self, masks, /):
        return self.answer


def test_problems_are_evaluators(sum_problem: SumProblem) -> None:
    assert isinstance(sum_problem, Evaluator)
    assert isinstance(CachedEvaluator(sum_problem), Evaluator)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (np.full((1, 3), np.nan), "must be finite"),
        (np.full((1, 3), np.inf), "must be finite"),
        (np.zeros((1, 2)), r"float64 \[1, 3\]"),
        (np.zeros((2, 3)), r"float64 \[1, 3\]"),
        (np.zeros((1, 3), dtype=np.float32), "float32"),
        (np.full((1, 3), None), "object"),
    ],
)
def test_wrong_answers_do_not_pass(answer: np.ndarray, says: str) -> None:
    with pytest.raises(EvaluationError, match=says):
        evaluate_checked(Answers(answer), np.ones((1, 3), dtype=bool))


def test_wrong_masks_do_not_pass() -> None:
    with pytest.raises(MaskError):
        evaluate_checked(Answers(np.zeros((1, 3))), np.ones((1, 4), dtype=bool))


def test_no_mask_is_evaluated_twice(sum_problem: SumProblem, rng: np.random.Generator) -> None:
    cached = CachedEvaluator(sum_problem)
    masks = sum_problem.space.random(6, keep=0.5, rng=rng)
    doubled = masks[[0, 1, 1, 2, 0, 3]]
    assert cached.unseen(doubled).tolist() == [True, True, False, True, False, True]
    answers = cached.evaluate(doubled)
    assert cached.count == len(sum_problem.seen) == 4
    more = cached.evaluate(masks)
    assert cached.count == len(sum_problem.seen) == 6
    expected = SumProblem().evaluate(masks)
    assert (answers == expected[[0, 1, 1, 2, 0, 3]]).all()
    assert (more == expected).all()


def test_an_empty_call_answers_with_no_rows(sum_problem: SumProblem) -> None:
    none = np.empty((0, sum_problem.space.n_var), dtype=bool)
    assert CachedEvaluator(sum_problem).evaluate(none).shape == (0, 3)


def test_callers_cannot_change_what_the_cache_knows(sum_problem: SumProblem) -> None:
    cached = CachedEvaluator(sum_problem)
    full = sum_problem.space.full()[None]
    first = cached.evaluate(full)
    kept = first.copy()
    first[:] = 9
    assert (cached.evaluate(full) == kept).all()
