"""Lines that name no such command, option or value: answered by one line, as all other mistakes are."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer

__all__ = ["MISTAKES", "asks_for_help", "mistake"]

# Typer has a copy of Click inside, earlier ones use Click itself: this is what either raises.
MISTAKES: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
# What Typer and pydantic say of a value that is no number.
NUMBERS = (("valid integer", "a whole number"), ("valid number", "a number"), ("valid float", "a number"))

WORDS = (
    ("Value error, ", ""),
    (". Did you mean", "; did you mean"),
    (". Choose from:", "; choose from"),
    ("Got unexpected extra argument(s)", "one word too many"),
    ("Got unexpected extra arguments", "some words too many"),
    ("Got unexpected extra argument", "one word too many"),
)


def asks_for_help(error: Exception) -> bool:
    """Tell whether a line ended where a command could have followed, which is answered by help."""
    return type(error).__name__ == "NoArgsIsHelpError"


def mistake(error: Any, arguments: Sequence[str] = ()) -> str:
    """Say on one line what is wrong with a command line, and what was expected.

    Parameters
    ----------
    error : exception
        One of ``MISTAKES``.
    arguments : sequence of str
        The words of the line.
    """
    context = getattr(error, "ctx", None)
    named = " ".join(["ccsrp", *(word for word in arguments[:1] if word.isalpha())])
    command = named if context is None else context.command_path
    unknown = getattr(error, "option_name", None)
    if unknown is not None and type(error).__name__ == "NoSuchOption":
        near = get_close_matches(unknown, _options(context), n=1, cutoff=0.7)
        meant = f"did you mean {near[0]}? " if near else ""
        return f"'{command}' has no option {unknown}; {meant}'{command} --help' lists its options"
    text = " ".join(str(error.format_message()).split()).rstrip(".")
    for words, ours in WORDS:
        text = text.replace(words, ours)
    text = text[:1].lower() + text[1:]
    for words, kind in NUMBERS:
        if words in text and getattr(error, "param", None) is not None:
            text = f"{error.param.opts[0]} takes {kind}{_got(error.param.opts, arguments)}"
    return f"{text}{'' if text.endswith('?') else ';'} see '{command} --help'"


def _options(context: Any) -> list[str]:
    """List the options of the command that a context is of."""
    if context is None:
        return []
    names = [name for item in context.command.params for name in item.opts]
    return [name for name in [*names, "--help"] if name.startswith("--")]


def _got(options: Sequence[str], arguments: Sequence[str]) -> str:
    """Say what value an option was given."""
    for index, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in options:
            given = value if equals else "".join(arguments[index + 1 : index + 2])
            return f", got {given!r}"
    return ""
