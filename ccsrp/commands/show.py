"""``ccsrp show``."""

from __future__ import annotations

from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ccsrp.commands import completion
from ccsrp.commands.next_steps import next_steps
from ccsrp.commands.options import (
    MaxCostOption,
    MinAccuracyOption,
    MinRobustAccuracyOption,
    RunArgument,
    was_given,
)
from ccsrp.errors import OptionError, printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["show"]


def show(
    context: typer.Context,
    folder: RunArgument,
    member: Annotated[
        int | None,
        typer.Option(
            help="One member: its figures, its layers, and what to do with it.",
            autocompletion=completion.members,
        ),
    ] = None,
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
    """Print the front of a search, or one member; of a search that has not finished, the front so far."""
    from ccsrp.decision.bounds import Bounds, sorted_by
    from ccsrp.report.records import json_line, records
    from ccsrp.report.terminal import front_table, print_table

    bounds = Bounds(max_cost=max_cost, min_accuracy=min_accuracy, min_robust_accuracy=min_robust_accuracy)
    if descending and sort is None:
        raise OptionError("--descending needs --sort COLUMN")
    if member is not None:
        _refuse(context)
        _show_member(folder, member, as_json=as_json)
        return
    front, about, unfinished = _front(folder)
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
    print_table(console, front_table(shown, width=console.width), title=f"{folder}: {title}")
    if not about["finished"]:
        typer.echo(printable(unfinished))


def _refuse(context: typer.Context) -> None:
    """See that no option was given that chooses among members."""
    for parameter in ("max_cost", "min_accuracy", "min_robust_accuracy", "sort", "descending"):
        if was_given(context, parameter):
            option = parameter.replace("_", "-")
            raise OptionError(f"--member shows one network; leave --{option} out")


def _show_member(folder: Path, member: int, *, as_json: bool) -> None:
    """Print one member, and the commands that come next for it."""
    from ccsrp.report.member import member_info, member_lines
    from ccsrp.report.records import json_line
    from ccsrp.runs.folder import member_row
    from ccsrp.runs.reading import read_run

    record = read_run(folder)
    member_row(record.front, member, folder)
    info = member_info(record, member)
    # Of an unfinished search, the numbers of members change.
    commands = [] if record.unfinished else next_steps(folder, member)
    if as_json:
        about = {"folder": str(folder), "finished": not record.unfinished}
        typer.echo(json_line(about | info.table() | {"next": commands}))
        return
    for line in [*member_lines(info), *([""] if commands else []), *(f"  {command}" for command in commands)]:
        typer.echo(printable(line))
    if record.unfinished:
        typer.echo(printable(record.unfinished))


def _front(folder: Path) -> tuple[pd.DataFrame, dict[str, Any], str]:
    """Return the front of a run, or that so far, and how far the run has come, for programs and in words."""
    from ccsrp.runs.advice import how_far
    from ccsrp.runs.folder import read_front
    from ccsrp.runs.progress import progress
    from ccsrp.runs.store import STORE

    # These two ask no more of a name than that it be one: what is wrong with it is said below.
    if isfile(folder / STORE) and not isfile(folder / "front.csv"):
        so_far = progress(folder)
        counts = {"evaluations": so_far.evaluations, "budget": so_far.budget, "round": so_far.round}
        unfinished = how_far(folder, ended=so_far.ended, **counts)
        return so_far.front, {"finished": False} | counts, unfinished
    return read_front(folder), {"finished": True}, ""
