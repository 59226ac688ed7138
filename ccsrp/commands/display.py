"""How a search is shown, as options say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ccsrp.errors import OptionError, printable

if TYPE_CHECKING:
    from ccsrp.coevolution.run import SearchResult
    from ccsrp.report.progress.display import Beginning, SearchDisplay
    from ccsrp.runs.plan import RoundPlan

__all__ = ["JsonOption", "QuietOption", "SearchScreen", "TensorBoardOption", "beginning"]

QuietOption = Annotated[
    bool, typer.Option("--quiet", help="Print nothing but the folder of the results, and errors.")
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object a line for every event, the last with the front."),
]
TensorBoardOption = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Write the course of the search to DIR/tensorboard as well; needs ccsrp[tensorboard].",
    ),
]


class SearchScreen:
    """What ``search`` and ``resume`` write to standard output.

    Parameters
    ----------
    quiet, as_json, tensorboard : bool
        As the options say.

    Raises
    ------
    OptionError
        Options that exclude one another, or a package is missing.
    """

    def __init__(self, *, quiet: bool, as_json: bool, tensorboard: bool) -> None:
        if quiet and as_json:
            raise OptionError("--quiet and --json exclude one another; leave one of them out")
        self._quiet = quiet
        self._as_json = as_json
        self._output = sys.stdout
        self._console = Console()
        self.display: SearchDisplay = self._display(tensorboard)

    def _display(self, tensorboard: bool) -> SearchDisplay:
        from ccsrp.report.progress.display import SearchDisplay, Together
        from ccsrp.report.progress.json_lines import JsonLines
        from ccsrp.report.progress.lines import Lines
        from ccsrp.report.progress.live import LiveDisplay, can_be_live

        display: SearchDisplay
        if self._quiet:
            display = SearchDisplay()
        elif self._as_json:
            display = JsonLines(self._write_line)
        elif can_be_live(self._console):
            display = LiveDisplay(self._console)
        else:
            display = Lines(_line_to(self._console))
        if not tensorboard:
            return display
        from ccsrp.report.progress.tensorboard import TensorBoard, check_tensorboard

        check_tensorboard()
        return Together([display, TensorBoard()])

    @contextmanager
    def only_ours(self) -> Iterator[None]:
        """Keep what libraries print off standard output where a program or a script reads it."""
        if not (self._quiet or self._as_json):
            yield
            return
        with redirect_stdout(sys.stderr):
            yield

    def ends(self, folder: Path, result: SearchResult) -> None:
        """Say what was found and where it is."""
        from ccsrp.commands.result import show_result

        if self._quiet:
            self._write_line(printable(str(folder)))
        elif not self._as_json:
            show_result(self._console, folder, result, rate=self.display.state.rate)

    def _write_line(self, line: str) -> None:
        print(line, file=self._output, flush=True)


def beginning(name: str, problem: Any, folder: Path, *, budget: int, plan: RoundPlan | None) -> Beginning:
    """Describe a search about to begin."""
    from ccsrp.report.progress.display import Beginning

    attack = getattr(problem, "attack", None)
    return Beginning(
        problem=name,
        filters=problem.space.n_var,
        layers=problem.space.n_layers,
        left_whole=dict(getattr(problem, "left_whole", {})),
        attack="" if attack is None else attack.describe(),
        folder=folder,
        budget=budget,
        rounds=None if plan is None else plan.rounds.rounds,
    )


def _line_to(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
