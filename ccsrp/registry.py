"""Problems by name, through the entry-point group ``ccsrp.problems``.

This package imports no problem; ``problems`` and any other installed package offer theirs by an entry point.
"""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from typing import Any

from ccsrp.errors import OptionError

__all__ = ["load_problem", "problem_class", "problem_names"]

GROUP = "ccsrp.problems"


def problem_names() -> list[str]:
    """List the names that ``load_problem`` takes."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def problem_class(name: str) -> type[Any]:
    """Look a problem class up by its name.

    Raises
    ------
    OptionError
        No installed package offers a problem of that name.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            loaded: type[Any] = point.load()
            return loaded
    raise OptionError(f"unknown problem {name!r}; choose one of {', '.join(problem_names())}")


def load_problem(name: str, **options: Any) -> Any:
    """Build a problem by its name.

    Parameters
    ----------
    name : str
        Such as ``"digits"``; see ``problem_names``.
    **options
        Keyword arguments of the problem's class. An option that the class does not take is refused.

    Raises
    ------
    OptionError
        Unknown problem or option.
    """
    kind = problem_class(name)
    taken = inspect.signature(kind.__init__).parameters
    takes_all = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in taken.values())
    for option in options:
        if option not in taken and not takes_all:
            known = ", ".join(key for key in taken if key != "self")
            raise OptionError(f"problem {name!r} has no option {option!r}; it takes {known}")
    return kind(**options)
