"""Examples in docstrings as code: a griffe extension that fences every run of doctest lines."""

from __future__ import annotations

import re

import griffe

__all__ = ["Doctests", "fenced"]

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$).+\n?)*)+", re.MULTILINE)
SECTION = re.compile(r"^Examples\n-+$", re.MULTILINE)


def fenced(text: str) -> str:
    """Put a fence around each example, from its prompt to the next empty line.

    Sections of examples are left alone: griffe knows them.
    """
    if SECTION.search(text):
        return text
    return EXAMPLE.sub(lambda found: f"```pycon\n{found.group().rstrip()}\n```\n", text)


class Doctests(griffe.Extension):
    """Changes docstrings as they are read."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Fence the examples of one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
