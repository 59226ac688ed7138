"""How far a search has come, as plain values that events make out of one another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.coevolution.search import GenerationReport

__all__ = ["SearchState"]

# Points of the hypervolume's course that are kept at most; no terminal is wider.
POINTS = 256


@dataclass(frozen=True)
class SearchState:
    """How far a search has come.

    Parameters
    ----------
    budget : int
        Of a round.
    rounds : int, optional
        How many rounds there are at most; ``None`` for a search without.
    round : int
        The one under way, from 1.
    doing : str
        What takes the time now.
    latest : GenerationReport, optional
        Of this round; ``None`` before its first generation.
    course : tuple of float
        Hypervolumes of this round's generations; of a long round every second, fourth ... and the latest.
    new : int
        Masks judged since this process began, those that it was told from a store left out.
    seconds : float
        What the generations with those took. Fine-tuning between rounds does not count.
    stride : int
        Every which generation is kept in ``course``.
    known : mapping of int to int
        Of each round, how many masks had been judged before.
    """

    budget: int
    rounds: int | None = None
    round: int = 1
    doing: str = "first generation"
    latest: GenerationReport | None = None
    course: tuple[float, ...] = ()
    stride: int = 1
    new: int = 0
    seconds: float = 0.0
    known: Mapping[int, int] = field(default_factory=dict)

    @property
    def evaluations(self) -> int:
        """Masks judged in this round."""
        return 0 if self.latest is None else self.latest.evaluations

    @property
    def rate(self) -> float:
        """Evaluations per second; 0 where nothing was judged yet."""
        return self.new / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """What the rest of this round's budget will take, if it goes on as until now; ``None``: unknown."""
        rate = self.rate
        if not rate > 0 or not math.isfinite(rate):
            return None
        return max(0, self.budget - self.evaluations) / rate

    def resumed(self, earlier: Earlier) -> SearchState:
        """Go on from an earlier beginning."""
        number = max(earlier.evaluations, default=1)
        # What the last round ended with has been judged as the beginning of one that never comes.
        number = number if self.rounds is None else min(number, self.rounds)
        state = replace(self, round=number, known=dict(earlier.evaluations), doing="going on")
        for one in earlier.generations:
            if one.round == number:
                state = state._shown(one.report)
        return state

    def generation(self, finished: FinishedGeneration) -> SearchState:
        """Take in a generation that this process ran."""
        state = self if finished.round == self.round else self._at(finished.round)
        report = finished.report
        before = max(state.evaluations, self.known.get(finished.round, 0))
        fresh = max(0, report.evaluations - before)
        state = state._shown(report)
        return replace(
            state,
            doing=f"generation {report.generation + 1}" if report.evaluations < self.budget else "finishing",
            new=state.new + fresh,
            seconds=state.seconds + (finished.seconds if fresh else 0.0),
        )

    def tuning(self, number: int) -> SearchState:
        """Say that a round's network is being fine-tuned."""
        return replace(self, doing="fine-tuning its network")

    def round_ended(self, number: int) -> SearchState:
        """Go on to the next round, unless this is an earlier one that is told again, or the last."""
        if number < self.round:
            return self
        if number == self.rounds:
            return replace(self, doing="joining all fronts")
        return self._at(number + 1)

    def member(self, done: int, total: int) -> SearchState:
        """Say how many members of the front have been measured."""
        return replace(self, doing=f"on test images: {done} of {total}")

    def finished(self) -> SearchState:
        """Say that nothing is left to do."""
        return replace(self, doing="finished")

    def _at(self, number: int) -> SearchState:
        return replace(self, round=number, latest=None, course=(), stride=1, doing="first generation")

    def _shown(self, report: GenerationReport) -> SearchState:
        # The last value is the latest generation's; it stays only if it is one of every ``stride``.
        kept = self.course if (report.generation - 2) % self.stride == 0 else self.course[:-1]
        course, stride = (*kept, report.hypervolume), self.stride
        if len(course) > POINTS:
            course, stride = course[::2], 2 * stride
        return replace(self, latest=report, course=course, stride=stride)
