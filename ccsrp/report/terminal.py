"""What the command line shows: tables, and progress that suits a terminal and a log file alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from ccsrp.coevolution.search import GenerationReport

__all__ = ["SearchProgress", "Steps", "front_table", "steps"]


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
        self._console.print(text, highlight=False)


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

    ``rate`` is the number of evaluations per second so far.
    """

    def __init__(self, shown: Steps, budget: int) -> None:
        self._shown = shown
        self._budget = budget
        self._began = time.perf_counter()
        self.rate = 0.0
        shown.show(0, budget, "judging the first generation")

    def generation(self, report: GenerationReport) -> None:
        """Show the archive after a generation."""
        self.rate = report.evaluations / (time.perf_counter() - self._began)
        text = (
            f"generation {report.generation}: hypervolume {report.hypervolume:.4f}, "
            f"{report.front_size} on the front, {self.rate:.2f} evaluations/s"
        )
        self._shown.show(report.evaluations, self._budget, text)
        self._shown.line(f"[dim]{report.evaluations:>6} evaluations  {text}[/dim]")

    def member(self, done: int, total: int) -> None:
        """Show how many members of the front have been measured on the test split."""
        self._shown.show(done, total, "measuring the front on test images")


def front_table(front: pd.DataFrame, *, title: str) -> Table:
    """Lay a front out for the terminal; masks are left to the CSV."""
    table = Table(title=title, title_justify="left", header_style="bold")
    formats = {
        "member": "{:.0f}",
        "accuracy": "{:.3f}",
        "robust_accuracy": "{:.3f}",
        "cost": "{:.3f}",
        "flops": "{:,.0f}",
        "params": "{:,.0f}",
        "synops": "{:,.0f}",
        "test_accuracy": "{:.3f}",
        "test_robust_accuracy": "{:.3f}",
    }
    shown = {name: form for name, form in formats.items() if name in front}
    for name in shown:
        table.add_column(name.replace("_", " ").replace("accuracy", "acc."), justify="right", no_wrap=True)
    for row in front.itertuples():
        table.add_row(*(form.format(getattr(row, name)) for name, form in shown.items()))
    return table
