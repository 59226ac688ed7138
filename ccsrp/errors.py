"""Errors that a user can mend.

Every message is one line: what was wrong, what was expected, how to mend it. The command line prints
the message alone and exits with status 2; anything else that escapes is a defect of ours.
"""

from __future__ import annotations

__all__ = [
    "CcsrpError",
    "DataError",
    "ExportError",
    "GraphError",
    "MaskError",
    "OptionError",
    "RunError",
    "TableError",
    "WeightsError",
    "WorkersError",
    "one_line",
    "printable",
]

# Characters of a message at most.
LONGEST = 1000


def printable(text: str, *, most: int = LONGEST) -> str:
    r"""Return a text as one line that does nothing to a terminal, cut where it is too long.

    File names, and what files hold, may be anyone's: line breaks, control characters and characters that
    turn the direction of writing are escaped.

    >>> printable("a\nb")
    'a\\nb'
    >>> printable("abcdefgh", most=5)
    'ab...'
    """
    if len(text) > most:
        text = text[: most - 3] + "..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class CcsrpError(ValueError):
    """Base of all errors that wrong input causes; the message is made printable."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class OptionError(CcsrpError):
    """An option is unknown or its value is out of range."""


class MaskError(CcsrpError):
    """A mask has the wrong shape or dtype, or leaves a layer without filters."""


class GraphError(CcsrpError):
    """A network cannot be traced, or none of its filters can be removed."""


class DataError(CcsrpError):
    """A data set is missing or damaged."""


class WeightsError(CcsrpError):
    """Weights are missing, damaged, not finite, or of another network."""


class ExportError(CcsrpError):
    """A network cannot be exported in a format, or an exported one is damaged."""


class TableError(CcsrpError):
    """A table of evaluated masks is missing or damaged."""


class RunError(CcsrpError):
    """A run folder cannot be written or read."""


class WorkersError(CcsrpError):
    """Workers cannot be had, or cannot do their work."""


def one_line(error: BaseException) -> str:
    """Return what an error of another library says, on one line of bounded length.

    >>> one_line(RuntimeError("cannot   connect"))
    'cannot connect'
    >>> one_line(KeyError())
    'KeyError'
    """
    return printable(" ".join(str(error).split()), most=200) or type(error).__name__
