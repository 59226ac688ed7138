"""``ccsrp show``."""

from __future__ import annotations

from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.commands import completion
from ccsrp.commands.options import MaxCostOption, MinAccuracyOption, MinRobustAccuracyOption, RunArgument
from ccsrp.errors import printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["show"]


def show(
    folder: RunArgument,
    max_cost: MaxCostOption = None,
    min_accuracy: MinAccuracyOption = None,
    min_robust_accuracy: MinRobustAccuracyOption = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="A column of front.csv to sort by. [default: cost, the cheapest last]",
            autocompletion=completion.columns,
        ),
    ] = None,
    descending: Annotated[bool, typer.Option("--descending", help="With --sort: the largest first.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, with masks and exact figures.")
    ] = False,
) -> None:
    """Print the front of a search; of one that has not finished, the front so far."""
    from ccsrp.decision.bounds import Bounds, sorted_by
    from ccsrp.errors import OptionError
    from ccsrp.report.records import json_line, records
    from ccsrp.report.terminal import front_table

    bounds = Bounds(max_cost=max_cost, min_accuracy=min_accuracy, min_robust_accuracy=min_robust_accuracy)
    if descending and sort is None:
        raise OptionError("--descending needs --sort COLUMN")
    front, about = _front(folder)
    shown = bounds.within(front)
    if sort is not None:
        shown = sorted_by(shown, sort, descending=descending)
    if as_json:
        typer.echo(json_line({"folder": str(folder), **about, "of": len(front), "members": records(shown)}))
        return
    if not about["finished"]:
        title = (
            "front so far" if not bounds else f"{len(shown)} of {len(front)} networks so far with {bounds}"
        )
    elif bounds:
        title = f"{len(shown)} of {len(front)} networks, with {bounds}"
    else:
        title = f"front of {len(front)} networks"
    console = Console()
    console.print(escape(printable(f"{folder}: {title}")), style="italic", highlight=False, soft_wrap=True)
    console.print(front_table(shown, title=None, width=console.width))
    if not about["finished"]:
        typer.echo(
            printable(
                f"not finished: {about['evaluations']} of {about['budget']} evaluations in round "
                f"{about['round']}; 'ccsrp resume {folder}' goes on"
            )
        )


def _front(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the front of a run, or that so far, and how far the run has come."""
    from ccsrp.runs.folder import read_front
    from ccsrp.runs.progress import progress
    from ccsrp.runs.store import STORE

    # These two ask no more of a name than that it be one: what is wrong with it is said below.
    if isfile(folder / STORE) and not isfile(folder / "front.csv"):
        so_far = progress(folder)
        return so_far.front, {
            "finished": False,
            "evaluations": so_far.evaluations,
            "budget": so_far.budget,
            "round": so_far.round,
        }
    return read_front(folder), {"finished": True}
