"""What the command line shows: tables, and progress that suits a terminal and a log file alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ccsrp.errors import printable

__all__ = ["Steps", "audit_table", "figures_table", "front_table", "steps"]


class Steps:
    """A progress bar, or plain lines where the output is not a terminal."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False)

    def show(self, done: float, total: float, text: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total, description=text, visible=True)

    def line(self, text: str) -> None:
        """Say something that stays, above the bar."""
        self._console.print(printable(text), highlight=False, soft_wrap=True)


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    """Show progress inside the ``with`` block."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Steps(console, progress)


def front_table(front: pd.DataFrame, *, title: str | None, width: int = 80) -> Table:
    """Lay a front out in ``width`` columns; what does not fit, masks and exact counts are left to the CSV."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    columns = {
        name: [header, *map(form, front[name])] for name, (header, form) in _COLUMNS.items() if name in front
    }
    for name in _LEFT_OUT:
        if sum(max(map(len, cells)) + 2 for cells in columns.values()) - 2 > width:
            columns.pop(name, None)
    for cells in columns.values():
        table.add_column(cells[0], justify="right", no_wrap=True)
    for row in zip(*(cells[1:] for cells in columns.values()), strict=True):
        table.add_row(*row)
    return table


def figures_table(figures: pd.DataFrame, *, title: str, names: Mapping[str, str] | None = None) -> Table:
    """Lay figures out with a line each: the first column names the networks, which stand side by side.

    Epochs are counts; everything else is a share, with four digits.

    Parameters
    ----------
    figures : DataFrame
    title : str
    names : mapping of str to str, optional
        What columns are called, where not as in the table.
    """
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in figures.iloc[:, 0]:
        table.add_column(str(name), justify="right")
    for column in figures.columns[1:]:
        digits = 0 if column == "epochs" else 4
        name = escape(printable((names or {}).get(column, column.replace("_", " "))))
        table.add_row(name, *(f"{value:.{digits}f}" for value in figures[column]))
    return table


def audit_table(rows: Sequence[Mapping[str, Any]], *, title: str) -> Table:
    """Lay out what audits of a run's networks found, a row a network; verdicts are left to the CSV."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for header, _, _ in _AUDIT_COLUMNS:
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(form(row[name]) for _, name, form in _AUDIT_COLUMNS))
    return table


def _share(value: float) -> str:
    return f"{value:.3f}"


def _count(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "member": ("member", str),
    "round": ("round", str),
    "accuracy": ("acc.", _share),
    "robust_accuracy": ("robust", _share),
    "cost": ("cost", _share),
    "flops": ("flops", _count),
    "params": ("params", _count),
    "synops": ("synops", _count),
    "test_accuracy": ("test", _share),
    "test_robust_accuracy": ("test robust", _share),
}
# In this order where a terminal is narrow.
_LEFT_OUT = ("params", "flops", "synops", "test_robust_accuracy", "test_accuracy", "round")

_AUDIT_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("member", "member", str),
    ("images", "images", str),
    ("clean", "clean_accuracy", _share),
    ("search robust", "search_robust_accuracy", _share),
    ("worst case", "worst_case_accuracy", _share),
    ("gap", "gap_points", lambda points: f"{points:.1f} points"),
    ("masked gradients", "masked_gradients", lambda found: "suspected" if found else "no sign"),
)
