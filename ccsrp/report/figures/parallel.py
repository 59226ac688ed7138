"""A front along parallel axes, a line a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.figures.style import PAGE, literal, sheet
from ccsrp.report.labels import brief
from ccsrp.report.parallel import parallel_axes
from ccsrp.report.record import RunRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["parallel_figure"]


def parallel_figure(record: RunRecord) -> Figure:
    """Draw a line a network over both columns; colour is robust accuracy."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    axes = parallel_axes(record.front)
    heights = np.column_stack(
        [(record.front[one.name].to_numpy(dtype=float) - one.low) / (one.high - one.low) for one in axes]
    )
    places = np.arange(len(axes))
    robust = record.front["robust_accuracy"].to_numpy(dtype=float)
    figure, (axis,) = sheet(width=PAGE, height=PAGE / 2.8)
    lines = [np.column_stack([places, row]) for row in heights]
    colours = ScalarMappable(Normalize(robust.min(), robust.max()), cmap="cividis")
    axis.add_collection(LineCollection(lines, colors=colours.to_rgba(robust), linewidths=0.8, alpha=0.9))
    for place, one in enumerate(axes):
        axis.vlines(place, 0, 1, color="0.25", linewidth=0.6)
        axis.text(place, 1.02, brief(one.high), ha="center", va="bottom", fontsize=7)
        axis.text(place, -0.02, brief(one.low), ha="center", va="top", fontsize=7)
    axis.set_xlim(-0.25, len(axes) - 0.75)
    axis.set_ylim(-0.12, 1.12)
    axis.set_xticks(places, [literal(one.label.replace(" ", "\n", 1)) for one in axes], fontsize=8)
    axis.tick_params(length=0)
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(False)
    figure.colorbar(colours, ax=axis, pad=0.02, aspect=30).set_label("robust accuracy")
    return figure
