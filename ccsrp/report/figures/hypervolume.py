"""Hypervolume over evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.courses import HypervolumeCourse
from ccsrp.report.figures.style import COLOURS, COLUMN, dress, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["hypervolume_figure"]


def hypervolume_figure(info: HypervolumeCourse) -> Figure:
    """Draw a stair one column wide for each round."""
    figure, (axis,) = sheet(width=COLUMN, height=COLUMN * 0.7)
    rounds = np.unique(info.round)
    for number in rounds:
        of_it = info.round == number
        colour = COLOURS[int(number - 1) % len(COLOURS)]
        axis.step(
            info.evaluations[of_it],
            info.hypervolume[of_it],
            where="post",
            color=colour,
            label=f"round {number}",
        )
    if len(rounds) > 1:
        axis.legend()
    dress(axis, "evaluations", "hypervolume")
    return figure
