"""Problems by name, through the entry-point group ``ccsrp.problems``, or as ``module:class``.

This package imports no problem; ``problems`` and any other installed package offer theirs by an entry point.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from ccsrp.errors import OptionError
from ccsrp.importing import built, imported_class, is_own

__all__ = ["load_problem", "problem_class", "problem_names", "takes_option"]

GROUP = "ccsrp.problems"
# Kinds of options that can be told from their annotation alone.
KINDS: dict[str, tuple[type, ...]] = {
    "None": (type(None),),
    "bool": (bool, np.bool_),
    "int": (Integral,),
    "float": (Real,),
    "str": (str,),
    "Path": (Path,),
}


def problem_names() -> list[str]:
    """List the names that ``load_problem`` takes."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def problem_class(name: str) -> type[Any]:
    """Look a problem class up by its name.

    Raises
    ------
    OptionError
        No installed package offers a problem of that name; or see ``imported_class``.
    """
    if is_own(name):
        return imported_class(name)
    for point in entry_points(group=GROUP):
        if point.name == name:
            loaded: type[Any] = point.load()
            return loaded
    raise OptionError(
        f"unknown problem {name!r}; choose one of {', '.join(problem_names())}, or MODULE:CLASS of your own"
    )


def load_problem(name: str, **options: Any) -> Any:
    """Build a problem by its name.

    Parameters
    ----------
    name : str
        Such as ``"digits"``, see ``problem_names``; or ``"mine:MyPruning"`` for a class of ``mine.py``.
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
            known = ", ".join(_options(kind))
            raise OptionError(f"problem {name!r} has no option {option!r}; it takes {known}")
        parameter = _options(kind).get(option)
        if parameter is not None and not _fits(options[option], parameter.annotation):
            raise OptionError(
                f"option {option!r} of problem {name!r} is {parameter.annotation}, got {options[option]!r}"
            )
    return built(name, kind, options) if is_own(name) else kind(**options)


def takes_option(name: str, option: str) -> bool:
    """Tell whether a problem's class takes an option of that name."""
    taken = _options(problem_class(name))
    return option in taken or any(item.kind is inspect.Parameter.VAR_KEYWORD for item in taken.values())


def _options(kind: type[Any]) -> Mapping[str, inspect.Parameter]:
    parameters = dict(inspect.signature(kind.__init__).parameters)
    parameters.pop("self", None)
    return parameters


def _fits(value: object, annotation: object) -> bool:
    """Tell whether a value is of a kind that an annotation such as ``int | None`` names.

    Of kinds other than the plain ones nothing is known here; a class checks them itself.
    """
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    names = [name.strip() for name in text.split("|")]
    if not all(name in KINDS for name in names):
        return True
    if isinstance(value, bool):
        return "bool" in names
    return any(isinstance(value, KINDS[name]) for name in names)
