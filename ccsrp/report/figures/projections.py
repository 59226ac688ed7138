"""The front from three sides, over the networks that were evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsrp.report.figures.style import PAGE, dress, sheet
from ccsrp.report.front import front_info
from ccsrp.report.record import RunRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["projections_figure"]

SIDES = (("cost", "accuracy"), ("cost", "robust_accuracy"), ("robust_accuracy", "accuracy"))


def projections_figure(record: RunRecord) -> Figure:
    """Draw three panels over both columns; colour is the quantity that a panel's axes leave out."""
    figure, axes = sheet(width=PAGE, height=PAGE / 3.1, columns=3)
    for (x, y), panel, axis in zip(SIDES, front_info(record.front, record.history).panels, axes, strict=True):
        if not record.evaluated.empty:
            # Thousands of points as one image: as shapes they would make a file of megabytes.
            axis.scatter(
                record.evaluated[x], record.evaluated[y], s=2, color="0.75", linewidths=0, rasterized=True
            )
        points = axis.scatter(
            panel.x, panel.y, c=panel.colour, s=14, cmap="cividis", edgecolors="black", linewidths=0.4
        )
        bar = figure.colorbar(points, ax=axis, pad=0.02, location="top", aspect=30)
        bar.set_label(panel.colour_label)
        dress(axis, panel.x_label.split(" (")[0], panel.y_label.split(" (")[0])
    return figure
