"""Sentences and tables of a page whose figures come from results: found, compared, written anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

__all__ = ["Claim", "NotOnThePageError", "Rows", "refreshed", "table"]

# What stands for ``{}``: a figure, a word or a few, within a paragraph.
_GAP = r"((?:(?!\n\s*\n)[^|]){1,90}?)"


class NotOnThePageError(ValueError):
    """A sentence is not on its page, or more than once."""


@dataclass(frozen=True)
class Claim:
    """A sentence, or a part of one.

    Attributes
    ----------
    page : str
        Path from the root of the repository.
    sentence : str
        As on the page, with ``{}`` for each figure; line breaks do not matter. It begins and ends with text.
    figures : tuple of str
        What belongs there.
    holds : bool
        Whether the words around the figures are true. Nobody can write them anew but you.
    """

    page: str
    sentence: str
    figures: tuple[str, ...] = ()
    holds: bool = True

    def __post_init__(self) -> None:
        if self.sentence.count("{}") != len(self.figures):
            raise ValueError(f"{self.sentence!r} has not {len(self.figures)} gaps")
        if self.sentence.startswith("{}") or self.sentence.endswith("{}"):
            raise ValueError(f"{self.sentence!r} must begin and end with text")

    def written(self, text: str) -> str:
        """Return the text of the page with these figures in the sentence."""
        found = _only(self._pattern(), text, self.page, self.sentence)
        for number, figure in reversed(list(enumerate(self.figures, start=1))):
            if " ".join(found[number].split()) != figure:
                start, end = found.span(number)
                text = text[:start] + figure + text[end:]
        return text

    def _pattern(self) -> re.Pattern[str]:
        parts = [r"\s+".join(map(re.escape, re.split(r"\s+", part))) for part in self.sentence.split("{}")]
        # A full stop or comma after a figure is none of its own.
        later = [re.sub(r"^(\\?[.,])", r"\1(?!\\d)", part) for part in parts[1:]]
        return re.compile(_GAP.join([parts[0], *later]))


@dataclass(frozen=True)
class Rows:
    """A table: the first one after some words.

    Attributes
    ----------
    page : str
    after : str
        Words that are on the page once.
    heads : tuple of str
    rows : tuple of tuple of str
    """

    page: str
    after: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def written(self, text: str) -> str:
        """Return the text of the page with this table in the place of the one that is there."""
        words = re.compile(r"\s+".join(map(re.escape, self.after.split())))
        lines = text[_only(words, text, self.page, self.after).end() :].splitlines(keepends=True)
        first = next((number for number, line in enumerate(lines) if line.lstrip().startswith("|")), None)
        if first is None:
            raise NotOnThePageError(f"{self.page} has no table after {self.after!r}")
        old = list(takewhile(lambda line: line.lstrip().startswith("|"), lines[first:]))
        indent = old[0][: -len(old[0].lstrip())]
        new = [f"{indent}{line}\n" for line in table(self.heads, self.rows).splitlines()]
        ahead = len(text) - sum(map(len, lines[first:]))
        return text[:ahead] + "".join(new) + "".join(lines[first + len(old) :])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay a table out in Markdown."""
    lines = [list(heads), ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |".replace("  |", " |") for cells in lines)


def refreshed(page: str, text: str, claims: Iterable[Claim | Rows]) -> tuple[str, list[str]]:
    """Write the figures of a page anew.

    Returns
    -------
    text : str
        With all figures as the results have them.
    wrong : list of str
        Sentences that are not there, and those that the results do not bear any more.
    """
    wrong = []
    for claim in claims:
        if claim.page != page:
            continue
        try:
            text = claim.written(text)
        except NotOnThePageError as error:
            wrong.append(str(error))
        else:
            if isinstance(claim, Claim) and not claim.holds:
                wrong.append(f"{page} says what the results do not bear any more: {claim.sentence!r}")
    return text, wrong


def _only(pattern: re.Pattern[str], text: str, page: str, words: str) -> re.Match[str]:
    found = list(pattern.finditer(text))
    if len(found) != 1:
        raise NotOnThePageError(f"{page} has {words!r} {len(found)} times; a claim needs it once")
    return found[0]
