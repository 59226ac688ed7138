"""PruningProblem: masks in, objectives out, as a pymoo Problem."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from pymoo.core.problem import Problem

from ccsrp.errors import MaskError
from ccsrp.evaluation.interface import OBJECTIVES, Evaluation
from ccsrp.space import BoolArray, FilterSpace, FloatArray

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["PruningProblem"]


class PruningProblem(Problem):
    """A search for filters to keep, with three objectives to minimise, all in [0, 1].

    ``error`` is 1 - accuracy, ``robust_error`` is 1 - accuracy under attack, ``cost`` is the kept
    fraction of the dense network's cost. Subclasses implement ``_judge``.

    Attributes
    ----------
    space : FilterSpace
        Names and sizes of the layers; ``space.n_var`` is the length of a mask.
    objectives : tuple of str
        Names of the columns of F; ccsrp's own search takes problems with the usual three.
    reference_point : float64 [n_obj]
        For hypervolume; fixed, never taken from a run.
    """

    def __init__(self, space: FilterSpace, *, objectives: tuple[str, ...] = OBJECTIVES) -> None:
        super().__init__(n_var=space.n_var, n_obj=len(objectives), xl=0, xu=1, vtype=bool)
        self.space = space
        self.objectives = objectives

    @property
    def reference_point(self) -> FloatArray:
        """The worst value of every objective, float64 [n_obj]."""
        return np.ones(self.n_obj)

    @abstractmethod
    def _judge(self, masks: BoolArray) -> FloatArray:
        """Judge checked masks, bool [N, n_var] -> float64 [N, 3]."""

    def _judge_bounded(self, masks: BoolArray, known: FloatArray) -> Evaluation:
        """Judge checked masks, giving up where ``known`` is as good as all that is still possible."""
        return Evaluation.exact(self._judge(masks))

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks for a search that already knows some points.

        Parameters
        ----------
        masks : bool [N, n_var]
        known : float64 [n, 3]
            Objectives of networks already found, such as an archive's.

        Returns
        -------
        Evaluation
            Complete rows are those of ``evaluate``. A mask that cannot reach anything that is not dominated
            by ``known`` may be given up; its row is then the best that was still possible, and not complete.
        """
        return self._judge_bounded(self.space.check(masks), np.asarray(known, dtype=float))

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Tell the third objective of masks without judging them, for searches that ask before they pay.

        Returns
        -------
        float64 [N], or None
            ``None`` where the cost must be measured.
        """
        return None

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks in the columns of ``front.csv`` that this problem can fill.

        Parameters
        ----------
        masks : bool [N, n_var]
        objectives : float64 [N, 3]
            What ``evaluate`` said of them.
        on_member : callable, optional
            Called with (done, total) after each.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "accuracy": 1 - objectives[:, 0],
                "robust_accuracy": 1 - objectives[:, 1],
                "cost": objectives[:, 2],
                "mask": [self.space.to_string(mask) for mask in masks],
            }
        )

    def evaluate(
        self,
        X: Any,  # noqa: N803  (pymoo's name)
        *args: Any,
        return_values_of: list[str] | None = None,
        return_as_dictionary: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Judge masks, bool [N, n_var] -> F, float64 [N, 3].

        Called as ``evaluate(masks)``, as a user does, it refuses masks of a wrong shape or dtype or with
        an empty layer. Called by pymoo's algorithms (which ask for a dictionary) it is lenient, see
        ``_evaluate``.

        Raises
        ------
        MaskError
            The masks do not fit ``space``.
        """
        if return_values_of is None and not return_as_dictionary:
            if args or kwargs:
                raise TypeError(f"evaluate takes masks only, got also {[*args, *kwargs]}")
            return self._judge(self.space.check(X))
        return super().evaluate(
            X, *args, return_values_of=return_values_of, return_as_dictionary=return_as_dictionary, **kwargs
        )

    def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Answer pymoo.

        Real-coded algorithms are met by a threshold at 0.5. A mask that empties a layer is no network:
        it gets the worst value of every objective, so that algorithms without constraints work too.
        """
        values = np.asarray(x)
        if values.dtype == object or values.ndim != 2 or not ((values >= 0) & (values <= 1)).all():
            raise MaskError(f"masks must be boolean or lie in [0, 1], got dtype {values.dtype}")
        masks = values if values.dtype == bool else values > 0.5
        objectives = np.tile(self.reference_point, (len(masks), 1))
        whole = ~self.space.empty_layers(masks)
        objectives[whole] = self._judge(masks[whole])
        out["F"] = objectives
