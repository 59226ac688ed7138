"""What the command line shows: tables, and progress that suits a terminal and a log file alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round
    from ccsrp.coevolution.search import GenerationReport

__all__ = ["SearchProgress", "Steps", "audit_table", "figures_table", "front_table", "steps"]


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


class SearchProgress:
    """Turns the events of a search into progress.

    ``rate`` is the number of evaluations per second so far, fine-tuning between rounds included.
    """

    def __init__(self, shown: Steps, budget: int) -> None:
        self._shown = shown
        self._budget = budget
        self._began = time.perf_counter()
        self._before = self._latest = self._known = 0
        self.rate = 0.0
        shown.show(0, budget, "judging the first generation")

    def resumed(self, evaluations: int) -> None:
        """Say how many evaluations are known from an earlier beginning."""
        self._known = evaluations
        self._shown.line(f"going on: {evaluations} evaluations are known")

    def generation(self, report: GenerationReport) -> None:
        """Show the archive after a generation."""
        self._latest = report.evaluations
        new = max(0, self._before + self._latest - self._known)
        self.rate = new / (time.perf_counter() - self._began)
        text = (
            f"generation {report.generation}: hypervolume {report.hypervolume:.4f}, "
            f"{report.front_size} on the front, {self.rate:.2f} evaluations/s"
        )
        self._shown.show(report.evaluations, self._budget, text)
        self._shown.line(f"[dim]{report.evaluations:>6} evaluations  {text}[/dim]")

    def round(self, finished: Round) -> None:
        """Show the network that a round ended with."""
        self._before, self._latest = self._before + self._latest, 0
        error, robust_error, cost = finished.tuned
        self._shown.line(
            f"round {finished.number}: fine-tuned to accuracy {1 - error:.3f}, "
            f"robust {1 - robust_error:.3f}, cost {cost:.3f}"
        )

    def ended(self, reason: str) -> None:
        """Say why rounds ended before their limit and their target."""
        self._shown.line(escape(reason))

    def failures(self, count: int, reason: str) -> None:
        """Say how many networks could not be judged, and the most frequent reason."""
        self._shown.line(escape(f"{count} networks could not be judged; most of them: {reason}"))

    def member(self, done: int, total: int) -> None:
        """Show how many members of the front have been measured on the test split."""
        self._shown.show(done, total, "measuring the front on test images")


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


def figures_table(figures: pd.DataFrame, *, title: str) -> Table:
    """Lay figures out with a line each: the first column names the networks, which stand side by side."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in figures.iloc[:, 0]:
        table.add_column(str(name), justify="right")
    for column in figures.columns[1:]:
        table.add_row(column.replace("_", " "), *(f"{value:.4g}" for value in figures[column]))
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
