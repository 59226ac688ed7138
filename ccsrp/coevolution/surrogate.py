"""A cheap guess of what a mask is worth: Gaussian processes on the Hamming distance of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.coevolution.gaussian import GaussianProcess, Kernel, first_kernel
from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.errors import RunError
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Guess", "Surrogate"]

# Hyperparameters are tuned on at most this many masks; more cost time and say little more about them.
TUNED_ON = 250
# Values that differ by less are the same.
ROUNDING = 1e-12
# Logarithms that tuning never comes near, and beyond which exponentials overflow.
FARTHEST = 30.0


@dataclass(frozen=True)
class Guess:
    """What masks are probably worth: mean and standard deviation, float64 [N, n_values] each."""

    mean: FloatArray
    deviation: FloatArray


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
        self._start = first_kernel(self._sizes)
        self._masks = np.empty((0, int(self._sizes.sum())), dtype=np.float32)
        self._processes: list[GaussianProcess] = []

    def fit(self, masks: BoolArray, values: FloatArray, *, tune: bool = True) -> None:
        """Learn from masks, bool [N, n_var], and their values, float64 [N, n_values].

        Where these masks go on from those of the fit before, that saves most of the time.
        """
        bits, known = masks.astype(np.float32), len(self._masks)
        if known > len(bits) or not np.array_equal(self._masks, bits[:known]):
            known = 0
        self._masks = bits
        self._mean, spread = values.mean(axis=0), values.std(axis=0)
        self._spread = np.where(spread > ROUNDING, spread, 1.0)
        targets = np.where(spread > ROUNDING, values - self._mean, 0.0) / self._spread
        self._processes = self._processes or [self._process(self._start) for _ in targets.T]
        self._others = self._prepared(bits)
        some = np.linspace(0, len(bits) - 1, min(len(bits), TUNED_ON)).astype(int)
        within = self._distances(bits[some], self._others, some).astype(float) if tune else None

        def distances(start: int, end: int) -> FloatArray:
            return self._distances(bits[start:end], self._others, slice(end)).astype(float)

        for process, target in zip(self._processes, targets.T, strict=True):
            if within is not None:
                process.tune(within, target[some])
            process.fit(distances, target, known=known)

    def state(self) -> Snapshot:
        """Write down the rates and the noise of each value's process; what was learned from is not in it."""
        kernels = [process.kernel for process in self._processes]
        rates = np.array([kernel.rates for kernel in kernels]).reshape(-1, len(self._sizes))
        return Snapshot({"rates": rates, "noise": np.array([kernel.noise for kernel in kernels])})

    def restore(self, state: Snapshot, *, n_values: int) -> None:
        """Take rates and noise of that many values, or of none yet; the next ``fit`` starts from them."""
        rates = state.array("rates", float, None, len(self._sizes))
        if len(rates) not in (0, n_values):
            raise RunError(f"the stored state of the search does not fit: it has {len(rates)} surrogates")
        noise = state.array("noise", float, len(rates))
        if len(rates) and max(np.abs(rates - self._start.rates).max(), np.abs(noise).max()) > FARTHEST:
            raise RunError("the stored state of the search does not fit: no surrogate learns such rates")
        self._processes = [
            self._process(Kernel(rate, float(level))) for rate, level in zip(rates, noise, strict=True)
        ]

    def guess(self, masks: BoolArray) -> Guess:
        """Guess the values of masks, bool [N, n_var]."""
        distances = self._distances(masks.astype(np.float32), self._others).astype(float)
        guesses = [process.guess(distances) for process in self._processes]
        means, deviations = (np.stack(column, axis=1) for column in zip(*guesses, strict=True))
        return Guess(means * self._spread + self._mean, deviations * self._spread)

    def change_by_flip(self, masks: BoolArray) -> list[NDArray[np.float32]]:
        """Tell how the guessed means change with each single filter.

        Returns
        -------
        list of float32 [N, n_var]
            For each value, the mean after adding or removing that filter, less the mean of the mask as it is.
        """
        # Single precision is enough to tell where to go; what is found there is guessed in double.
        distances = self._distances(masks.astype(np.float32), self._others)
        removed = (~masks).astype(np.float32)
        signs = 1 - 2 * removed
        changes = []
        for process, spread in zip(self._processes, self._spread, strict=True):
            # A flip moves a mask nearer to those it differs from in that filter, away from the others.
            shares = process.kernel.covariance(distances)
            shares *= (process.weights * spread).astype(np.float32)
            total = shares.sum(axis=1, keepdims=True)
            alike = shares @ self._masks
            alike *= signs
            alike += total * removed
            rates = np.exp(process.kernel.rates)
            nearer, farther = (
                np.repeat(np.expm1(r), self._sizes).astype(np.float32) for r in (rates, -rates)
            )
            alike *= farther - nearer
            alike += total * nearer
            changes.append(alike)
        return changes

    def _process(self, kernel: Kernel) -> GaussianProcess:
        return GaussianProcess(kernel, prior=self._start)

    def _layers(self, masks: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return np.split(masks, np.cumsum(self._sizes)[:-1], axis=1)

    def _prepared(self, masks: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Prepare masks to be others of ``_distances``, layer by layer."""
        ones = np.ones(len(masks), dtype=np.float32)
        return [np.column_stack([-2 * part, ones, part.sum(axis=1)]) for part in self._layers(masks)]

    def _distances(
        self, masks: NDArray[np.float32], others: list[NDArray[np.float32]], rows: Any = slice(None)
    ) -> NDArray[np.float32]:
        """Count, layer by layer, where masks differ from rows of others: [n_layers, N, n], exact."""
        ones = np.ones(len(masks), dtype=np.float32)
        # |a| + |b| - 2 ab as one product. Whole numbers below 2**24: float32 holds them, and their sums in
        # any order.
        pairs = zip(self._layers(masks), others, strict=True)
        return np.stack([np.column_stack([a, a.sum(axis=1), ones]) @ b[rows].T for a, b in pairs])
