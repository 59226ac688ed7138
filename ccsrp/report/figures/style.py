"""How figures for papers look: column widths, 8 points, colours that all can tell apart, text as text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "COLUMN",
    "FORMATS",
    "MARKERS",
    "PAGE",
    "Format",
    "dress",
    "figure_bytes",
    "literal",
    "sheet",
    "styled",
]

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")
# Inches: a column of most journals, and both columns.
COLUMN, PAGE = 8.5 / 2.54, 17.5 / 2.54
DPI = 300
# Okabe and Ito's colours, which people of all kinds of sight can tell apart.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
MARKERS = ("o", "D", "s", "^", "v", "P")
_LOOK: dict[Any, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
}
_FILES: dict[Any, Any] = {
    "pdf.fonttype": 42,  # TrueType, which journals ask for, in place of outlines
    "svg.fonttype": "none",
    "svg.hashsalt": "ccsrp",  # else the names inside an SVG differ from time to time
}
# No dates, so that the same run gives the same bytes.
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


@contextmanager
def styled(*, look: bool = True) -> Iterator[None]:
    """Draw and save figures in this style inside the ``with`` block; without ``look``, save them only."""
    from matplotlib import rc_context

    with rc_context(_FILES | (_LOOK if look else {})):
        yield


def sheet(*, width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return an empty figure and its panels, side by side; width and height in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def dress(axis: Axes, x_label: str, y_label: str) -> None:
    """Label a panel, and put a grid behind its marks."""
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.set_axisbelow(True)


def literal(text: str) -> str:
    r"""Return a text that matplotlib takes for no formula.

    >>> literal("a$b")
    'a\\$b'
    """
    return text.replace("$", r"\$")


def figure_bytes(figure: Figure, format: Format, *, dpi: int = DPI) -> bytes:
    """Save a figure, the same bytes every time; to be called where it was drawn, inside ``styled``."""
    page = io.BytesIO()
    figure.savefig(page, format=format, dpi=dpi, metadata=_METADATA[format])
    return page.getvalue()
