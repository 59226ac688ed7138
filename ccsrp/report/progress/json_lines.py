"""A search as lines of JSON, one an event, for programs that start searches.

Every line is an object with an ``event``; numbers are finite, what is not known yet is ``null``.

``begins``
    ``ccsrp`` (its version), ``problem``, ``filters``, ``layers``, ``left_whole`` (convolutions whose filters
    all stay, each with what stops its channels), ``attack``, ``folder``, ``budget`` (of each round),
    ``rounds`` (``null`` without)
``note``
    ``text``: something that a user should know
``resumed``
    ``evaluations`` that are known, in all rounds; the ``round`` and the ``generation`` that it goes on from
``generation``
    ``round`` and all columns of ``history.csv``; ``seconds`` that it took, ``evaluations_per_second``,
    ``seconds_left`` (of the round)
``tuning``
    ``round``: its network is being fine-tuned
``round``
    the columns of ``rounds.csv``
``ended``
    ``reason`` why rounds ended early
``member``
    ``done`` and ``total``: members of the front measured on test images
``failures``
    ``count`` of networks that could not be judged, and the most frequent ``reason``
``result``
    the last line: ``folder``, ``evaluations_per_second``, and ``members``, the rows of ``front.csv``

An error ends the process with a status other than 0 and one line on standard error; then there is no result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ccsrp import __version__
from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.report.progress.display import Beginning, SearchDisplay
from ccsrp.report.records import json_line, records

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round
    from ccsrp.coevolution.run import SearchResult

__all__ = ["JsonLines"]


class JsonLines(SearchDisplay):
    """Writes every event as a line of JSON.

    Parameters
    ----------
    write : callable
        Called with a line, without its end.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write
        self._folder = ""

    def begins(self, beginning: Beginning) -> None:
        """Write what is searched."""
        super().begins(beginning)
        self._folder = str(beginning.folder)
        values = asdict(beginning) | {"folder": self._folder, "attack": beginning.attack or None}
        self._event("begins", {"ccsrp": __version__} | values)

    def note(self, text: str) -> None:
        """Write a note."""
        self._event("note", {"text": text})

    def resumed(self, earlier: Earlier) -> None:
        """Write what is known."""
        super().resumed(earlier)
        latest = self.state.latest
        values = {
            "evaluations": sum(earlier.evaluations.values()),
            "round": self.state.round,
            "generation": 0 if latest is None else latest.generation,
        }
        self._event("resumed", values)

    def generation(self, finished: FinishedGeneration) -> None:
        """Write a generation."""
        super().generation(finished)
        values = {
            "round": finished.round,
            **finished.report.row(),
            "seconds": finished.seconds,
            "evaluations_per_second": self.state.rate,
            "seconds_left": self.state.seconds_left,
        }
        self._event("generation", values)

    def tuning(self, number: int) -> None:
        """Write that a network is being fine-tuned."""
        super().tuning(number)
        self._event("tuning", {"round": number})

    def round(self, finished: Round) -> None:
        """Write a round."""
        super().round(finished)
        self._event("round", finished.row())

    def ended(self, reason: str) -> None:
        """Write why rounds ended."""
        self._event("ended", {"reason": reason})

    def member(self, done: int, total: int) -> None:
        """Write that a member has been measured."""
        super().member(done, total)
        self._event("member", {"done": done, "total": total})

    def failures(self, count: int, reason: str) -> None:
        """Write how many networks could not be judged."""
        self._event("failures", {"count": count, "reason": reason})

    def result(self, result: SearchResult) -> None:
        """Write the front."""
        front = records(result.front)
        values = {"folder": self._folder, "evaluations_per_second": self.state.rate, "members": front}
        self._event("result", values)

    def _event(self, name: str, values: dict[str, Any]) -> None:
        self._write(json_line({"event": name} | values))
