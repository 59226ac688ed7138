"""What is chosen by: the three objectives of a front, by name, and on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ccsrp.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

    from ccsrp.space import BoolArray, FloatArray

__all__ = ["OBJECTIVES", "Objective", "knee", "nondominated", "objectives_of", "scaled"]


@dataclass(frozen=True)
class Objective:
    """A column of a front that is chosen by.

    Parameters
    ----------
    column : str
        Its name in ``front.csv``.
    label : str
        Its name in a sentence.
    larger_is_better : bool
    """

    column: str
    label: str
    larger_is_better: bool


# Figures on validation images: those on test images choose nothing, else they would flatter what is chosen.
OBJECTIVES = (
    Objective("accuracy", "accuracy", True),
    Objective("robust_accuracy", "robust accuracy", True),
    Objective("cost", "cost", False),
)


def objectives_of(front: pd.DataFrame) -> FloatArray:
    """Return the objectives of a front, all minimised: error, robust error, cost; float64 [n, 3].

    Raises
    ------
    OptionError
        A column is missing, or holds something other than finite numbers.
    """
    values = np.empty((len(front), len(OBJECTIVES)))
    for place, objective in enumerate(OBJECTIVES):
        if objective.column not in front:
            raise OptionError(f"a front has a column {objective.column!r}; this table has none")
        try:
            column = front[objective.column].to_numpy(dtype=float)
        except (ValueError, TypeError):
            raise OptionError(f"column {objective.column!r} of the front should hold numbers") from None
        if not np.isfinite(column).all():
            raise OptionError(f"column {objective.column!r} of the front should hold finite numbers")
        values[:, place] = 1 - column if objective.larger_is_better else column
    return values


def scaled(objectives: FloatArray) -> FloatArray:
    """Let every objective span [0, 1], float64 [n, 3]; one that is the same for all becomes 0.

    >>> scaled(np.array([[0.2, 0.5], [0.4, 0.5]]))
    array([[0., 0.],
           [1., 0.]])
    """
    low, high = objectives.min(axis=0), objectives.max(axis=0)
    result: FloatArray = (objectives - low) / np.where(high > low, high - low, 1.0)
    return result


def knee(objectives: FloatArray) -> int:
    """Return the row that is nearest to the ideal once every objective spans [0, 1].

    >>> knee(np.array([[0.0, 0.9, 1.0], [0.1, 0.2, 0.3], [0.9, 0.8, 0.1]]))
    1
    """
    return int(np.argmin(np.linalg.norm(scaled(objectives), axis=1)))


def nondominated(objectives: FloatArray) -> BoolArray:
    """Tell which rows no other dominates, bool [n]; equal rows stay together."""
    import moocore

    if objectives.shape[1] == 1:
        return np.asarray(objectives[:, 0] == objectives.min())
    return np.asarray(moocore.is_nondominated(objectives, keep_weakly=True), dtype=bool)
