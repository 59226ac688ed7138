"""From scores of single filters to a mask that meets a cost target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import OptionError
from ccsrp.methods.interface import PrunableProblem
from ccsrp.space import BoolArray, FloatArray

__all__ = ["best_at_cost"]


def best_at_cost(problem: PrunableProblem, scores: FloatArray, target: float) -> BoolArray:
    """Keep the filters with the highest scores that the target can pay for.

    Filters are taken in the order of their scores over all layers; the best of every layer always stays.
    What is then left of the target goes to the next filters that still fit; a layer whose filter did not
    fit gets no more (under synaptic operations, a later one might have).

    Parameters
    ----------
    problem : PrunableProblem
    scores : float64 [n_var]
    target : float
        Largest share of the dense network's cost.

    Returns
    -------
    bool [n_var]

    Raises
    ------
    OptionError
        One filter in every layer already costs more.
    """
    order = _order(problem, scores)
    least = problem.space.n_layers
    low, high = least, problem.space.n_var
    cheapest = float(problem.cost(_first(order, low)[None])[0])
    if cheapest > target:
        raise OptionError(
            f"cost target {target} cannot be reached: one filter in every layer costs {cheapest:.4f} already"
        )
    while low < high:
        middle = (low + high + 1) // 2
        if problem.cost(_first(order, middle)[None])[0] <= target:
            low = middle
        else:
            high = middle - 1
    mask = _first(order, low)
    layer_of = np.repeat(np.arange(problem.space.n_layers), problem.space.sizes)
    too_dear: set[int] = set()  # filters of one layer cost alike: where one does not fit, no later one does
    for index in order[low:]:
        if layer_of[index] in too_dear:
            continue
        mask[index] = True
        if problem.cost(mask[None])[0] > target:
            mask[index] = False
            too_dear.add(int(layer_of[index]))
    return mask


def _order(problem: PrunableProblem, scores: FloatArray) -> NDArray[np.int64]:
    """Order filters by score, the best one of every layer first."""
    ranked = scores.astype(float)
    for part in problem.space.slices:
        ranked[part.start + int(np.argmax(scores[part]))] = np.inf
    return np.argsort(-ranked, kind="stable")


def _first(order: NDArray[np.int64], count: int) -> BoolArray:
    mask = np.zeros(len(order), dtype=bool)
    mask[order[:count]] = True
    return mask
