"""A search as one live display at the foot of a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ccsrp.coevolution.course import FinishedGeneration
from ccsrp.errors import printable
from ccsrp.report.progress.display import SearchDisplay
from ccsrp.report.progress.info import ProgressInfo, progress_info
from ccsrp.report.progress.lines import Lines
from ccsrp.report.progress.sparkline import sparkline

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round

__all__ = ["LiveDisplay", "can_be_live", "drawn"]

# Wider lines are no easier to read, and short ones stay whole when a window is made a little smaller.
WIDEST, NARROW, LABEL = 78, 64, 12
# Often enough for seconds that count down, and far too seldom to slow a search.
TIMES_A_SECOND = 4


def can_be_live(console: Console) -> bool:
    """Tell whether a console writes to a terminal that can move its cursor, whatever is said of colours."""
    return console.is_interactive and not console.is_dumb_terminal and console.file.isatty()


class LiveDisplay(Lines):
    """One display that is drawn anew, some times a second; what stays is said above it.

    Parameters
    ----------
    console : Console
    clock : callable
        Returns seconds.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(
            lambda text: console.print(printable(text), highlight=False, markup=False, soft_wrap=True)
        )
        self._console = console
        self._clock = clock
        self._began = self._latest = clock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Be drawn inside the ``with`` block; the last state stays."""
        self._began = self._latest = self._clock()
        live = Live(
            get_renderable=self._drawn,
            console=self._console,
            refresh_per_second=TIMES_A_SECOND,
            vertical_overflow="crop",
        )
        with live:
            yield
            self.state = self.state.finished()

    def generation(self, finished: FinishedGeneration) -> None:
        """Take in a generation; it is drawn when it is time, not said."""
        SearchDisplay.generation(self, finished)
        self._latest = self._clock()

    def round(self, finished: Round) -> None:
        """Say what network a round ended with."""
        super().round(finished)
        self._latest = self._clock()

    def _drawn(self) -> _Drawn:
        now = self._clock()
        return _Drawn(progress_info(self.state, elapsed=now - self._began, waited=now - self._latest))


class _Drawn:
    """Information that takes its width from where it is printed."""

    def __init__(self, info: ProgressInfo) -> None:
        self._info = info

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield drawn(self._info, width=options.max_width, ascii_only=options.ascii_only)


def drawn(info: ProgressInfo, *, width: int, ascii_only: bool = False) -> Table:
    """Lay out what a live display shows, in as many columns as there are, from 40 on."""
    # A terminal writes ^C behind the last line; no line may be so long that this breaks it.
    width = min(width - 3, WIDEST)
    value = width - LABEL - 1
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=LABEL, style="dim", no_wrap=True)
    table.add_column(width=value, no_wrap=True, overflow="ellipsis")
    for label, shown in (_wide if width >= NARROW else _narrow)(info, value, ascii_only):
        table.add_row(label, shown)
    table.add_row("ended early", info.stopped)
    table.add_row("failures", Text(info.failures, style="" if info.failures == "none" else "bold red"))
    return table


def _wide(info: ProgressInfo, value: int, ascii_only: bool) -> Iterator[tuple[str, RenderableType]]:
    """Yield labels and what stands beside them, several figures a line."""
    now = f"round {info.round}: {info.doing}" if info.round else info.doing
    yield "now", Text(now, style="bold")
    bar = Table.grid(padding=(0, 1, 0, 0))
    bar.add_row(_bar(info, value - len(info.evaluations) - 2), Text(info.evaluations))
    yield "evaluations", bar
    yield "hypervolume", _course(info, value - len(info.hypervolume) - 2, ascii_only)
    best = (("accuracy", info.accuracy), ("robust", info.robust_accuracy), ("cost", info.cost))
    yield "best", "   ".join(f"{name} {text}" for name, text in best if text)
    yield "front", info.front
    yield "time", ", ".join(filter(None, [info.time, info.left, info.speed]))


def _narrow(info: ProgressInfo, value: int, ascii_only: bool) -> Iterator[tuple[str, RenderableType]]:
    """Yield labels and what stands beside them, one figure a line."""
    if info.round:
        yield "round", info.round
    yield "now", Text(info.doing, style="bold")
    yield "evaluations", info.evaluations
    yield "", _bar(info, value - 1)
    yield "hypervolume", _course(info, value - len(info.hypervolume) - 2, ascii_only)
    yield "front", info.front
    best = (("accuracy", info.accuracy), ("robust", info.robust_accuracy), ("cost", info.cost))
    for name, text in best:
        yield name, f"{text} at best" if text else ""
    yield "time", info.time
    yield "left", info.left.removesuffix(" left")
    yield "speed", info.speed


def _bar(info: ProgressInfo, width: int) -> ProgressBar:
    return ProgressBar(total=1.0, completed=info.done, width=width)


def _course(info: ProgressInfo, width: int, ascii_only: bool) -> Text:
    line = sparkline(info.course, width=width, ascii_only=ascii_only)
    return Text.assemble((line, "cyan"), " " if line else "", info.hypervolume)
