"""Draw how a layer's mask becomes a whole network, is judged, and answers for all of its parts.

python docs/pictures/coevolution.py    (writes coevolution.svg)
"""

from __future__ import annotations

import numpy as np
from canvas import BLUE, GREY, INK, ORANGE, TEAL, figure, save
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

LAYERS = {"conv1": (TEAL, 4), "conv2": (ORANGE, 6), "conv3": (BLUE, 5)}
CELL = 0.27


def mask(axis: Axes, x: float, y: float, kept: np.ndarray, colour: str, *, faint: bool = False) -> float:
    """Draw a mask as a row of cells, filled where a filter is kept, and return where it ends."""
    for number, keep in enumerate(kept):
        corner = (x + number * CELL, y)
        axis.add_patch(
            Rectangle(
                corner,
                CELL * 0.86,
                CELL * 0.86,
                facecolor=colour if keep else "white",
                edgecolor=colour,
                linewidth=0.8,
                alpha=0.35 if faint else 1,
            )
        )
    return x + len(kept) * CELL


def arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], *, bend: float = 0.0) -> None:
    """Draw an arrow."""
    style = f"arc3,rad={bend}"
    axis.add_patch(
        FancyArrowPatch(
            start, end, connectionstyle=style, arrowstyle="-|>", mutation_scale=11, color=INK, lw=1
        )
    )


def box(axis: Axes, x: float, y: float, width: float, height: float, text: str) -> None:
    """Draw a box with text in its middle."""
    axis.add_patch(
        FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.06", facecolor="#eceff1", edgecolor=GREY)
    )
    axis.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=8.5, color=INK)


def main() -> None:
    """Write the picture."""
    rng = np.random.default_rng(3)
    made = figure(height=3.5)
    axis = made.add_subplot()
    axis.set_axis_off()
    axis.set_xlim(-0.1, 13.2)
    axis.set_ylim(-0.35, 6.3)
    axis.set_aspect("equal")
    candidate, level = np.empty(0), 0.0
    axis.text(0, 6.05, "one subpopulation a layer", fontsize=9, color=INK, weight="bold", va="center")
    for place, (name, (colour, size)) in enumerate(LAYERS.items()):
        top = 5.35 - 2.0 * place
        axis.text(0, top + 0.12, name, fontsize=8.5, color=colour, va="center")
        for row in range(4):
            kept = rng.random(size) < 0.65
            kept[0] = True
            y = top - row * 0.36
            mask(axis, 1.2, y, kept, colour, faint=(name, row) != ("conv2", 1))
            if name == "conv2" and row == 1:
                candidate, level = kept, y
    axis.text(5.0, 6.05, "a whole network", fontsize=9, color=INK, weight="bold", va="center")
    arrow(axis, (1.2 + 6 * CELL + 0.1, level + 0.12), (4.45, level + 0.12))
    axis.text(3.6, level + 0.27, "a candidate", fontsize=7.5, color=ORANGE, ha="center")
    x = 4.6
    for name, (colour, size) in LAYERS.items():
        part = candidate if name == "conv2" else rng.random(size) < 0.7
        x = mask(axis, x, level, part, colour) + 0.1
    axis.text(6.6, level + 0.75, "and company for\nall other layers", fontsize=7.5, color=INK, ha="center")
    arrow(axis, (x + 0.05, level + 0.12), (9.45, level + 0.12))
    box(
        axis,
        9.6,
        level - 0.75,
        3.5,
        1.75,
        "pruned for real,\ncalibrated, attacked:\nerror, robust error, cost",
    )
    box(axis, 4.6, 0.05, 4.1, 1.05, "archive: whole networks\nthat nothing dominates")
    arrow(axis, (10.8, level - 0.95), (8.85, 0.6), bend=-0.25)
    axis.text(10.75, 0.75, "if nothing dominates it", fontsize=7.5, color=INK)
    arrow(axis, (6.5, 1.25), (6.5, level - 0.15))
    axis.text(6.65, (1.2 + level) / 2, "company", fontsize=7.5, color=INK, va="center")
    arrow(axis, (11.3, level + 1.15), (3.1, level + 0.75), bend=0.3)
    axis.text(
        7.2, 5.3, "the candidate is worth\nwhat the network is worth", fontsize=7.5, color=INK, ha="center"
    )
    save(made, "coevolution")


if __name__ == "__main__":
    main()
