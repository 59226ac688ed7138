"""What a run tells while it goes on: generations as they end, and what is known from before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ccsrp.coevolution.rounds import Round
from ccsrp.coevolution.search import GenerationReport

__all__ = ["Earlier", "FinishedGeneration", "ShowsSearch"]


@dataclass(frozen=True)
class FinishedGeneration:
    """A generation that has ended.

    Attributes
    ----------
    round : int
        From 1; a search without rounds is the first.
    seconds : float
        What it took, kernels that were compiled for the first time left out.
    report : GenerationReport
        The archive after it; ``evaluations`` are those of its round.
    """

    round: int
    seconds: float
    report: GenerationReport


@dataclass(frozen=True)
class Earlier:
    """What is known of a run from an earlier beginning.

    Attributes
    ----------
    evaluations : mapping of int to int
        Of each round that has begun, how many different masks have been judged. The search is told some of
        them again on its way from its latest state to where it was.
    generations : tuple of FinishedGeneration
        Those up to the latest state, in order; the next one follows it.
    """

    evaluations: Mapping[int, int] = field(default_factory=dict)
    generations: tuple[FinishedGeneration, ...] = ()


class ShowsSearch(Protocol):
    """What is told of a search while it goes on."""

    def note(self, text: str) -> None:
        """Say something that a user should know."""
        ...

    def resumed(self, earlier: Earlier) -> None:
        """Take in what is known from an earlier beginning; not called if there was none."""
        ...

    def generation(self, finished: FinishedGeneration) -> None:
        """Show the archive after a generation."""
        ...

    def tuning(self, number: int) -> None:
        """Say that the network of round ``number`` is being fine-tuned."""
        ...

    def round(self, finished: Round) -> None:
        """Show the network that a round ended with."""
        ...

    def ended(self, reason: str) -> None:
        """Say why rounds ended before their limit and their target."""
        ...

    def member(self, done: int, total: int) -> None:
        """Show how many members of the front have been measured on the test split."""
        ...

    def failures(self, count: int, reason: str) -> None:
        """Say how many networks could not be judged, and the most frequent reason."""
        ...
