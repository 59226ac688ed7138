"""Problems by name, through the entry-point group ``ccsrp.problems``.

This package imports no problem; ``problems`` and any other installed package offer theirs by an entry point.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from ccsrp.errors import OptionError

__all__ = ["load_problem", "problem_class", "problem_names", "takes_option"]

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
    for option in options:
        if not takes_option(name, option):
            known = ", ".join(key for key in _options(kind) if key != "self")
            raise OptionError(f"problem {name!r} has no option {option!r}; it takes {known}")
    return kind(**options)


def takes_option(name: str, option: str) -> bool:
    """Tell whether a problem's class takes an option of that name."""
    taken = _options(problem_class(name))
    return option in taken or any(item.kind is inspect.Parameter.VAR_KEYWORD for item in taken.values())


def _options(kind: type[Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(kind.__init__).parameters
