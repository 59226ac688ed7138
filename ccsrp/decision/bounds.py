"""Bounds on the figures of networks, and what to say when no network is within them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from ccsrp.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

    from ccsrp.space import BoolArray

__all__ = ["Bounds", "sorted_by"]

# Figures are 1 minus a share that was rounded; a bound that is met to this distance is met.
ROUNDING = 1e-9


@dataclass(frozen=True)
class _Bound:
    column: str
    value: float
    at_most: bool

    def __str__(self) -> str:
        return f"{_spoken(self.column)} at {'most' if self.at_most else 'least'} {self.value:g}"

    def holds(self, front: pd.DataFrame) -> BoolArray:
        values = front[self.column].to_numpy(dtype=float)
        return values <= self.value + ROUNDING if self.at_most else values >= self.value - ROUNDING

    def best(self, front: pd.DataFrame) -> str:
        values = front[self.column]
        end = "lowest" if self.at_most else "highest"
        return f"the {end} {_spoken(self.column)} is {_exactly(values, self.at_most)}"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a network must satisfy, on validation images; ``None`` asks for nothing.

    Parameters
    ----------
    max_cost : float, optional
        Share of the dense network's cost, in [0, 1].
    min_accuracy, min_robust_accuracy : float, optional
        Shares of images, in [0, 1].

    Examples
    --------
    >>> import pandas as pd
    >>> front = pd.DataFrame({"accuracy": [0.99, 0.9], "robust_accuracy": [0.8, 0.6], "cost": [1.0, 0.4]})
    >>> Bounds(max_cost=0.5).within(front)["accuracy"].tolist()
    [0.9]
    >>> Bounds(max_cost=0.3).within(front)
    Traceback (most recent call last):
    ...
    ccsrp.errors.OptionError: no network has cost at most 0.3: the lowest cost is 0.4
    """

    max_cost: float | None = None
    min_accuracy: float | None = None
    min_robust_accuracy: float | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and not 0 <= value <= 1:
                raise OptionError(
                    f"{item.name} ({_option(item.name)}) is a share from 0 to 1, such as 0.5, got {value:g}"
                )

    def __bool__(self) -> bool:
        return bool(self._asked())

    def __str__(self) -> str:
        return _listed(self._asked())

    def within(self, front: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a front that satisfy all bounds, in their order and with their index.

        Raises
        ------
        OptionError
            None does. It says which bound is to blame and how far it would have to move.
        """
        asked = self._asked()
        holds = {bound: bound.holds(front) for bound in asked}
        kept = front[np.logical_and.reduce(list(holds.values()))] if asked else front
        if len(kept) or front.empty:
            return kept
        alone = [bound for bound in asked if not holds[bound].any()]
        if alone:
            raise OptionError("; ".join(f"no network has {bound}: {bound.best(front)}" for bound in alone))
        reached = []
        for bound in asked:
            others = [other for other in asked if other is not bound]
            rest = np.logical_and.reduce([holds[other] for other in others])
            if rest.any():
                reached.append(f"with {_listed(others)} {bound.best(front[rest])}")
        raise OptionError(
            f"no network has {_listed(asked)}; {'; '.join(reached) or 'nor any two of these together'}"
        )

    def _asked(self) -> list[_Bound]:
        return [
            _Bound(item.name[4:], float(value), item.name.startswith("max"))
            for item in fields(self)
            for value in [getattr(self, item.name)]
            if value is not None
        ]


def sorted_by(front: pd.DataFrame, column: str, *, descending: bool) -> pd.DataFrame:
    """Sort a front by one of its figures; equal ones stay in their order, missing ones come last.

    Raises
    ------
    OptionError
        It has no such figure.
    """
    figures = [str(name) for name in front if name != "mask"]
    if column not in figures:
        raise OptionError(f"cannot sort by {column!r}; choose one of {', '.join(figures)}")
    return front.sort_values(column, ascending=not descending, kind="stable", na_position="last")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _listed(bounds: list[_Bound]) -> str:
    return " and ".join(map(str, bounds))


def _spoken(column: str) -> str:
    return column.replace("_", " ")


def _exactly(values: pd.Series, at_most: bool) -> str:
    """Write the best value with 4 digits, rounded so that who asks for just that much gets it."""
    best = 1e4 * float(values.min() if at_most else values.max())
    rounded = math.ceil(best - ROUNDING) if at_most else math.floor(best + ROUNDING)
    return f"{rounded / 1e4:g}"
