"""The growing factor against LAPACK, and against itself grown in other steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccsrp.coevolution.factor import GrowingFactor

SIZE = 230


def covariance(seed: int, *, noise: float = 1e-2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.random((SIZE, 3))
    squared = ((points[:, None] - points) ** 2).sum(axis=2)
    return np.exp(-squared) + noise * np.eye(SIZE)


def grown(matrix: np.ndarray, *sizes: int) -> GrowingFactor:
    factor = GrowingFactor()
    for size in sizes:
        assert factor.grow(size, lambda start, end: matrix[start:end, :end])
    return factor


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), size=st.integers(1, SIZE))
def test_it_solves_what_numpy_solves(seed: int, size: int) -> None:
    matrix = covariance(seed)
    factor = grown(matrix, size)
    right = np.random.default_rng(seed).random((size, 4))
    lower = np.linalg.cholesky(matrix[:size, :size])
    np.testing.assert_allclose(factor.solve(right), np.linalg.solve(lower, right), atol=1e-8)
    np.testing.assert_allclose(factor.solve_transposed(right), np.linalg.solve(lower.T, right), atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.integers(1, SIZE), max_size=6))
def test_how_it_grew_does_not_change_a_bit(steps: list[int]) -> None:
    matrix = covariance(1)
    right = np.random.default_rng(1).random((SIZE, 7))
    at_once, in_steps = grown(matrix, SIZE), grown(matrix, *sorted(steps), SIZE)
    assert (at_once.solve(right) == in_steps.solve(right)).all()
    assert (at_once.solve_transposed(right) == in_steps.solve_transposed(right)).all()


def test_only_new_rows_are_asked_for() -> None:
    matrix, asked = covariance(2), []

    def rows(start: int, end: int) -> np.ndarray:
        asked.append((start, end))
        return matrix[start:end, :end]

    factor = GrowingFactor()
    factor.grow(130, rows)
    factor.grow(140, rows)
    assert asked == [(0, 64), (64, 128), (128, 130), (128, 140)]


@pytest.mark.parametrize("size", [1, 100])
def test_what_is_not_positive_definite_is_refused(size: int) -> None:
    assert not GrowingFactor().grow(size, lambda start, end: -np.ones((end - start, end)))
