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
from ccsrp.report.labels import brief, label

__all__ = ["Steps", "audit_table", "figures_table", "front_table", "print_table", "steps"]


# Figures from here on are rounded.
LARGE = 1000


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


def print_table(console: Console, table: Table, *, title: str) -> None:
    """Print a table under its title, which is neither cut nor padded where the output is a file."""
    console.print(printable(title), style="italic", highlight=False, markup=False, soft_wrap=True)
    console.print(table)


def front_table(front: pd.DataFrame, *, width: int = 80) -> Table:
    """Lay a front out in ``width`` columns; what does not fit, masks and exact counts are left to the CSV."""
    rows = front.to_dict("list")
    columns = {
        name: [header, *map(form, rows[name])] for name, (header, form) in _COLUMNS.items() if name in rows
    }
    return _table(columns, left_out=_LEFT_OUT, width=width)


def figures_table(figures: pd.DataFrame, *, names: Mapping[str, str] | None = None) -> Table:
    """Lay figures out with a line each: the first column names the networks, which stand side by side.

    Shares have four digits, large numbers are rounded: 955k.

    Parameters
    ----------
    figures : DataFrame
    names : mapping of str to str, optional
        What columns are called, where not as everywhere.
    """
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in figures.iloc[:, 0]:
        table.add_column(str(name), justify="right")
    for column in figures.columns[1:]:
        name = escape(printable((names or {}).get(column, label(column))))
        counted = column == "epochs" or figures[column].abs().max() >= LARGE
        table.add_row(name, *(brief(value) if counted else f"{value:.4f}" for value in figures[column]))
    return table


def audit_table(rows: Sequence[Mapping[str, Any]], *, width: int = 80) -> Table:
    """Lay out what audits of a run's networks found in ``width`` columns; the rest is left to the CSV."""
    columns = {name: [header, *(form(row[name]) for row in rows)] for header, name, form in _AUDIT_COLUMNS}
    return _table(columns, left_out=_AUDIT_LEFT_OUT, width=width)


def _table(columns: dict[str, list[str]], *, left_out: Sequence[str], width: int) -> Table:
    """Make a table of columns, each a header and its cells; some go, in order, until the rest fits."""
    for name in left_out:
        if sum(max(map(len, cells)) + 2 for cells in columns.values()) - 2 > width:
            columns.pop(name, None)
    table = Table(header_style="bold", box=None, pad_edge=False)
    for cells in columns.values():
        table.add_column(cells[0], justify="right", no_wrap=True)
    for row in zip(*(cells[1:] for cells in columns.values()), strict=True):
        table.add_row(*row)
    return table


def _share(value: float) -> str:
    return f"{value:.3f}"


_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "member": ("member", str),
    "round": ("round", str),
    "accuracy": ("acc.", _share),
    "robust_accuracy": ("robust", _share),
    "cost": ("cost", _share),
    "flops": ("flops", brief),
    "params": ("params", brief),
    "synops": ("synops", brief),
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
_AUDIT_LEFT_OUT = ("images", "gap_points", "clean_accuracy", "masked_gradients")
