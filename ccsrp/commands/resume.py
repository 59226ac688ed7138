"""``ccsrp resume``."""

from __future__ import annotations

from ccsrp.commands.display import JsonOption, QuietOption, SearchScreen, TensorBoardOption, beginning
from ccsrp.commands.options import OwnProblemOption, RayOption, RunArgument, WorkersOption
from ccsrp.commands.result import resumable
from ccsrp.commands.workers import asked_for, judging

__all__ = ["resume"]


def resume(
    folder: RunArgument,
    workers: WorkersOption = None,
    ray: RayOption = None,
    problem: OwnProblemOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    tensorboard: TensorBoardOption = False,
) -> None:
    """Go on with a search that was interrupted.

    At most the networks that were under evaluation are evaluated again. The front and the history are those
    that the search would have had without the interruption. A finished search has its files written anew.
    """
    asked = asked_for(workers, ray)
    told = SearchScreen(quiet=quiet, as_json=as_json, tensorboard=tensorboard)
    from ccsrp.runs.lock import only_writer
    from ccsrp.runs.resuming import reopened
    from ccsrp.runs.searching import search_into

    with told.only_ours():
        run = reopened(folder, problem=problem)
        settings, shown = run.config.search, told.display
        shown.begins(
            beginning(run.config.problem, run.problem, folder, budget=settings.budget, plan=run.plan)
        )
        changed = run.config.changed_versions()
        if changed:
            shown.note(
                f"packages have changed since it began ({'; '.join(changed)}): figures may differ in their "
                f"last digits"
            )
        with (
            only_writer(folder),
            resumable(folder, problem=run.config.problem),
            judging(asked) as judged_by,
            shown.shown(),
        ):
            result = search_into(
                folder,
                run.problem,
                settings,
                run.config,
                plan=run.plan,
                shown=shown,
                judged_by=judged_by,
            )
            shown.result(result)
    told.ends(folder, result)
