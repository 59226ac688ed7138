"""Stop an attack whose best case is already dominated.

Robust accuracy only falls while an attack goes on, so objectives measured so far are the best that a mask
can still reach. Once a known point is at least as good in all of them, the mask cannot enter an archive
that holds this point, however the rest of the attack ends.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ccsrp.space import FloatArray

__all__ = ["dominated", "nothing_known", "stop_when_dominated"]


def nothing_known() -> FloatArray:
    """Return an empty set of known points, which stops nothing."""
    return np.empty((0, 3))


def dominated(bound: FloatArray, known: FloatArray) -> bool:
    """Tell whether a point of ``known``, float64 [n, 3], is at least as good as ``bound`` in everything.

    >>> import numpy as np
    >>> dominated(np.array([0.2, 0.5, 0.5]), np.array([[0.1, 0.5, 0.4], [0.0, 0.9, 0.9]]))
    True
    """
    return bool((known <= bound).all(axis=1).any())


def stop_when_dominated(known: FloatArray, cost: float) -> Callable[[float, float], bool] | None:
    """Return the test for ``judge``, of a network of this cost; None if nothing known can dominate it."""
    rivals = known[known[:, 2] <= cost]
    if not len(rivals):
        return None
    return lambda accuracy, robust_accuracy: dominated(
        np.array([1 - accuracy, 1 - robust_accuracy, cost]), rivals
    )
