"""What each method's networks are worth together, on test images: hypervolume, and who dominates whom."""

from __future__ import annotations

import moocore
import numpy as np
import pandas as pd

from ccsrp.methods import METHODS
from ccsrp.runs.comparison import DENSE

__all__ = ["fronts_markdown"]

OURS = "ccsrp"
ROBUST = {"test_robust_accuracy": "robust", "audited_robust_accuracy": "audited"}


def fronts_markdown(table: pd.DataFrame, *, cost: str) -> str:
    """Lay out, method by method, means over seeds.

    Parameters
    ----------
    table : DataFrame
        One row a network, as a comparison writes it.
    cost : {"flops", "params", "synops"}
        The third objective; the dense network has 1.
    """
    shown = [name for name in ROBUST if name in table and table[name].notna().any()]
    header = ["method"]
    for name in shown:
        header += [f"hypervolume ({ROBUST[name]})", f"dominated by ours ({ROBUST[name]})", "dominates ours"]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for method in METHODS:
        rows = table[table["method"] == method]
        if rows.empty:
            continue
        cells = [method]
        for name in shown:
            figures = _Figures(table, method, robust=name, cost=cost)
            cells.append(figures.hypervolume())
            cells += ["", ""] if method == OURS else [figures.beaten_by_ours(), figures.beating_ours()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


class _Figures:
    def __init__(self, table: pd.DataFrame, method: str, *, robust: str, cost: str) -> None:
        self._columns = ["test_accuracy", robust, cost]
        complete = table.dropna(subset=self._columns)
        self._dense = complete[complete["method"] == DENSE]
        self._rows = complete[complete["method"] == method]
        self._ours = complete[complete["method"] == OURS]

    def hypervolume(self) -> str:
        """Measure the networks of a seed and the dense one against (1, 1, 1): mean and spread over seeds."""
        if self._rows.empty:
            return ""
        found = [
            moocore.hypervolume(self._minimised(pd.concat([rows, self._dense])), ref=np.ones(3))
            for _, rows in self._rows.groupby("seed")
        ]
        spread = f" ± {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        return f"{np.mean(found):.3f}{spread}"

    def beaten_by_ours(self) -> str:
        """Count networks of the method for which one of ours, of the same seed, is as good in everything."""
        return self._count(self._rows, self._ours)

    def beating_ours(self) -> str:
        """Count networks of ours for which one of the method is as good in everything."""
        return self._count(self._ours, self._rows)

    def _count(self, these: pd.DataFrame, others: pd.DataFrame) -> str:
        seeds = set(these["seed"]) & set(others["seed"])
        beaten = total = 0
        for seed in seeds:
            better = self._minimised(others[others["seed"] == seed])
            for point in self._minimised(these[these["seed"] == seed]):
                beaten += bool((better <= point).all(axis=1).any())
                total += 1
        return f"{beaten} of {total}" if total else ""

    def _minimised(self, rows: pd.DataFrame) -> np.ndarray:
        accuracy, robust, cost = (rows[name].to_numpy(dtype=float) for name in self._columns)
        return np.column_stack([1 - accuracy, 1 - robust, cost])
