"""What the pictures of the documentation share: colours, sizes, SVG files that only change with a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "STUDIES", "TEAL", "figure", "save"]

STUDIES = Path(__file__).parents[2] / "experiments"
INK, GREY = "#263238", "#b0bec5"
TEAL, ORANGE, BLUE = "#00897b", "#e65100", "#3949ab"
WIDTH = 17 / 2.54


def figure(*, height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure, sizes in inches."""
    made = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasSVG(made)
    return made


def save(made: Figure, name: str) -> None:
    """Write ``name``.svg beside this file."""
    with mpl.rc_context({"svg.hashsalt": name}):
        made.savefig(Path(__file__).with_name(f"{name}.svg"), metadata={"Date": None})
