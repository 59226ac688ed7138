"""One Gaussian process on the Hamming distance of masks, with a rate for each layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from ccsrp.coevolution.factor import GrowingFactor
from ccsrp.space import FloatArray

__all__ = ["FIRST_NOISE", "GaussianProcess", "Kernel", "first_kernel"]

# Steps of tuning, in the logarithm, and the spread of the prior around where it starts.
STEP = 0.5
PRIOR_DEVIATION = 2.0
FIRST_NOISE, LEAST_NOISE = 1e-2, 1e-5

Floats = TypeVar("Floats", NDArray[np.float64], NDArray[np.float32])


@dataclass(frozen=True)
class Kernel:
    """Covariance ``exp(-sum of rates where masks differ)``, and the noise on its diagonal, as logarithms."""

    rates: FloatArray  # [n_layers]
    noise: float

    def neighbours(self) -> list[Kernel]:
        """Kernels with one of the logarithms a step up or down."""
        steps = np.concatenate([np.eye(len(self.rates)), -np.eye(len(self.rates))]) * STEP
        moved = [Kernel(self.rates + step, self.noise) for step in steps]
        return [*moved, Kernel(self.rates, self.noise + STEP), Kernel(self.rates, self.noise - STEP)]

    def covariance(self, distances: Floats) -> Floats:
        """Relate masks at these distances, [n_layers, N, n] -> [N, n], in the precision of the distances."""
        rates = np.exp(self.rates).astype(distances.dtype)
        related: Floats = np.tensordot(-rates, distances, 1)
        np.exp(related, out=related)
        return related


def first_kernel(sizes: NDArray[np.int64]) -> Kernel:
    """Relate masks that differ in half of the filters by exp(-1); ``sizes`` are those of the layers."""
    return Kernel(np.log(2.0 / (sizes * len(sizes))), float(np.log(FIRST_NOISE)))


class GaussianProcess:
    """Guesses one value of masks from their distances to those learned from.

    Rates and noise are those of the highest marginal likelihood, found by small steps from one tuning to the
    next (Rasmussen & Williams 2006, chapter 5).

    Parameters
    ----------
    kernel : Kernel
        What tuning begins from.
    prior : Kernel
        What it holds to be likely.
    """

    def __init__(self, kernel: Kernel, *, prior: Kernel) -> None:
        self.kernel = kernel
        self._prior = prior
        self._factored, self._factor = kernel, GrowingFactor()

    def tune(self, distances: FloatArray, targets: FloatArray) -> None:
        """Go to the best neighbour of the kernel, if it is better: [n_layers, n, n], [n]."""
        if targets.any():  # else there is nothing to learn from
            self.kernel = max(
                [self.kernel, *self.kernel.neighbours()],
                key=lambda tried: self._likelihood(tried, distances, targets),
            )

    def fit(self, distances: Callable[[int, int], FloatArray], targets: FloatArray, *, known: int) -> None:
        """Learn the values, float64 [n], of masks.

        Parameters
        ----------
        distances : callable
            ``distances(start, end)`` are those of masks from ``start`` on to all before ``end``,
            [n_layers, end - start, end].
        targets : float64 [n]
        known : int
            How many of these masks, the first ones, are those of the fit before.
        """
        if not self._factors(self.kernel, distances, len(targets), known):
            # Too little noise for so many masks.
            noisier = Kernel(self.kernel.rates, float(np.log(FIRST_NOISE)))
            possible = self._factors(noisier, distances, len(targets), 0)
            assert possible
        half = self._factor.solve(targets[:, None])[:, 0]
        self.weights: FloatArray = self._factor.solve_transposed(half[:, None])[:, 0]
        self._scale = float(half @ half) / len(half)

    def guess(self, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation, float64 [N] each, at distances [n_layers, N, n]."""
        covariance = self._factored.covariance(distances)
        explained = self._factor.solve(covariance.T)
        left = np.clip(1 - np.einsum("ij,ij->j", explained, explained), 0, None)
        return covariance @ self.weights, np.sqrt(self._scale * left)

    def _factors(
        self, kernel: Kernel, distances: Callable[[int, int], FloatArray], size: int, known: int
    ) -> bool:
        """Factor the covariance of the masks; what is known of it, by the same kernel, stays."""
        if kernel is not self._factored or known < self._factor.size:
            self._factored, self._factor = kernel, GrowingFactor()
        return self._factor.grow(size, lambda start, end: _noisy(kernel, distances(start, end)))

    def _likelihood(self, kernel: Kernel, distances: FloatArray, targets: FloatArray) -> float:
        """Return the logarithm of marginal likelihood (its scale integrated out) times prior."""
        if kernel.noise < np.log(LEAST_NOISE):
            return -np.inf
        try:
            factor = cholesky(_noisy(kernel, distances), lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return -np.inf
        half = solve_triangular(factor, targets, lower=True, check_finite=False)
        fit = -0.5 * len(targets) * np.log(half @ half) - np.log(np.diag(factor)).sum()
        moved = np.append(kernel.rates - self._prior.rates, kernel.noise - self._prior.noise)
        return float(fit - 0.5 * (moved @ moved) / PRIOR_DEVIATION**2)


def _noisy(kernel: Kernel, distances: FloatArray) -> FloatArray:
    """Relate masks to all up to themselves, [n_layers, N, n] -> [N, n], with noise where they meet."""
    covariance = kernel.covariance(distances)
    rows = np.arange(len(covariance))
    covariance[rows, covariance.shape[1] - len(covariance) + rows] += np.exp(kernel.noise)
    return covariance
