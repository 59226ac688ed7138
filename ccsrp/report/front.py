"""The front as a picture: first what it shows, then how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ccsrp.space import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FrontInfo", "Panel", "front_figure", "front_info"]


@dataclass(frozen=True)
class Panel:
    """One scatter of the front: two quantities and a third as colour."""

    x: FloatArray
    y: FloatArray
    colour: FloatArray
    x_label: str
    y_label: str
    colour_label: str


@dataclass(frozen=True)
class FrontInfo:
    """Everything that the figure of a front shows."""

    panels: tuple[Panel, ...]
    evaluations: FloatArray
    hypervolume: FloatArray


_LABELS = {
    "cost": "kept cost (fraction of the dense network)",
    "accuracy": "accuracy (validation)",
    "robust_accuracy": "robust accuracy (validation)",
}


def front_info(front: pd.DataFrame, history: pd.DataFrame) -> FrontInfo:
    """Collect the three projections of a front and the course of its hypervolume."""
    values = {name: front[name].to_numpy(dtype=float) for name in _LABELS}
    triples = (
        ("cost", "accuracy", "robust_accuracy"),
        ("cost", "robust_accuracy", "accuracy"),
        ("robust_accuracy", "accuracy", "cost"),
    )
    return FrontInfo(
        panels=tuple(
            Panel(
                x=values[x],
                y=values[y],
                colour=values[c],
                x_label=_LABELS[x],
                y_label=_LABELS[y],
                colour_label=c.replace("_", " "),
            )
            for x, y, c in triples
        ),
        evaluations=history["evaluations"].to_numpy(dtype=float),
        hypervolume=history["hypervolume"].to_numpy(dtype=float),
    )


def front_figure(info: FrontInfo) -> Figure:
    """Draw a front as four panels, 18 x 14 cm, legible in print and to the colour-blind (cividis)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(18 / 2.54, 14 / 2.54), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2).flatten()
    for panel, axis in zip(info.panels, axes, strict=False):
        points = axis.scatter(
            panel.x, panel.y, c=panel.colour, s=22, cmap="cividis", edgecolors="black", linewidths=0.4
        )
        bar = figure.colorbar(points, ax=axis, pad=0.02)
        bar.set_label(panel.colour_label, fontsize=8)
        bar.ax.tick_params(labelsize=7)
        _dress(axis, panel.x_label, panel.y_label)
    axes[3].step(info.evaluations, info.hypervolume, where="post", color="#00204d")
    axes[3].plot(info.evaluations, info.hypervolume, ".", color="#00204d")
    axes[3].set_ylim(bottom=min(0.98 * float(np.min(info.hypervolume, initial=1.0)), 1.0))
    _dress(axes[3], "evaluations", "hypervolume")
    return figure


def _dress(axis: Axes, x_label: str, y_label: str) -> None:
    axis.set_xlabel(x_label, fontsize=8)
    axis.set_ylabel(y_label, fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.set_axisbelow(True)
