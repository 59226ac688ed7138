"""A cheap guess of what a mask is worth: Gaussian processes on the Hamming distance of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, solve_triangular

from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.errors import RunError
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Guess", "Surrogate"]

# Hyperparameters are tuned on at most this many masks; more cost time and say little more about them.
TUNED_ON = 250
# Steps of tuning, in the logarithm, and the spread of the prior around where it starts.
STEP = 0.5
PRIOR_DEVIATION = 2.0
# Values that differ by less are the same.
ROUNDING = 1e-12
FIRST_NOISE, LEAST_NOISE = 1e-2, 1e-5
# Logarithms that tuning never comes near, and beyond which exponentials overflow.
FARTHEST = 30.0


@dataclass(frozen=True)
class Guess:
    """What masks are probably worth: mean and standard deviation, float64 [N, n_values] each."""

    mean: FloatArray
    deviation: FloatArray


@dataclass(frozen=True)
class _Kernel:
    """Covariance ``exp(-sum of rates where masks differ)``, and the noise on its diagonal, as logarithms."""

    rates: FloatArray  # [n_layers]
    noise: float

    def neighbours(self) -> list[_Kernel]:
        """Kernels with one of the logarithms a step up or down."""
        steps = np.concatenate([np.eye(len(self.rates)), -np.eye(len(self.rates))]) * STEP
        moved = [_Kernel(self.rates + step, self.noise) for step in steps]
        return [*moved, _Kernel(self.rates, self.noise + STEP), _Kernel(self.rates, self.noise - STEP)]


class Surrogate:
    """One Gaussian process for each value of a mask, with a rate for each layer.

    The covariance of two masks is ``exp(-sum_l rate_l * d_l)`` where ``d_l`` counts the filters of layer
    ``l`` in which they differ (a radial kernel on bits). Rates and noise are those of the highest marginal
    likelihood, found by small steps from one fit to the next (Rasmussen & Williams 2006, chapter 5).

    Parameters
    ----------
    sizes : sequence of int
        Filters of each layer.

    Examples
    --------
    >>> import numpy as np
    >>> masks = np.array([[0, 1], [1, 0], [1, 1]], dtype=bool)
    >>> surrogate = Surrogate([2])
    >>> surrogate.fit(masks, np.array([[0.5], [0.4], [0.1]]))
    >>> surrogate.guess(masks).mean.round(1).tolist()
    [[0.5], [0.4], [0.1]]
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = np.asarray(sizes)
        # Masks that differ in half of the filters are related by exp(-1) at first.
        self._start = _Kernel(np.log(2.0 / (self._sizes * len(self._sizes))), float(np.log(FIRST_NOISE)))
        self._kernels: list[_Kernel] = []

    def fit(self, masks: BoolArray, values: FloatArray, *, tune: bool = True) -> None:
        """Learn from masks, bool [N, n_var], and their values, float64 [N, n_values]."""
        self._masks = masks.astype(np.float32)
        self._mean, spread = values.mean(axis=0), values.std(axis=0)
        self._spread = np.where(spread > ROUNDING, spread, 1.0)
        targets = np.where(spread > ROUNDING, values - self._mean, 0.0) / self._spread
        self._kernels = self._kernels or [self._start] * values.shape[1]
        distances = self._distances(self._masks)
        if tune:
            some = np.linspace(0, len(masks) - 1, min(len(masks), TUNED_ON)).astype(int)
            within = distances[:, some[:, None], some]
            self._kernels = [
                self._tuned(kernel, within, target)
                for kernel, target in zip(self._kernels, targets[some].T, strict=True)
            ]
        self._factors, self._weights, self._scales = [], [], []
        for kernel, target in zip(self._kernels, targets.T, strict=True):
            factor = self._factor(kernel, distances)
            if factor is None:  # too little noise for so many masks
                factor = self._factor(_Kernel(kernel.rates, np.log(FIRST_NOISE)), distances)
            assert factor is not None
            half = solve_triangular(factor, target, lower=True, check_finite=False)
            self._factors.append(factor)
            self._weights.append(solve_triangular(factor, half, lower=True, trans=1, check_finite=False))
            self._scales.append(half @ half / len(half))

    def state(self) -> Snapshot:
        """Write down the rates and the noise of each value's process; what was learned from is not in it."""
        rates = np.array([kernel.rates for kernel in self._kernels]).reshape(-1, len(self._sizes))
        return Snapshot({"rates": rates, "noise": np.array([kernel.noise for kernel in self._kernels])})

    def restore(self, state: Snapshot, *, n_values: int) -> None:
        """Take rates and noise of that many values, or of none yet; the next ``fit`` starts from them."""
        rates = state.array("rates", float, None, len(self._sizes))
        if len(rates) not in (0, n_values):
            raise RunError(f"the stored state of the search does not fit: it has {len(rates)} surrogates")
        noise = state.array("noise", float, len(rates))
        if len(rates) and max(np.abs(rates - self._start.rates).max(), np.abs(noise).max()) > FARTHEST:
            raise RunError("the stored state of the search does not fit: no surrogate learns such rates")
        self._kernels = [_Kernel(rate, float(level)) for rate, level in zip(rates, noise, strict=True)]

    def guess(self, masks: BoolArray) -> Guess:
        """Guess the values of masks, bool [N, n_var]."""
        means, deviations = [], []
        distances = self._distances(masks.astype(np.float32))
        for place, kernel in enumerate(self._kernels):
            covariance = _covariance(kernel, distances)
            explained = solve_triangular(self._factors[place], covariance.T, lower=True, check_finite=False)
            left = np.clip(1 - np.einsum("ij,ij->j", explained, explained), 0, None)
            means.append(covariance @ self._weights[place])
            deviations.append(np.sqrt(self._scales[place] * left))
        return Guess(
            np.stack(means, axis=1) * self._spread + self._mean, np.stack(deviations, axis=1) * self._spread
        )

    def change_by_flip(self, masks: BoolArray) -> list[NDArray[np.float32]]:
        """Tell how the guessed means change with each single filter.

        Returns
        -------
        list of float32 [N, n_var]
            For each value, the mean after adding or removing that filter, less the mean of the mask as it is.
        """
        changes = []
        distances = self._distances(masks.astype(np.float32))
        removed = ~masks
        for place, kernel in enumerate(self._kernels):
            # A flip moves a mask nearer to those it differs from in that filter, away from the others.
            shares = _covariance(kernel, distances) * (self._weights[place] * self._spread[place])
            total = shares.sum(axis=1, keepdims=True, dtype=np.float32)
            alike = shares.astype(np.float32) @ self._masks
            np.subtract(total, alike, out=alike, where=removed)
            rates = np.exp(kernel.rates)
            nearer, farther = (
                np.repeat(np.expm1(r), self._sizes).astype(np.float32) for r in (rates, -rates)
            )
            alike *= farther - nearer
            alike += total * nearer
            changes.append(alike)
        return changes

    def _distances(self, masks: NDArray[np.float32]) -> FloatArray:
        """Count, layer by layer, where masks differ from those learned from: [n_layers, N, n], exact."""
        distances = np.empty((len(self._sizes), len(masks), len(self._masks)))
        ends = np.cumsum(self._sizes)
        for layer, (start, end) in enumerate(zip(ends - self._sizes, ends, strict=True)):
            some, others = masks[:, start:end], self._masks[:, start:end]
            # Whole numbers below 2**24: float32 holds them, and their sums in any order.
            distances[layer] = some.sum(axis=1)[:, None] + others.sum(axis=1) - 2 * (some @ others.T)
        return distances

    @staticmethod
    def _factor(kernel: _Kernel, distances: FloatArray) -> FloatArray | None:
        covariance = _covariance(kernel, distances)
        covariance[np.diag_indices_from(covariance)] += np.exp(kernel.noise)
        try:
            # It is symmetric: transposed it lies as LAPACK wants it, and is not copied. Above the factor's
            # diagonal remains what was there, which nobody reads.
            factor: FloatArray
            factor, _ = cho_factor(covariance.T, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None
        return factor

    def _tuned(self, kernel: _Kernel, distances: FloatArray, target: FloatArray) -> _Kernel:
        """Go to the best neighbour of the kernel, if it is better."""
        if not target.any():  # nothing to learn from
            return kernel
        return max(
            [kernel, *kernel.neighbours()], key=lambda tried: self._likelihood(tried, distances, target)
        )

    def _likelihood(self, kernel: _Kernel, distances: FloatArray, target: FloatArray) -> float:
        """Return the logarithm of marginal likelihood (its scale integrated out) times prior."""
        if kernel.noise < np.log(LEAST_NOISE):
            return -np.inf
        factor = self._factor(kernel, distances)
        if factor is None:
            return -np.inf
        half = solve_triangular(factor, target, lower=True, check_finite=False)
        fit = -0.5 * len(target) * np.log(half @ half) - np.log(np.diag(factor)).sum()
        moved = np.append(kernel.rates - self._start.rates, kernel.noise - self._start.noise)
        return float(fit - 0.5 * (moved @ moved) / PRIOR_DEVIATION**2)


def _covariance(kernel: _Kernel, distances: FloatArray) -> FloatArray:
    covariance: FloatArray = np.exp(-np.tensordot(np.exp(kernel.rates), distances, 1))
    return covariance
