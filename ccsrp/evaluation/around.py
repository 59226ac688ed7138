"""What evaluators have in common that wrap another."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ccsrp.evaluation.bound import nothing_known
from ccsrp.evaluation.interface import Evaluation, Evaluator, PricedEvaluator
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["EvaluatorAround"]


class EvaluatorAround(ABC):
    """An evaluator around another: the same filters and costs, its own way to an answer."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._priced = evaluator if isinstance(evaluator, PricedEvaluator) else None

    @property
    def space(self) -> FilterSpace:
        """The filters that a mask speaks of."""
        return self._evaluator.space

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Return the third objective of masks, if it is known without judging them."""
        return None if self._priced is None else self._priced.exact_cost(masks)

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]; the worst values where that failed."""
        return self.evaluate_bounded(masks, nothing_known()).objectives

    @abstractmethod
    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible."""
