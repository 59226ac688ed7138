"""Rounds: what their networks were promised to be, were, and became."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.figures.style import COLOURS, COLUMN, dress, sheet
from ccsrp.report.stages import RoundsInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["rounds_figure"]


def rounds_figure(info: RoundsInfo) -> Figure:
    """Draw accuracies over the cost that is kept, one column wide: dashed predicted, solid fine-tuned."""
    figure, (axis,) = sheet(width=COLUMN, height=COLUMN * 0.8)
    labels = ("predicted", "pruned", "fine-tuned")
    looks = ((":", "o", "none"), ("--", "s", "none"), ("-", "o", "full"))
    places = np.arange(len(info.number))
    for colour, figures, what in (
        (COLOURS[0], info.accuracy, "accuracy"),
        (COLOURS[4], info.robust_accuracy, "robust accuracy"),
    ):
        for stage, (line, marker, fill) in enumerate(looks):
            axis.plot(
                places,
                figures[:, stage],
                linestyle=line,
                marker=marker,
                fillstyle="full" if fill == "full" else "none",
                color=colour,
                label=f"{what}, {labels[stage]}",
            )
    ticks = [f"{number}\ncost {cost:.2f}" for number, cost in zip(info.number, info.cost, strict=True)]
    axis.set_xticks(places, ticks)
    dress(axis, "round", "on validation images")
    figure.legend(loc="outside upper center", ncols=2)
    return figure
