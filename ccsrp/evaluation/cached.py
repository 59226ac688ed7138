"""Never evaluate a mask twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ccsrp.evaluation.bound import dominated
from ccsrp.evaluation.interface import (
    OBJECTIVES,
    Evaluation,
    Evaluator,
    PricedEvaluator,
    evaluate_checked,
)
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["CachedEvaluator"]


class CachedEvaluator:
    """An evaluator that remembers every answer of the one it wraps.

    Duplicates within one call are evaluated once. ``count`` says how many masks were really evaluated.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._priced = evaluator if isinstance(evaluator, PricedEvaluator) else None
        self._known: dict[bytes, tuple[FloatArray, bool, FloatArray]] = {}

    @property
    def space(self) -> FilterSpace:
        """The filters that a mask speaks of."""
        return self._evaluator.space

    @property
    def count(self) -> int:
        """Number of different masks evaluated so far."""
        return len(self._known)

    @property
    def stopped(self) -> int:
        """How many of them the wrapped evaluator gave up on."""
        return sum(not complete for _, complete, _ in self._known.values())

    def unseen(self, masks: BoolArray) -> BoolArray:
        """Tell which masks would cost an evaluation: the first of each kind not seen before, bool [N]."""
        return self._first_of_each(masks, lambda key: key not in self._known)

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Return the third objective of masks, if it is known without judging them."""
        return None if self._priced is None else self._priced.exact_cost(masks)

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]."""
        wanted = self._first_of_each(masks, lambda key: key not in self._known or not self._known[key][1])
        return self._answer(masks, wanted, None).objectives

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible."""

        def useless(key: bytes) -> bool:
            objectives, complete, _ = self._known[key]
            return complete or dominated(objectives, known)

        wanted = self._first_of_each(masks, lambda key: key not in self._known or not useless(key))
        return self._answer(masks, wanted, known)

    def _answer(self, masks: BoolArray, wanted: BoolArray, known: FloatArray | None) -> Evaluation:
        if wanted.any():
            answer = evaluate_checked(self._evaluator, masks[wanted], known)
            rows = zip(
                answer.objectives.copy(), answer.complete.tolist(), answer.expected.copy(), strict=True
            )
            self._known.update(zip(_keys(masks[wanted]), rows, strict=True))
        found = [self._known[key] for key in _keys(masks)]
        shape = (len(masks), len(OBJECTIVES))
        return Evaluation(
            np.array([objectives for objectives, _, _ in found]).reshape(shape),
            np.array([complete for _, complete, _ in found], dtype=bool),
            np.array([expected for _, _, expected in found]).reshape(shape),
        )

    @staticmethod
    def _first_of_each(masks: BoolArray, wanted: Callable[[bytes], bool]) -> BoolArray:
        fresh: set[bytes] = set()
        answer = np.zeros(len(masks), dtype=bool)
        for row, key in enumerate(_keys(masks)):
            if key not in fresh and wanted(key):
                fresh.add(key)
                answer[row] = True
        return answer


def _keys(masks: BoolArray) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(masks, axis=1)]
