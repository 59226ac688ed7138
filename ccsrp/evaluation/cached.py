"""Never evaluate a mask twice."""

from __future__ import annotations

import numpy as np

from ccsrp.evaluation.interface import OBJECTIVES, Evaluator, evaluate_checked
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["CachedEvaluator"]


class CachedEvaluator:
    """An evaluator that remembers every answer of the one it wraps.

    Duplicates within one call are evaluated once. ``count`` says how many masks were really evaluated.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._known: dict[bytes, FloatArray] = {}

    @property
    def space(self) -> FilterSpace:
        """The filters that a mask speaks of."""
        return self._evaluator.space

    @property
    def count(self) -> int:
        """Number of different masks evaluated so far."""
        return len(self._known)

    def unseen(self, masks: BoolArray) -> BoolArray:
        """Tell which masks would cost an evaluation: the first of each kind not seen before, bool [N]."""
        fresh: set[bytes] = set()
        answer = np.zeros(len(masks), dtype=bool)
        for row, key in enumerate(_keys(masks)):
            if key not in self._known and key not in fresh:
                fresh.add(key)
                answer[row] = True
        return answer

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]."""
        fresh = masks[self.unseen(masks)]
        if len(fresh):
            answers = evaluate_checked(self._evaluator, fresh)
            self._known.update(zip(_keys(fresh), answers.copy(), strict=True))
        return np.array([self._known[key] for key in _keys(masks)]).reshape(len(masks), len(OBJECTIVES))


def _keys(masks: BoolArray) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(masks, axis=1)]
