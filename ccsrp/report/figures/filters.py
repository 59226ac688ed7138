"""Filters kept in each layer over a front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.figures.style import COLUMN, literal, sheet
from ccsrp.report.layer_names import displayed
from ccsrp.report.layers import LayersInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["filters_figure"]


def filters_figure(info: LayersInfo) -> Figure:
    """Draw a heat map one column wide: members by layers, the dearest member on top."""
    figure, (axis,) = sheet(width=COLUMN, height=COLUMN * 1.1)
    picture = axis.imshow(info.share, cmap="cividis", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    figure.colorbar(picture, ax=axis, pad=0.03, aspect=30).set_label("share of filters kept")
    names = [displayed(name) for name in info.names]
    names = [literal(name if len(name) < 24 else name[:21] + "...") for name in names]
    steep = 90 if sum(map(len, names)) > 30 else 0
    axis.set_xticks(range(len(names)), names, rotation=steep)
    shown = np.unique(np.linspace(0, len(info.members) - 1, 12).round().astype(int))
    axis.set_yticks(shown.tolist(), [str(member) for member in info.members[shown]])
    axis.set_xlabel("layer")
    axis.set_ylabel("member")
    return figure
