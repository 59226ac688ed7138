"""A front along parallel axes: which axes there are, and from where to where they go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ccsrp.report.labels import label
from ccsrp.report.record import OBJECTIVE_COLUMNS

__all__ = ["Axis", "parallel_axes"]

NOT_SHOWN = ("member", "mask")


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    name : str
        Column of the front.
    label : str
    low, high : float
        Its ends.
    """

    name: str
    label: str
    low: float
    high: float


def parallel_axes(front: pd.DataFrame) -> tuple[Axis, ...]:
    """Choose the columns that tell members apart.

    Columns that are the same for all members are left out, and so are those that say what another says
    already, such as FLOPs where cost is a share of them; the three objectives always stay.

    >>> front = pd.DataFrame({"accuracy": [0.9, 0.8], "robust_accuracy": [0.5, 0.6], "cost": [1.0, 0.5]})
    >>> [axis.name for axis in parallel_axes(front.assign(flops=[10, 5], round=[0, 0], params=[9, 3]))]
    ['cost', 'accuracy', 'robust_accuracy', 'params']
    """
    names = ["cost", "accuracy", "robust_accuracy"]
    others = (str(name) for name in front if name not in (*NOT_SHOWN, *OBJECTIVE_COLUMNS))
    names += [name for name in others if _tells(front, name)]
    return tuple(_axis(front, name) for name in names)


def _tells(front: pd.DataFrame, name: str) -> bool:
    values = front[name].to_numpy(dtype=float)
    cost = front["cost"].to_numpy(dtype=float)
    if not np.isfinite(values).any() or np.nanmin(values) == np.nanmax(values):
        return False
    largest = int(np.argmax(cost))
    if cost[largest] == 0:
        return True
    return not np.allclose(values, cost * (values[largest] / cost[largest]), rtol=1e-9)


def _axis(front: pd.DataFrame, name: str) -> Axis:
    values = front[name].to_numpy(dtype=float)
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    return (
        Axis(name, label(name), low, high) if low < high else Axis(name, label(name), low - 0.5, high + 0.5)
    )
