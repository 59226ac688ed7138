"""Attacks that stop because the archive already dominates the best that can come of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ccsrp
from ccsrp.coevolution.archive import Archive
from ccsrp.evaluation.bound import dominated, stop_when_dominated
from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.evaluation.interface import BoundedEvaluator, Evaluation, evaluate_checked
from ccsrp.space import FilterSpace
from problems import DigitsPruning
from tests.conftest import SumProblem


class Falling:
    """A made-up evaluator: each mask loses its images one by one, and gives up when told to."""

    images = 12

    def __init__(self, seed: int) -> None:
        self.space = FilterSpace(names=("a", "b"), sizes=(4, 4))
        self._seed = seed
        self.looked_at = 0

    def evaluate(self, masks: np.ndarray, /) -> np.ndarray:
        return self.evaluate_bounded(masks, np.empty((0, 3))).objectives

    def evaluate_bounded(self, masks: np.ndarray, known: np.ndarray, /) -> Evaluation:
        rows = [self._judge(mask, known) for mask in masks]
        bounds = np.array([row for row, _ in rows]).reshape(-1, 3)
        return Evaluation(bounds, np.array([c for _, c in rows], dtype=bool), bounds)

    def _judge(self, mask: np.ndarray, known: np.ndarray) -> tuple[list[float], bool]:
        rng = np.random.default_rng([self._seed, *np.packbits(mask).tolist()])
        right = int(rng.integers(0, self.images + 1))
        survive = rng.random(right) < rng.random()
        cost = float(mask.mean())
        hopeless = stop_when_dominated(known, cost)
        possible = right
        for survives in (True, *survive):
            possible -= not survives
            self.looked_at += 1
            if hopeless is not None and hopeless(right / self.images, possible / self.images):
                return [1 - right / self.images, 1 - possible / self.images, cost], False
        return [1 - right / self.images, 1 - possible / self.images, cost], True


def masks_in_batches(seed: int, sizes: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    space = Falling(0).space
    return [space.random(size, keep=rng.uniform(0.2, 1, size), rng=rng) for size in sizes]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=12),
)
def test_the_archive_of_a_sequence_is_the_same_point_for_point(seed: int, sizes: list[int]) -> None:
    evaluator, twin = Falling(seed), Falling(seed)
    with_stops, without = (Archive(n_var=evaluator.space.n_var, reference_point=np.ones(3)) for _ in range(2))
    for masks in masks_in_batches(seed, sizes):
        known = with_stops.objectives
        answer = evaluator.evaluate_bounded(masks, known)
        truth = twin.evaluate(masks)
        assert (answer.objectives[answer.complete] == truth[answer.complete]).all()
        assert (answer.objectives <= truth).all(), "a bound is the best that is possible"
        for row in answer.objectives[~answer.complete]:
            assert dominated(row, known)
        with_stops.add(masks[answer.complete], answer.objectives[answer.complete])
        without.add(masks, truth)
        assert (with_stops.masks == without.masks).all()
        assert (with_stops.objectives == without.objectives).all()
    assert evaluator.looked_at <= twin.looked_at


@pytest.mark.parametrize("attack", ["digits", "digits_standard"])
def test_on_a_real_network(attack: str, request: pytest.FixtureRequest) -> None:
    problem: DigitsPruning = request.getfixturevalue(attack)
    rng = np.random.default_rng(8)
    masks = problem.space.random(30, keep=rng.uniform(0.5, 1, 30), rng=rng)
    truth = problem.evaluate(masks)
    archive = Archive(n_var=problem.space.n_var, reference_point=np.ones(3))
    archive.add(masks[:10], truth[:10])
    answer = problem.evaluate_bounded(masks[10:], archive.objectives)
    assert 0 < answer.complete.sum() < 20
    assert (answer.objectives[answer.complete] == truth[10:][answer.complete]).all()
    assert (answer.objectives <= truth[10:]).all()
    assert (answer.objectives <= answer.expected).all(), "nothing is expected that is not possible"
    assert (answer.expected[answer.complete] == truth[10:][answer.complete]).all()
    assert np.abs(answer.expected - truth[10:]).max() < 0.3, "a guess, but no wild one"
    both = Archive(n_var=problem.space.n_var, reference_point=np.ones(3))
    both.add(masks, truth)
    archive.add(masks[10:][answer.complete], answer.objectives[answer.complete])
    assert (archive.objectives == both.objectives).all()


def test_how_a_batch_is_split_changes_no_bit(digits: DigitsPruning) -> None:
    masks = digits.space.random(8, keep=0.8, rng=np.random.default_rng(2))
    known = digits.evaluate(masks[:2])
    whole = digits.evaluate_bounded(masks, known)
    parts = [digits.evaluate_bounded(masks[i : i + 3], known) for i in (0, 3, 6)]
    assert (np.concatenate([part.objectives for part in parts]) == whole.objectives).all()
    assert (np.concatenate([part.complete for part in parts]) == whole.complete).all()


def test_nothing_known_stops_nothing(digits: DigitsPruning) -> None:
    masks = digits.space.random(3, keep=0.7, rng=np.random.default_rng(1))
    answer = digits.evaluate_bounded(masks, np.empty((0, 3)))
    assert answer.complete.all()
    assert (answer.objectives == digits.evaluate(masks)).all()


def test_the_cache_keeps_bounds_for_as_long_as_they_hold() -> None:
    inner = Falling(3)
    cached = CachedEvaluator(inner)
    assert isinstance(cached, BoundedEvaluator)
    masks = np.unique(masks_in_batches(1, [40])[0], axis=0)
    truth = Falling(3).evaluate(masks)
    known = truth[truth.sum(axis=1).argsort()[:3]]
    first = cached.evaluate_bounded(masks, known)
    assert 0 < cached.stopped < len(masks) == cached.count
    looked_at = inner.looked_at
    again = cached.evaluate_bounded(masks, known)
    assert inner.looked_at == looked_at, "a bound that still holds is not measured again"
    assert (again.objectives == first.objectives).all()
    assert (again.complete == first.complete).all()
    assert (cached.evaluate(masks) == truth).all(), "who wants the truth gets it"
    assert cached.stopped == 0
    assert cached.count == len(masks)


def test_evaluators_that_cannot_stop_are_asked_for_everything(sum_problem: SumProblem) -> None:
    masks = sum_problem.space.random(4, keep=0.5, rng=np.random.default_rng(0))
    answer = evaluate_checked(sum_problem, masks, np.zeros((1, 3)))
    assert answer.complete.all()
    assert (answer.objectives == SumProblem().evaluate(masks)).all()


@pytest.mark.parametrize("stop", [True, False])
def test_a_search_says_how_many_it_stopped(stop: bool, digits: DigitsPruning) -> None:
    result = ccsrp.search(digits, budget=60, stop_dominated=stop)
    stopped = result.history["stopped"]
    assert (stopped.iloc[-1] > 0) == stop
    assert (stopped.diff().dropna() >= 0).all()
    truth = digits.evaluate(result.archive.masks)
    assert (truth == result.archive.objectives).all(), "the front holds no bounds"
