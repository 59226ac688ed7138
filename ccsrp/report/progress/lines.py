"""A search as plain lines, for logs and for terminals that cannot move their cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.report.layer_names import left_whole_line
from ccsrp.report.progress.display import Beginning, SearchDisplay

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round

__all__ = ["Lines", "begin_lines", "failures_line", "generation_line", "resumed_line", "round_line"]


class Lines(SearchDisplay):
    """Says each generation on a line of its own.

    Parameters
    ----------
    say : callable
        Called with a line; what is in it may be anyone's, as names are.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def begins(self, beginning: Beginning) -> None:
        """Say what is searched."""
        super().begins(beginning)
        for line in begin_lines(beginning):
            self._say(line)

    def note(self, text: str) -> None:
        """Say something that a user should know."""
        self._say(text)

    def resumed(self, earlier: Earlier) -> None:
        """Say how many evaluations are known."""
        super().resumed(earlier)
        self._say(resumed_line(earlier))

    def generation(self, finished: FinishedGeneration) -> None:
        """Show the archive after a generation."""
        super().generation(finished)
        self._say(generation_line(finished, self.state.rate, rounds=self.state.rounds is not None))

    def round(self, finished: Round) -> None:
        """Show the network that a round ended with."""
        super().round(finished)
        self._say(round_line(finished))

    def ended(self, reason: str) -> None:
        """Say why rounds ended before their limit and their target."""
        self._say(reason)

    def failures(self, count: int, reason: str) -> None:
        """Say how many networks could not be judged, and the most frequent reason."""
        self._say(failures_line(count, reason))


def begin_lines(beginning: Beginning) -> list[str]:
    """Say what is searched."""
    lines = [
        f"{beginning.problem}: {beginning.filters} filters in {beginning.layers} layers",
        left_whole_line(beginning.left_whole),
        f"robust under: {beginning.attack}" if beginning.attack else "",
    ]
    return [line for line in lines if line]


def resumed_line(earlier: Earlier) -> str:
    """Say how many evaluations are known from an earlier beginning."""
    known = sum(earlier.evaluations.values())
    return f"going on: {known} evaluation{'s are' if known != 1 else ' is'} known"


def generation_line(finished: FinishedGeneration, rate: float, *, rounds: bool) -> str:
    """Say what the archive is after a generation."""
    report = finished.report
    where = f"round {finished.round}, " if rounds else ""
    return (
        f"{report.evaluations:>6} evaluations  {where}generation {report.generation}: hypervolume "
        f"{report.hypervolume:.4f}, {report.front_size} on the front, {rate:.2f} evaluations/s"
    )


def round_line(finished: Round) -> str:
    """Say what network a round ended with."""
    error, robust_error, cost = finished.tuned
    return (
        f"round {finished.number}: fine-tuned to accuracy {1 - error:.3f}, robust {1 - robust_error:.3f}, "
        f"cost {cost:.3f}"
    )


def failures_line(count: int, reason: str) -> str:
    """Say how many networks could not be judged, and why most of them."""
    if count == 1:
        return f"1 network could not be judged: {reason}"
    return f"{count} networks could not be judged; most of them: {reason}"
