"""Every network of a front scored by one of pymoo's methods of decision making.

pymoo's own pages describe them: https://pymoo.org/mcdm/index.html and, for ASF,
https://pymoo.org/getting_started/part_3.html.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ccsrp.decision.objectives import nondominated, scaled
from ccsrp.decision.preferences import Preferences
from ccsrp.errors import OptionError
from ccsrp.space import FloatArray

__all__ = ["METHODS", "Method", "scores"]


@dataclass(frozen=True)
class Method:
    """A way of choosing.

    Parameters
    ----------
    score : callable
        Called with objectives that each span [0, 1], float64 [n, m], and weights above 0, float64 [m], of
        those objectives that differ between networks and have a weight; returns float64 [n], the lowest
        first, infinite for networks that the method leaves out.
    reason : str
        What the first of them has before the others.
    """

    score: Callable[[FloatArray, FloatArray], FloatArray]
    reason: str


def scores(objectives: FloatArray, preferences: Preferences, method: str) -> FloatArray:
    """Score networks, the best lowest.

    Objectives are scaled to what the front spans, so that they weigh alike at equal weights.

    Parameters
    ----------
    objectives : float64 [n, 3]
        All minimised; n is at least 1.
    preferences : Preferences
    method : str
        One of ``METHODS``.

    Returns
    -------
    float64 [n]
        Infinite for networks that the method leaves out.

    Raises
    ------
    OptionError
        No such method.
    """
    if method not in METHODS:
        raise OptionError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}")
    spread, weights = scaled(objectives), preferences.weights()
    tells = (spread.max(axis=0) > 0) & (weights > 0)
    if not tells.any():
        return np.zeros(len(objectives))
    return METHODS[method].score(spread[:, tells], weights[tells])


def _asf(spread: FloatArray, weights: FloatArray) -> FloatArray:
    from pymoo.decomposition.asf import ASF

    # pymoo divides by its weights: there the larger one counts less, as in its own example.
    with np.errstate(over="ignore"):
        result = ASF().do(spread, 1 / weights)
    return np.asarray(result, dtype=float).reshape(len(spread))


def _pseudo_weights(spread: FloatArray, weights: FloatArray) -> FloatArray:
    pseudo = _pseudo_weights_of(spread, weights / weights.sum())
    # Who is worst in all that counts has none.
    distance = np.abs(pseudo - weights / weights.sum()).sum(axis=1)
    return np.where(np.isnan(distance), np.inf, distance)


def _pseudo_weights_of(spread: FloatArray, weights: FloatArray) -> FloatArray:
    with _quiet(), np.errstate(invalid="ignore"):
        from pymoo.mcdm.pseudo_weights import PseudoWeights

        return np.asarray(PseudoWeights(weights).do(spread, return_pseudo_weights=True)[1])


def _tradeoff(spread: FloatArray, weights: FloatArray) -> FloatArray:
    """Among the networks that stand out, the one that ASF has first."""
    left = np.full(len(spread), np.inf)
    found = _stand_out(spread)
    left[found] = _asf(spread, weights)[found]
    return left


def _stand_out(spread: FloatArray) -> list[int]:
    rows = np.unique(spread, axis=0, return_index=True)[1]
    rows = np.sort(rows[nondominated(spread[rows])])
    if len(rows) <= 2 or spread.shape[1] < 2:
        return [int(row) for row in rows]  # nothing to stand out from
    with _quiet(), np.errstate(all="ignore"):
        from pymoo.mcdm.high_tradeoff import HighTradeoffPoints

        found = HighTradeoffPoints().do(spread[rows])
    return [] if found is None else [int(row) for row in rows[np.ravel(found)]]


def _distance(spread: FloatArray, weights: FloatArray) -> FloatArray:
    result: FloatArray = np.linalg.norm(weights * spread, axis=1)
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """Let neither pymoo's warnings out, nor what it does to the filters of everyone's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


METHODS = {
    "asf": Method(
        _asf,
        "its largest weighted distance from the best of an objective is the smallest of all",
    ),
    "pseudo-weights": Method(
        _pseudo_weights,
        "how its strengths are shared out among the objectives comes nearest to the weights",
    ),
    "tradeoff": Method(
        _tradeoff,
        "all its neighbours lose much for the little they gain; of the few like that it is best by asf",
    ),
    "knee": Method(_distance, "it is nearest to the ideal, which has the best of every objective"),
}
