"""Errors that a user can mend.

Every message is one line: what was wrong, what was expected, how to mend it. The command line prints
the message alone and exits with status 2; anything else that escapes is a defect of ours.
"""

from __future__ import annotations

__all__ = [
    "CcsrpError",
    "DataError",
    "GraphError",
    "MaskError",
    "OptionError",
    "RunError",
    "TableError",
    "WeightsError",
    "WorkersError",
    "one_line",
]


class CcsrpError(ValueError):
    """Base of all errors that wrong input causes."""


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
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__
