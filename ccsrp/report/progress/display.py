"""What all displays of a search have in common: they know how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.report.progress.state import SearchState

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round
    from ccsrp.coevolution.run import SearchResult

__all__ = ["Beginning", "SearchDisplay", "Together"]


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What is searched.

    Parameters
    ----------
    problem : str
        Its name.
    filters, layers : int
    left_whole : dict
        Convolutions whose filters all stay, each with what stops its channels.
    attack : str
        What robustness is judged under, in words; empty if the problem does not say.
    folder : Path
        Where the results go.
    budget : int
        Evaluations at most, of each round.
    rounds : int, optional
        Rounds at most; ``None`` for a search without.
    """

    problem: str
    filters: int
    layers: int
    left_whole: dict[str, str]
    attack: str
    folder: Path
    budget: int
    rounds: int | None


class SearchDisplay:
    """Follows a search and shows nothing of it; the other displays show what they are made for.

    Attributes
    ----------
    state : SearchState
    """

    def __init__(self) -> None:
        self.state = SearchState(budget=0)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Be there inside the ``with`` block."""
        yield

    def begins(self, beginning: Beginning) -> None:
        """Say what is searched."""
        self.state = SearchState(budget=beginning.budget, rounds=beginning.rounds)

    def note(self, text: str) -> None:
        """Say something that a user should know."""

    def resumed(self, earlier: Earlier) -> None:
        """Take in what is known from an earlier beginning."""
        self.state = self.state.resumed(earlier)

    def generation(self, finished: FinishedGeneration) -> None:
        """Take in a generation."""
        self.state = self.state.generation(finished)

    def tuning(self, number: int) -> None:
        """Take in that a round's network is being fine-tuned."""
        self.state = self.state.tuning(number)

    def round(self, finished: Round) -> None:
        """Take in a round."""
        self.state = self.state.round_ended(finished.number)

    def ended(self, reason: str) -> None:
        """Say why rounds ended before their limit and their target."""

    def member(self, done: int, total: int) -> None:
        """Take in that a member of the front has been measured."""
        self.state = self.state.member(done, total)

    def failures(self, count: int, reason: str) -> None:
        """Say how many networks could not be judged, and the most frequent reason."""

    def result(self, result: SearchResult) -> None:
        """Take in what the search found; its files have been written."""


class Together(SearchDisplay):
    """Several displays, told the same."""

    def __init__(self, displays: Sequence[SearchDisplay]) -> None:
        super().__init__()
        self._displays = tuple(displays)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Have all of them there inside the ``with`` block."""
        with ExitStack() as stack:
            for display in self._displays:
                stack.enter_context(display.shown())
            yield

    def begins(self, beginning: Beginning) -> None:
        """Say what is searched."""
        super().begins(beginning)
        self._each(lambda display: display.begins(beginning))

    def note(self, text: str) -> None:
        """Say something that a user should know."""
        self._each(lambda display: display.note(text))

    def resumed(self, earlier: Earlier) -> None:
        """Take in what is known from an earlier beginning."""
        super().resumed(earlier)
        self._each(lambda display: display.resumed(earlier))

    def generation(self, finished: FinishedGeneration) -> None:
        """Take in a generation."""
        super().generation(finished)
        self._each(lambda display: display.generation(finished))

    def tuning(self, number: int) -> None:
        """Take in that a round's network is being fine-tuned."""
        super().tuning(number)
        self._each(lambda display: display.tuning(number))

    def round(self, finished: Round) -> None:
        """Take in a round."""
        super().round(finished)
        self._each(lambda display: display.round(finished))

    def ended(self, reason: str) -> None:
        """Say why rounds ended."""
        self._each(lambda display: display.ended(reason))

    def member(self, done: int, total: int) -> None:
        """Take in that a member of the front has been measured."""
        super().member(done, total)
        self._each(lambda display: display.member(done, total))

    def failures(self, count: int, reason: str) -> None:
        """Say how many networks could not be judged."""
        self._each(lambda display: display.failures(count, reason))

    def result(self, result: SearchResult) -> None:
        """Take in what the search found."""
        self._each(lambda display: display.result(result))

    def _each(self, tell: Callable[[SearchDisplay], None]) -> None:
        for display in self._displays:
            tell(display)
