"""What each attack of an audit left, attack by attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ccsrp.report.attacks import AttacksInfo
from ccsrp.report.figures.style import COLOURS, MARKERS, dress, literal, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ccsrp.space import FloatArray

__all__ = ["attacks_figure"]

# Names of attacks take half of it.
WIDTH = 13 / 2.54
# Far more rows than an ensemble has, and members that can be told apart.
MOST_ROWS, MOST_MEMBERS = 200, len(MARKERS)


def attacks_figure(info: AttacksInfo) -> Figure:
    """Draw a row an attack, 13 cm wide: the share of images that is left of each member, all together last.

    Six members have a mark each; of more, all are grey and their median is black.
    """
    names = [*["no attack", *info.names][: MOST_ROWS - 1], "all together"]
    left = np.column_stack([info.clean, info.left])[:, : MOST_ROWS - 1]
    left = np.column_stack([left, info.worst])
    figure, (axis,) = sheet(width=WIDTH, height=0.95 + 0.16 * len(names))
    _members(axis, info, left)
    short = [name if len(name) < 52 else name[:49] + "..." for name in names]
    axis.set_yticks(range(len(names)), [literal(name) for name in short], fontsize=6)
    for before, (group, last) in enumerate(zip(info.groups[1:], info.groups[:-1], strict=True), start=1):
        if group != last:
            axis.axhline(before + 0.5, color="0.6", linewidth=0.5)
    for place in (0.5, len(names) - 1.5):
        axis.axhline(place, color="0.2", linewidth=0.7)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlim(-0.03, 1.03)
    eps = "" if info.eps is None else f", eps {info.eps:.4g}"
    dress(axis, f"share of test images that stay right{eps}", "")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _members(axis: Axes, info: AttacksInfo, left: FloatArray) -> None:
    rows = np.arange(left.shape[1])
    if len(info.members) <= MOST_MEMBERS:
        for kind, (member, shares) in enumerate(zip(info.members, left, strict=True)):
            label = f"member {member}, {info.images[kind]} images"
            axis.plot(shares, rows, MARKERS[kind], color=COLOURS[kind], label=label)
        return
    every = np.broadcast_to(rows, left.shape)
    axis.plot(left.flatten(), every.flatten(), "o", color="0.6", markersize=3, label=f"{len(left)} members")
    known = np.isfinite(left).any(axis=0)
    medians = np.nanmedian(left[:, known], axis=0)
    axis.plot(medians, rows[known], "|", color="black", markersize=8, label="median")
