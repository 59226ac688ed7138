"""Go on when a network cannot be judged: the mask is marked as failed, with the reason."""

from __future__ import annotations

import time

import numpy as np

from ccsrp.errors import WorkersError, one_line
from ccsrp.evaluation.around import EvaluatorAround
from ccsrp.evaluation.interface import (
    OBJECTIVES,
    Evaluation,
    evaluate_shaped,
    not_finite,
)
from ccsrp.space import BoolArray, FloatArray

__all__ = ["TolerantEvaluator"]

WORST = 1.0


class TolerantEvaluator(EvaluatorAround):
    """An evaluator that outlives the failures of the one it wraps, and times it.

    A mask whose evaluation raises an error (memory that runs out included), or gives values that are not
    finite, has failed: it gets the worst value of every objective, is not complete, and so enters no archive.
    If a call on many masks raises, they are judged one by one. A ``WorkersError`` passes: it says nothing of
    masks.
    """

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible."""
        masks = self.space.check(masks)
        if not len(masks):
            return Evaluation.exact(np.empty((0, len(OBJECTIVES))))
        try:
            return self._timed(masks, known)
        except WorkersError:
            raise  # no mask is to blame: the same masks can be judged once there are workers
        except Exception as error:
            if len(masks) == 1:
                return _failed(f"{type(error).__name__}: {one_line(error)}")
        return _joined([self.evaluate_bounded(mask[None], known) for mask in masks])

    def _timed(self, masks: BoolArray, known: FloatArray) -> Evaluation:
        began = time.perf_counter()
        answer = evaluate_shaped(self._evaluator, masks, known)
        share = (time.perf_counter() - began) / len(masks)
        finite = np.array(
            [bool(np.isfinite(pair).all()) for pair in zip(answer.objectives, answer.expected, strict=True)]
        )
        reasons = answer.failures or ("",) * len(masks)
        return Evaluation(
            np.where(finite[:, None], answer.objectives, WORST),
            answer.complete & finite,
            np.where(finite[:, None], answer.expected, WORST),
            tuple(
                reason if fine else not_finite(row)
                for reason, fine, row in zip(reasons, finite, answer.objectives, strict=True)
            ),
            np.full(len(masks), share) if answer.seconds is None else answer.seconds,
            answer.workers,
        )


def _failed(reason: str) -> Evaluation:
    worst = np.full((1, len(OBJECTIVES)), WORST)
    return Evaluation(worst, np.zeros(1, dtype=bool), worst, (reason,), np.zeros(1))


def _joined(answers: list[Evaluation]) -> Evaluation:
    """Put the answers about single masks together."""
    return Evaluation(
        np.concatenate([answer.objectives for answer in answers]),
        np.concatenate([answer.complete for answer in answers]),
        np.concatenate([answer.expected for answer in answers]),
        tuple(answer.failures[0] for answer in answers),
        np.concatenate([answer.seconds for answer in answers if answer.seconds is not None]),
        tuple(worker for answer in answers for worker in answer.workers),
    )
