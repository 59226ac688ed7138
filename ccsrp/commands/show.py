"""``ccsrp show``."""

from __future__ import annotations

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
    """Print the front of a finished search."""
    from ccsrp.report.terminal import front_table
    from ccsrp.runs.folder import read_front

    front = read_front(folder)
    Console().print(front_table(front, title=escape(printable(f"{folder}: front of {len(front)} networks"))))
