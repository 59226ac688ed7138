"""The one interface everything meets at, and its checked boundary."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from ccsrp.errors import CcsrpError
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["OBJECTIVES", "EvaluationError", "Evaluator", "evaluate_checked"]

OBJECTIVES = ("error", "robust_error", "cost")


class EvaluationError(CcsrpError):
    """An evaluator returned something other than finite objectives."""


@runtime_checkable
class Evaluator(Protocol):
    """Answers what masks are worth.

    ``evaluate`` takes bool [N, n_var] and returns float64 [N, 3]: ``error``, ``robust_error``, ``cost``,
    all minimised. It must be pure: a row depends on its mask alone, not on the order or the company in
    which the mask was evaluated.
    """

    @property
    def space(self) -> FilterSpace:
        """The filters that a mask speaks of."""
        ...

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]."""
        ...


def evaluate_checked(evaluator: Evaluator, masks: BoolArray) -> FloatArray:
    """Evaluate with both sides of the interface checked.

    Raises
    ------
    MaskError
        The masks do not fit the evaluator's space.
    EvaluationError
        The answer has another shape, or holds values that are not finite.
    """
    masks = evaluator.space.check(masks)
    objectives = np.asarray(evaluator.evaluate(masks))
    if objectives.dtype != np.float64 or objectives.shape != (len(masks), len(OBJECTIVES)):
        raise EvaluationError(
            f"an evaluator must return float64 [{len(masks)}, {len(OBJECTIVES)}], got {objectives.dtype} "
            f"{list(objectives.shape)}; one row a mask, one column each of {', '.join(OBJECTIVES)}"
        )
    if not np.isfinite(objectives).all():
        row = int(np.argwhere(~np.isfinite(objectives).all(axis=1))[0, 0])
        raise EvaluationError(
            f"the evaluator returned {objectives[row].tolist()} for mask {row}; all must be finite"
        )
    return objectives
