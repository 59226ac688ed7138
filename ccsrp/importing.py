"""A problem class of a user's own, named ``module:class``."""

from __future__ import annotations

import importlib
import inspect
import os
import shlex
import sys
import traceback
from pathlib import Path
from typing import Any

from ccsrp.errors import CcsrpError, OptionError, one_line

__all__ = ["built", "imported_class", "is_own", "member_line", "naming", "resume_line"]


def is_own(name: str) -> bool:
    """Tell whether a problem's name is ``module:class``, and so code that is run for it."""
    return ":" in name


def naming(problem: str) -> str:
    """Return what a command that reads a run on ``problem`` wants besides, to be put behind it.

    >>> naming("mine:MyPruning"), naming("digits")
    (' --problem mine:MyPruning', '')
    """
    return f" --problem {shlex.quote(problem)}" if is_own(problem) else ""


def resume_line(folder: Path | str, problem: str) -> str:
    """Return the command that goes on with the search in a folder.

    >>> resume_line("runs/mine", "mine:MyPruning")
    'ccsrp resume runs/mine --problem mine:MyPruning'
    """
    return f"ccsrp resume {shlex.quote(str(folder))}{naming(problem)}"


def member_line(command: str, folder: Path | str, member: int, problem: str) -> str:
    """Return a command on a member of the front of a run.

    >>> member_line("audit", "runs/mine", 3, "digits")
    'ccsrp audit runs/mine --member 3'
    """
    return f"ccsrp {command} {shlex.quote(str(folder))} --member {member}{naming(problem)}"


def imported_class(name: str) -> type[Any]:
    """Import a problem class named ``module:class``.

    As with ``python -m``, modules are looked for in the current directory first.

    Parameters
    ----------
    name : str
        Such as ``"mine:MyPruning"`` for the class ``MyPruning`` of ``mine.py``.

    Raises
    ------
    OptionError
        There is no such module or class, importing it fails, or it is no problem class.
    """
    module_name, _, attribute = name.partition(":")
    if module_name.endswith(".py"):
        path = os.path.normpath(module_name.removesuffix(".py"))
        elsewhere = path.startswith((os.pardir, os.sep))
        meant = os.path.basename(path) if elsewhere else path.replace(os.sep, ".")
        raise OptionError(
            f"{name!r}: a module is named without .py and with dots for folders; write {meant}:{attribute}"
            + (", in the folder where it lies" if elsewhere else "")
        )
    if not all(part.isidentifier() for part in (*module_name.split("."), attribute)):
        raise OptionError(
            f"{name!r} is no MODULE:CLASS; write mine:MyPruning for the class MyPruning of mine.py"
        )
    module = _imported(module_name)
    kind = getattr(module, attribute, None)
    if kind is None:
        own = [
            key
            for key, value in vars(module).items()
            if _is_problem(value) and value.__module__ == module.__name__
        ]
        raise OptionError(
            f"module {module_name!r} has no class {attribute!r}"
            + (f"; its problem classes are {', '.join(own)}" if own else "")
        )
    if not _is_problem(kind):
        what = "a class that is no problem" if isinstance(kind, type) else f"a {type(kind).__name__}"
        raise OptionError(
            f"{name} is {what}; name a subclass of problems.PruningProblem, or of problems.SpikingPruning"
        )
    found: type[Any] = kind
    return found


def built(name: str, kind: type[Any], options: dict[str, Any]) -> Any:
    """Build a problem of a class that ``imported_class`` returned.

    Raises
    ------
    OptionError
        Building it fails, or what is built is no problem.
    """
    try:
        problem = kind(**options)
    except CcsrpError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise OptionError(f"{name} cannot be built ({_where(error)})") from error
    missing = [part for part in ("space", "reference_point") if not hasattr(problem, part)]
    if missing:
        raise OptionError(
            f"{name} has no {missing[0]} once it is built; call super().__init__ in its __init__"
        )
    return problem


def _imported(module_name: str) -> Any:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)  # and it stays: what is imported may import more later
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise OptionError(
                f"there is no module {error.name!r} in {here} or among installed packages"
            ) from None
        raise OptionError(f"module {module_name!r} cannot be imported ({_where(error)})") from error
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise OptionError(f"module {module_name!r} cannot be imported ({_where(error)})") from error


def _where(error: BaseException) -> str:
    """Say what an error is and where it was raised, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f", at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    # The text of a syntax error says where it is.
    at = "" if isinstance(error, SyntaxError) else at
    return f"{type(error).__name__}: {one_line(error)}{at}"


def _is_problem(value: object) -> bool:
    if not inspect.isclass(value):
        return False
    return callable(getattr(value, "evaluate", None)) and callable(getattr(value, "report", None))
