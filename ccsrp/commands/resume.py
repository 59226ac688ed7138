"""``ccsrp resume``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.commands.options import OwnProblemOption, RayOption, WorkersOption
from ccsrp.commands.result import resumable, show_result
from ccsrp.commands.workers import judging
from ccsrp.errors import printable

__all__ = ["resume"]


def resume(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'ccsrp search' wrote.")],
    workers: WorkersOption = None,
    ray: RayOption = None,
    problem: OwnProblemOption = None,
) -> None:
    """Go on with a search that was interrupted.

    At most the networks that were under evaluation are evaluated again. The front and the history are those
    that the search would have had without the interruption. A finished search has its files written anew.
    """
    from ccsrp.report.terminal import SearchProgress, steps
    from ccsrp.runs.lock import only_writer
    from ccsrp.runs.resuming import reopened
    from ccsrp.runs.searching import search_into

    console = Console()
    run = reopened(folder, problem=problem)
    changed = run.config.changed_versions()
    if changed:
        console.print(
            escape(
                printable(
                    f"packages have changed since it began ({'; '.join(changed)}): figures may differ in "
                    f"their last digits"
                )
            ),
            highlight=False,
            soft_wrap=True,
        )
    with (
        only_writer(folder),
        steps(console) as shown,
        resumable(folder),
        judging(workers, ray) as judged_by,
    ):
        progress = SearchProgress(shown, run.config.search.budget)
        result = search_into(
            folder,
            run.problem,
            run.config.search,
            run.config,
            plan=run.plan,
            shown=progress,
            judged_by=judged_by,
        )
    show_result(console, folder, result, rate=progress.rate)
