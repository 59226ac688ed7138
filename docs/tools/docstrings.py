"""Docstrings as the site shows them: a griffe extension.

Examples become code. Of a fixed set of values griffe takes the first for the default, which here it need not
be: ``{"a", "b"}`` becomes ``"a" or "b"``.
"""

from __future__ import annotations

import re

import griffe

__all__ = ["Docstrings", "shown"]

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$).+\n?)*)+", re.MULTILINE)
SECTION = re.compile(r"^Examples\n-+$", re.MULTILINE)
FLAG = re.compile(r"\s*# doctest:.*$", re.MULTILINE)
CHOICES = re.compile(r"^(\w[\w, ]* : )\{(.+?)\}", re.MULTILINE)


def shown(text: str) -> str:
    """Return a docstring with its choices spelled out and a fence around each example.

    Sections of examples are left alone: griffe knows them.
    """
    text = FLAG.sub("", text)
    text = CHOICES.sub(lambda found: found.group(1) + found.group(2).replace(", ", " or "), text)
    if SECTION.search(text):
        return text
    return EXAMPLE.sub(lambda found: f"```pycon\n{found.group().rstrip()}\n```\n", text)


class Docstrings(griffe.Extension):
    """Changes docstrings as they are read."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Change one."""
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value)
