"""What the live display shows, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ccsrp.report.progress.state import SearchState

__all__ = ["ProgressInfo", "progress_info"]

LONGEST = 99 * 24 * 3600  # seconds that are written out; longer is no estimate


@dataclass(frozen=True)
class ProgressInfo:
    """Everything that the live display shows; texts are empty where nothing is known yet.

    Attributes
    ----------
    doing : str
    round : str
        Empty where there are no rounds.
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
    round: str
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
        state.doing,
        "" if state.rounds is None else f"{state.round} of {state.rounds}",
        min(1.0, state.evaluations / state.budget) if state.budget > 0 else 0.0,
        f"{state.evaluations} of {state.budget}",
        _time(elapsed),
        _speed(state.rate) if state.rate > 0 else "",
        f"{_time(left - waited)} left" if left is not None and waited < left < LONGEST else "",
        state.course,
        *best,
    )


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / max(1, of):.1%})" if count else "none"


def _time(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{left:02}"


def _speed(rate: float) -> str:
    return f"{rate:.2f} evaluations/s" if rate < 100 else f"{rate:,.0f} evaluations/s"
