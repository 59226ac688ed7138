"""A comparison of methods: means over seeds as a table, and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ccsrp.space import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "ComparisonInfo",
    "Course",
    "comparison_figure",
    "comparison_info",
    "comparison_markdown",
    "summary",
]

DENSE = "dense"
_SHOWN = {
    "test_accuracy": "test accuracy",
    "test_robust_accuracy": "test robust accuracy",
    "audited_robust_accuracy": "audited",
    "flops": "FLOPs",
    "params": "parameters",
    "synops": "synaptic operations",
    "evaluations": "masks judged",
    "epochs": "epochs",
    "seconds": "seconds",
}
_COUNTS = ("evaluations", "epochs", "seconds")


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: a row a method and target, columns ``NAME`` and ``NAME_std`` (0 for one seed)."""
    names = [name for name in _SHOWN if name in table]
    groups = table.groupby(["method", "target"], sort=False)[names]
    mean, spread = groups.mean(), groups.std(ddof=1).fillna(0.0)
    joined = mean.join(spread.add_suffix("_std"))
    joined.insert(0, "seeds", groups.size())
    return joined.reset_index()


def comparison_markdown(table: pd.DataFrame) -> str:
    """Lay the averages out in Markdown: mean ± standard deviation over seeds."""
    averaged = summary(table)
    names = [name for name in _SHOWN if name in averaged]
    header = ["method", "target", "seeds", *(_SHOWN[name] for name in names)]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for row in averaged.to_dict("records"):
        cells = [str(row["method"]), f"{row['target']:g}", str(row["seeds"])]
        cells += [_cell(name, row[name], row[f"{name}_std"], many=row["seeds"] > 1) for name in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(name: str, mean: float, spread: float, *, many: bool) -> str:
    if pd.isna(mean):
        return ""
    if name in _COUNTS:
        return f"{mean:.0f}"
    return f"{mean:.3f} ± {spread:.3f}" if many else f"{mean:.3f}"


@dataclass(frozen=True)
class Course:
    """One method: its mean at every target, cheapest first, with the spread over seeds."""

    method: str
    cost: FloatArray
    value: FloatArray
    spread: FloatArray


@dataclass(frozen=True)
class ComparisonInfo:
    """Everything that the figure shows: a panel for each figure, in each a course for each method."""

    panels: dict[str, tuple[Course, ...]]
    dense: dict[str, float]
    cost_label: str


def comparison_info(table: pd.DataFrame, *, cost: str = "flops") -> ComparisonInfo:
    """Collect what the figure shows.

    Parameters
    ----------
    table : DataFrame
        One row a network.
    cost : {"flops", "params", "synops"}
        The horizontal axis.
    """
    averaged = summary(table).sort_values(cost, kind="stable")
    shown = [name for name in list(_SHOWN)[:3] if name in averaged and averaged[name].notna().any()]
    pruned = averaged[averaged["method"] != DENSE]
    dense = averaged[averaged["method"] == DENSE]
    order = [name for name in table["method"].drop_duplicates() if name != DENSE]
    panels = {
        _SHOWN[name]: tuple(
            Course(
                method=method,
                cost=rows[cost].to_numpy(dtype=float),
                value=rows[name].to_numpy(dtype=float),
                spread=rows[f"{name}_std"].to_numpy(dtype=float),
            )
            for method in order
            for rows in [pruned[pruned["method"] == method]]
        )
        for name in shown
    }
    base = {_SHOWN[name]: float(dense[name].iloc[0]) for name in shown} if len(dense) else {}
    return ComparisonInfo(panels, base, f"{_SHOWN[cost]} (share of the dense network)")


def comparison_figure(info: ComparisonInfo) -> Figure:
    """Draw a panel for each figure; markers and colours tell methods apart, the dashed line is dense."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(info.panels), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(info.panels), squeeze=False)[0]
    for axis, (label, courses) in zip(axes, info.panels.items(), strict=True):
        for index, course in enumerate(courses):
            axis.errorbar(
                course.cost,
                course.value,
                yerr=course.spread,
                label=course.method,
                color=colormaps["cividis"](index / max(1, len(courses) - 1)),
                marker="osD^vP*X"[index % 8],
                linewidth=2.4 if index == 0 else 1.1,
                markersize=6,
                capsize=2,
            )
        if label in info.dense:
            axis.axhline(info.dense[label], linestyle="--", color="0.4", linewidth=1, label="dense")
        axis.set_xlabel(info.cost_label)
        axis.set_title(label)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    return figure
