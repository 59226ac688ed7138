"""What can be searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ccsrp.evaluation.interface import Evaluator
from ccsrp.space import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SearchProblem"]


class SearchProblem(Evaluator, Protocol):
    """A problem that can be searched; ``problems.PruningProblem`` is one."""

    @property
    def reference_point(self) -> FloatArray:
        """For hypervolume, float64 [3]; fixed before any run."""
        ...

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks, one row each, with at least the column ``mask``."""
        ...
