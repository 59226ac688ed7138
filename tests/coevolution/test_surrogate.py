"""The surrogate model against another implementation and against itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from ccsrp.coevolution.gaussian import FIRST_NOISE
from ccsrp.coevolution.surrogate import Surrogate

SIZES = (4, 7, 3)


def sample(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    masks = np.unique(rng.random((count, sum(SIZES))) < 0.6, axis=0)
    weights = rng.random((sum(SIZES), 2))
    return masks, masks @ weights + 0.1 * masks[:, :1] * masks[:, 5:6]


def test_it_is_scikit_learns_regression_with_a_radial_kernel_on_bits() -> None:
    masks, values = sample(40)
    queries, _ = sample(25, seed=1)
    ours = Surrogate(SIZES)
    ours.fit(masks, values, tune=False)
    guess = ours.guess(queries)
    # Squared distance of bits is their Hamming distance: a rate is 1 / (2 * length**2).
    rates = np.repeat([2.0 / (size * len(SIZES)) for size in SIZES], SIZES)
    theirs = GaussianProcessRegressor(RBF(np.sqrt(0.5 / rates)), alpha=FIRST_NOISE, optimizer=None)
    for column in range(2):
        mean, spread = values[:, column].mean(), values[:, column].std()
        targets = (values[:, column] - mean) / spread
        theirs.fit(masks.astype(float), targets)
        expected, deviation = theirs.predict(queries.astype(float), return_std=True)
        np.testing.assert_allclose(guess.mean[:, column], expected * spread + mean, atol=1e-8)
        # Ours estimates the scale of the covariance as well.
        covariance = theirs.kernel_(masks.astype(float)) + FIRST_NOISE * np.eye(len(masks))
        scale = targets @ np.linalg.solve(covariance, targets) / len(targets)
        np.testing.assert_allclose(guess.deviation[:, column], np.sqrt(scale) * deviation * spread, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), tune=st.booleans())
def test_changes_by_flips_are_differences_of_guesses(seed: int, tune: bool) -> None:
    masks, values = sample(30, seed=seed)
    surrogate = Surrogate(SIZES)
    surrogate.fit(masks, values, tune=tune)
    some = masks[:3]
    changes = np.stack(surrogate.change_by_flip(some), axis=2)
    flipped = some[:, None, :] ^ np.eye(sum(SIZES), dtype=bool)
    after = surrogate.guess(flipped.reshape(-1, sum(SIZES))).mean.reshape(3, sum(SIZES), 2)
    np.testing.assert_allclose(changes, after - surrogate.guess(some).mean[:, None], atol=1e-4)


def test_tuning_finds_the_layer_that_matters() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((120, sum(SIZES))) < 0.5
    parity = masks[:, :4].sum(axis=1) % 2  # only the first layer, and every filter of it
    surrogate = Surrogate(SIZES)
    for _ in range(30):
        surrogate.fit(masks, parity[:, None].astype(float))
    rates = np.exp(surrogate._processes[0].kernel.rates)
    assert rates[0] > 5 * max(rates[1:])


def test_unseen_masks_are_less_sure_than_seen_ones() -> None:
    masks, values = sample(60)
    surrogate = Surrogate(SIZES)
    surrogate.fit(masks[:40], values[:40])
    seen, unseen = surrogate.guess(masks[:40]).deviation, surrogate.guess(masks[40:]).deviation
    assert (seen.max(axis=0) < np.median(unseen, axis=0)).all()


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_values_that_are_all_the_same_are_no_trouble(value: float) -> None:
    masks, values = sample(20)
    surrogate = Surrogate(SIZES)
    surrogate.fit(masks, np.full_like(values, value))
    assert np.isfinite(surrogate.guess(masks).deviation).all()
    assert surrogate.guess(masks).mean == pytest.approx(value)
    assert not np.any(surrogate.change_by_flip(masks))


def test_inputs_are_left_as_they_were() -> None:
    masks, values = sample(20)
    before = masks.copy(), values.copy()
    surrogate = Surrogate(SIZES)
    surrogate.fit(masks, values)
    surrogate.guess(masks)
    surrogate.change_by_flip(masks)
    assert (masks == before[0]).all()
    assert (values == before[1]).all()


def test_what_it_learned_before_makes_no_difference_to_what_it_guesses() -> None:
    masks, values = sample(200)
    queries, _ = sample(10, seed=1)
    bit_by_bit, at_once = Surrogate(SIZES), Surrogate(SIZES)
    for count in (1, 50, 66, 130, len(masks), 90, len(masks)):
        bit_by_bit.fit(masks[:count], values[:count], tune=False)
    at_once.fit(masks, values, tune=False)
    assert (bit_by_bit.guess(queries).mean == at_once.guess(queries).mean).all()
    assert (bit_by_bit.guess(queries).deviation == at_once.guess(queries).deviation).all()
