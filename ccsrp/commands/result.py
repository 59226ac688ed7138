"""How searches end on the command line: with a front, or with what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ccsrp.coevolution.run import SearchResult

from ccsrp.errors import printable

__all__ = ["INTERRUPTED", "Said", "resumable", "show_result"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Said(SystemExit):
    """Ends the program with a line of its own."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(status)
        self.message = message


@contextmanager
def resumable(folder: Path, *, problem: str) -> Iterator[None]:
    """Say how to go on where the ``with`` block, a search on a named problem, is interrupted."""
    from ccsrp.importing import resume_line
    from ccsrp.runs.store import STORE

    try:
        yield
    except KeyboardInterrupt:
        if not (folder / STORE).exists():
            raise
        command = resume_line(folder, problem)
        raise Said(f"interrupted; go on with '{command}'", status=INTERRUPTED) from None


def show_result(console: Console, folder: Path, result: SearchResult, *, rate: float) -> None:
    """Print the front and the files; a rate of 0, where nothing new was judged, is not mentioned."""
    from ccsrp.report.terminal import front_table, print_table

    title = f"Front of {len(result.front)} networks" + (f", {rate:.2f} evaluations/s" if rate else "")
    print_table(console, front_table(result.front, width=console.width), title=title)
    for name, what in (
        ("front.csv", "one row a network, with its mask"),
        ("front.png", "the trade-offs"),
        ("history.csv", "one row a generation"),
        ("rounds.csv", "one row a round; its network's weights in rounds/"),
        ("config.toml", "all that is needed to repeat this run"),
        ("run.sqlite", "every evaluation; 'ccsrp resume' goes on from it"),
    ):
        if (folder / name).exists():
            typer.echo(printable(f"  {folder / name}  {what}"))
    typer.echo(
        printable(f"ccsrp report {folder} shows it in a browser, ccsrp pick {folder} names one network")
    )
