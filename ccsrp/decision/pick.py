"""``pick``: one network of a front, and why that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.decision.bounds import Bounds
from ccsrp.decision.methods import METHODS, scores
from ccsrp.decision.objectives import OBJECTIVES, nondominated, objectives_of, scaled
from ccsrp.decision.preferences import Preferences
from ccsrp.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

    from ccsrp.space import FloatArray

__all__ = ["Concession", "Pick", "pick", "pick_within"]

# Networks named beside the one that is picked.
ALTERNATIVES = 3


@dataclass(frozen=True)
class Concession:
    """What the picked network gives up in one objective.

    Attributes
    ----------
    objective : str
        A column of the front.
    weight : float
    value, best : float
        Of the picked network, and of the best within the bounds.
    best_member : int
        Who has that.
    given_up : float
        The distance between the two, at least 0.
    """

    objective: str
    weight: float
    value: float
    best: float
    best_member: int
    given_up: float


@dataclass(frozen=True)
class Pick:
    """One network of a front, and why.

    Attributes
    ----------
    member : int
    method : str
    reason : str
        What it has before the others.
    concessions : tuple of Concession
        One for each objective.
    alternatives : tuple of int
        The members that come next, best first.
    within, of : int
        How many networks satisfy the bounds, and how many there are.
    bounds : str
        The bounds in words; empty if there are none.
    """

    member: int
    method: str
    reason: str
    concessions: tuple[Concession, ...]
    alternatives: tuple[int, ...]
    within: int
    of: int
    bounds: str

    def table(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def pick(
    front: pd.DataFrame,
    *,
    prefer: Mapping[str, float] | None = None,
    method: str = "asf",
    max_cost: float | None = None,
    min_accuracy: float | None = None,
    min_robust_accuracy: float | None = None,
) -> Pick:
    """Pick one network of a front, by figures on validation images alone.

    Parameters
    ----------
    front : DataFrame
        As in ``SearchResult.front`` or ``front.csv``; unchanged.
    prefer : mapping of str to float, optional
        Weights of ``accuracy``, ``robust_accuracy`` (or ``robust``) and ``cost``, at least 0; those left out
        are 1. Every objective is scaled to what the front spans.
    method : {"asf", "pseudo-weights", "tradeoff", "knee"}
        See ``ccsrp.decision.methods``.
    max_cost, min_accuracy, min_robust_accuracy : float, optional
        Only networks within these bounds are considered; what the front spans, and so every other order,
        stays as it is.

    Raises
    ------
    OptionError
        Weights, bounds or a method that cannot be; no network within the bounds; or none that the method
        would choose.

    Examples
    --------
    >>> import pandas as pd
    >>> front = pd.DataFrame(
    ...     {
    ...         "member": [0, 1, 2],
    ...         "accuracy": [1.0, 0.98, 0.7],
    ...         "robust_accuracy": [0.8, 0.78, 0.5],
    ...         "cost": [1.0, 0.4, 0.1],
    ...     }
    ... )
    >>> pick(front).member, pick(front, prefer={"cost": 9}).member, pick(front, min_accuracy=0.99).member
    (1, 2, 0)
    """
    bounds = Bounds(max_cost=max_cost, min_accuracy=min_accuracy, min_robust_accuracy=min_robust_accuracy)
    preferences = Preferences() if prefer is None else Preferences.of(prefer)
    return pick_within(front, preferences, bounds, method=method)


def pick_within(front: pd.DataFrame, preferences: Preferences, bounds: Bounds, *, method: str) -> Pick:
    """Pick as ``pick`` does, with preferences and bounds that are already in objects."""
    table = front.reset_index(drop=True)
    objectives = objectives_of(table)
    if not len(table):
        raise OptionError("the front holds no networks; there is nothing to pick from")
    allowed = bounds.within(table).index.to_numpy()
    found = scores(objectives, preferences, method)
    order = allowed[_order(objectives[allowed], scaled(objectives)[allowed], found[allowed], preferences)]
    ranked = [int(row) for row in order if np.isfinite(found[row])]
    if not ranked:
        where = f" of {bounds}" if bounds else ""
        raise OptionError(f"no network{where} stands out by its {method}; choose another method, such as asf")
    members = [int(value) for value in table["member"]] if "member" in table else list(range(len(table)))
    chosen = ranked[0]
    return Pick(
        member=members[chosen],
        method=method,
        reason=METHODS[method].reason if len(allowed) > 1 else "it is the only one",
        concessions=_concessions(table, members, chosen, allowed, preferences),
        alternatives=tuple(members[row] for row in ranked[1 : 1 + ALTERNATIVES]),
        within=len(allowed),
        of=len(table),
        bounds=str(bounds),
    )


def _order(
    objectives: FloatArray, spread: FloatArray, found: FloatArray, preferences: Preferences
) -> NDArray[np.intp]:
    """Order networks by their scores, the best first.

    Those that another one beats in all that matters come last: a weight of 0 makes some of a front. Of
    equal scores the smaller weighted sum comes first, then the smaller plain sum, then the member as listed.
    """
    weights = preferences.weights()
    beaten = ~nondominated(objectives[:, weights > 0])
    # Rounded, so that scores which are equal but for rounding are equal.
    keys = [np.round(key, 12) for key in (spread.sum(axis=1), spread @ weights, found)]
    order: NDArray[np.intp] = np.lexsort([*keys, beaten])
    return order


def _concessions(
    table: pd.DataFrame, members: list[int], chosen: int, allowed: FloatArray, preferences: Preferences
) -> tuple[Concession, ...]:
    found = []
    for objective in OBJECTIVES:
        values = table[objective.column].to_numpy(dtype=float)
        among = values[allowed]
        best = int(allowed[among.argmax() if objective.larger_is_better else among.argmin()])
        # Who has as much as the best gives up nothing, and is named itself.
        best = chosen if values[chosen] == values[best] else best
        found.append(
            Concession(
                objective=objective.column,
                weight=preferences.table()[objective.column],
                value=float(values[chosen]),
                best=float(values[best]),
                best_member=members[best],
                given_up=float(abs(values[chosen] - values[best])),
            )
        )
    return tuple(found)
