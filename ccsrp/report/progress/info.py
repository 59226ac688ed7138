"""What the live display shows, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ccsrp.report.progress.state import SearchState

__all__ = ["ProgressInfo", "progress_info"]

LONGEST = 99 * 24 * 3600  # seconds that are written out; longer is no estimate


@dataclass(frozen=True)
class ProgressInfo:
    """Everything that the live display shows; texts are empty where nothing is known yet.

    Attributes
    ----------
    doing : str
        With the round, where there are some.
    done : float
        Share of the round's budget, from 0 to 1.
    evaluations, time, speed, left : str
    course : tuple of float
        Hypervolumes so far.
    hypervolume, front, accuracy, robust_accuracy, cost : str
        Of the archive: its hypervolume and size, and the best in each objective.
    stopped : str
        Evaluations that ended early because nothing new could come of them, and their share.
    failures : str
        Networks that could not be judged.
    """

    doing: str
    done: float
    evaluations: str
    time: str
    speed: str
    left: str
    course: tuple[float, ...]
    hypervolume: str
    front: str
    accuracy: str
    robust_accuracy: str
    cost: str
    stopped: str
    failures: str


def progress_info(state: SearchState, *, elapsed: float, waited: float = 0.0) -> ProgressInfo:
    """Put a state into words.

    Parameters
    ----------
    state : SearchState
    elapsed : float
        Seconds since this process began to search.
    waited : float
        Seconds since the last generation ended; taken off the time that is left.
    """
    latest = state.latest
    left = state.seconds_left
    rounds = "" if state.rounds is None else f"round {state.round} of {state.rounds}: "
    if latest is None:
        best = ("", "", "", "", "", "none", "none")
    else:
        best = (
            f"{latest.hypervolume:.4f}",
            f"{latest.front_size} networks" if latest.front_size != 1 else "1 network",
            f"{latest.best_accuracy:.3f}",
            f"{latest.best_robust_accuracy:.3f}",
            f"{latest.lowest_cost:.3f}",
            _share(latest.stopped, latest.evaluations),
            _share(latest.failed, latest.evaluations),
        )
    return ProgressInfo(
        rounds + state.doing,
        min(1.0, state.evaluations / state.budget) if state.budget > 0 else 0.0,
        f"{state.evaluations} of {state.budget}",
        _time(elapsed),
        f"{state.rate:.2f} evaluations/s" if state.rate > 0 else "",
        f"{_time(max(0.0, left - waited))} left" if left and left < LONGEST else "",
        state.course,
        *best,
    )


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / max(1, of):.1%})" if count else "none"


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
