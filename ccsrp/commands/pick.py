"""``ccsrp pick``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.commands.next_steps import next_steps
from ccsrp.commands.options import (
    MaxCostOption,
    MinAccuracyOption,
    MinRobustAccuracyOption,
    PickChoice,
    RunArgument,
)
from ccsrp.errors import printable

__all__ = ["pick"]


def pick(
    folder: RunArgument,
    prefer: Annotated[
        str,
        typer.Option(
            metavar="NAME=WEIGHT,...",
            help="What matters how much: accuracy, robust, cost. Those left out weigh 1, and 0 is nothing.",
        ),
    ] = "accuracy=1,robust=1,cost=1",
    method: Annotated[
        PickChoice,
        typer.Option(
            help="asf: the one whose worst weighted objective is best; pseudo-weights: the one whose "
            "strengths lie as the weights do; tradeoff: of those that stand out, the best by asf; knee: the "
            "one nearest to the ideal."
        ),
    ] = PickChoice.asf,
    max_cost: MaxCostOption = None,
    min_accuracy: MinAccuracyOption = None,
    min_robust_accuracy: MinRobustAccuracyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Pick one network of a front, and say why that one and what it gives up.

    Every objective is scaled to what the front spans. Figures on validation images decide; those on test
    images are shown of what has been picked, and choose nothing.
    """
    from ccsrp.decision.bounds import Bounds
    from ccsrp.decision.pick import pick_within
    from ccsrp.decision.preferences import parse_preferences
    from ccsrp.report.picked import picked_lines
    from ccsrp.report.records import json_line, records
    from ccsrp.report.terminal import front_table, print_table
    from ccsrp.runs.folder import read_front

    preferences = parse_preferences(prefer)
    bounds = Bounds(max_cost=max_cost, min_accuracy=min_accuracy, min_robust_accuracy=min_robust_accuracy)
    front = read_front(folder)
    picked = pick_within(front, preferences, bounds, method=method.value)
    rows = front.set_index("member", drop=False).loc[[picked.member, *picked.alternatives]]
    commands = next_steps(folder, picked.member)
    if as_json:
        about: dict[str, Any] = {"folder": str(folder), **picked.table(), "next": commands}
        typer.echo(json_line(about | {"figures": records(rows.iloc[:1])[0]}))
        return
    console = Console()
    for line in picked_lines(picked, records(rows.iloc[:1])[0]):
        console.print(escape(line), highlight=False, soft_wrap=True)
    if picked.alternatives:
        print_table(console, front_table(rows.iloc[1:], width=console.width), title="Next best")
    for command in commands:
        typer.echo(printable(f"  {command}"))
