"""The one interface everything meets at, and its checked boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import CcsrpError
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = [
    "OBJECTIVES",
    "BoundedEvaluator",
    "Evaluation",
    "EvaluationError",
    "Evaluator",
    "PortableEvaluator",
    "PricedEvaluator",
    "evaluate_checked",
    "evaluate_shaped",
    "not_finite",
]

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


@dataclass(frozen=True)
class Evaluation:
    """Answers about masks.

    Parameters
    ----------
    objectives : float64 [N, 3]
        Where not ``complete``, the best that is still possible; the worst there is where it failed.
    complete : bool [N]
    expected : float64 [N, 3]
        The objectives where ``complete``, else what they would probably have been.
    failures : tuple of str
        For each mask why it could not be judged, nothing where it was. Empty if none failed.
    seconds : float64 [N], optional
        What each mask took.
    workers : tuple of str
        Who judged each mask. Empty if this process did.
    """

    objectives: FloatArray
    complete: NDArray[np.bool_]
    expected: FloatArray
    failures: tuple[str, ...] = ()
    seconds: FloatArray | None = None
    workers: tuple[str, ...] = ()

    @classmethod
    def exact(cls, objectives: FloatArray) -> Evaluation:
        """Return complete answers."""
        return cls(objectives, np.ones(len(objectives), dtype=bool), objectives)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which masks could not be judged, bool [N]."""
        if not self.failures:
            return np.zeros(len(self.complete), dtype=bool)
        return np.array([bool(reason) for reason in self.failures], dtype=bool)


@runtime_checkable
class BoundedEvaluator(Evaluator, Protocol):
    """An evaluator that can give up on masks that are of no use to its caller, and say that some failed."""

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point, float64 [n, 3], is as good as all that is possible.

        A row depends on its mask and on ``known`` alone; a complete one is that of ``evaluate``. Where
        nothing is known (n = 0) nothing stops.
        """
        ...


@runtime_checkable
class PricedEvaluator(Evaluator, Protocol):
    """An evaluator that can tell the cost of masks without judging them."""

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Return the third objective of masks, [N, n_var] -> float64 [N]; ``None`` if it must be measured."""
        ...


@runtime_checkable
class PortableEvaluator(Evaluator, Protocol):
    """An evaluator that knows what of it another process needs, which may have none of its files."""

    def portable(self) -> Evaluator:
        """Return an evaluator with the same answers that is small when it is pickled."""
        ...


def evaluate_checked(evaluator: Evaluator, masks: BoolArray, known: FloatArray | None = None) -> Evaluation:
    """Evaluate with both sides of the interface checked.

    With ``known`` points, an evaluator that can give up may do so.

    Raises
    ------
    MaskError
        The masks do not fit the evaluator's space.
    EvaluationError
        The answer has another shape, or holds values that are not finite.
    """
    answer = evaluate_shaped(evaluator, masks, known)
    finite = np.isfinite(answer.objectives).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        raise EvaluationError(f"{not_finite(answer.objectives[row])} for mask {row}; all must be finite")
    return answer


def evaluate_shaped(evaluator: Evaluator, masks: BoolArray, known: FloatArray | None) -> Evaluation:
    """Evaluate as ``evaluate_checked`` does, but let values pass that are not finite."""
    masks = evaluator.space.check(masks)
    if known is not None and isinstance(evaluator, BoundedEvaluator):
        answer = evaluator.evaluate_bounded(masks, known)
    else:
        answer = Evaluation.exact(np.asarray(evaluator.evaluate(masks)))
    objectives = np.asarray(answer.objectives)
    if objectives.dtype != np.float64 or objectives.shape != (len(masks), len(OBJECTIVES)):
        raise EvaluationError(
            f"an evaluator must return float64 [{len(masks)}, {len(OBJECTIVES)}], got {objectives.dtype} "
            f"{list(objectives.shape)}; one row a mask, one column each of {', '.join(OBJECTIVES)}"
        )
    return answer


def not_finite(objectives: FloatArray) -> str:
    """Say what an evaluator returned instead of finite objectives, float64 [3]."""
    return f"the evaluator returned {objectives.tolist()}"
