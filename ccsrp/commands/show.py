"""``ccsrp show``."""

from __future__ import annotations

from os.path import isfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.errors import printable

__all__ = ["show"]


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'ccsrp search' wrote.")],
) -> None:
    """Print the front of a search; of one that has not finished, the front so far."""
    from ccsrp.report.terminal import front_table
    from ccsrp.runs.folder import read_front
    from ccsrp.runs.progress import progress
    from ccsrp.runs.store import STORE

    # These two ask no more of a name than that it be one: what is wrong with it is said below.
    if isfile(folder / STORE) and not isfile(folder / "front.csv"):
        so_far = progress(folder)
        Console().print(front_table(so_far.front, title=escape(printable(f"{folder}: front so far"))))
        typer.echo(
            printable(
                f"not finished: {so_far.evaluations} of {so_far.budget} evaluations in round "
                f"{so_far.round}; 'ccsrp resume {folder}' goes on"
            )
        )
        return
    front = read_front(folder)
    Console().print(front_table(front, title=escape(printable(f"{folder}: front of {len(front)} networks"))))
