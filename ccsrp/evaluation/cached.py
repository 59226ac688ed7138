"""Never evaluate a mask twice."""

from __future__ import annotations

import numpy as np

from ccsrp.evaluation.around import EvaluatorAround
from ccsrp.evaluation.bound import dominated
from ccsrp.evaluation.interface import Evaluation, Evaluator, evaluate_checked
from ccsrp.evaluation.memory import Answer, InMemory, Memory, evaluation_of, mask_keys
from ccsrp.space import BoolArray, FloatArray

__all__ = ["CachedEvaluator"]


class CachedEvaluator(EvaluatorAround):
    """An evaluator that remembers every answer of the one it wraps.

    Duplicates within one call are evaluated once.

    Parameters
    ----------
    evaluator : Evaluator
    memory : Memory, optional
        By default one that lasts as long as this object.

    Attributes
    ----------
    count, stopped, failed : int
        Different masks evaluated so far; how many of them the wrapped evaluator gave up on; how many failed.
    """

    def __init__(self, evaluator: Evaluator, memory: Memory | None = None) -> None:
        super().__init__(evaluator)
        self._memory = InMemory() if memory is None else memory
        self.count = self.stopped = self.failed = 0

    def unseen(self, masks: BoolArray) -> BoolArray:
        """Tell which masks would cost an evaluation: the first of each kind not seen before, bool [N]."""
        known = self._memory.find(masks)
        return _first_of_each(masks, [answer is None for answer in known])

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible."""
        before = self._memory.find(masks)
        wanted = _first_of_each(masks, [_worth_asking(answer, known) for answer in before])
        if wanted.any():
            answer = evaluate_checked(self._evaluator, masks[wanted], known)
            self._memory.add(masks[wanted], answer)
            self._count([before[row] for row in np.flatnonzero(wanted)], answer)
        after = self._memory.find(masks) if wanted.any() else before
        return evaluation_of([answer for answer in after if answer is not None])

    def _count(self, before: list[Answer | None], answer: Evaluation) -> None:
        """Count masks that were never asked for, and those given up on."""
        failed = answer.failed
        self.count += sum(old is None for old in before)
        self.failed += int(failed.sum())
        self.stopped += int((~answer.complete & ~failed).sum()) - sum(old is not None for old in before)


def _worth_asking(answer: Answer | None, known: FloatArray) -> bool:
    """Tell whether a mask is unknown, or was given up on and may be of use now."""
    if answer is None:
        return True
    return not (answer.complete or answer.failure or dominated(np.array(answer.objectives), known))


def _first_of_each(masks: BoolArray, wanted: list[bool]) -> BoolArray:
    """Tell which rows are the first of their kind among those wanted, bool [N]."""
    fresh: set[bytes] = set()
    first = np.zeros(len(masks), dtype=bool)
    for row, key in enumerate(mask_keys(masks)):
        if wanted[row] and key not in fresh:
            fresh.add(key)
            first[row] = True
    return first
