"""Audits beside what the search said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.audits import AuditInfo
from ccsrp.report.figures.style import COLOURS, COLUMN, MARKERS, dress, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["audit_figure"]


def audit_figure(info: AuditInfo) -> Figure:
    """Draw a row a member one column wide: clean, under the attack of the search, at worst."""
    count = len(info.members)
    figure, (axis,) = sheet(width=COLUMN, height=min(9.0, 1.2 + 0.2 * count))
    places = np.arange(count)
    axis.hlines(places, info.worst, np.maximum(info.clean, info.search), color="0.8", linewidth=3)
    for kind, (name, figures) in enumerate(
        (("clean", info.clean), ("attack of the search", info.search), ("worst case", info.worst))
    ):
        colour = COLOURS[(0, 1, 4)[kind]]
        axis.plot(
            figures,
            places,
            MARKERS[kind],
            color=colour,
            label=name,
            markeredgecolor="black",
            markeredgewidth=0.4,
        )
    axis.set_yticks(places.tolist(), [str(member) for member in info.members])
    axis.invert_yaxis()
    axis.set_xlim(-0.03, 1.03)
    dress(axis, "share of test images that stay right", "member")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
