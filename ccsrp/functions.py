"""Functions that a user brings: how they are called in a record, and whether they are still the same."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

from ccsrp.errors import printable

__all__ = ["code_sha256", "function_name"]

# Values that a function can close over and that say all of themselves by their text.
PLAIN = (bool, int, float, str, bytes, type(None))


def function_name(function: Callable[..., Any]) -> str:
    """Name a function by its module and what is bound to it, on one line.

    Examples
    --------
    >>> from math import isclose
    >>> function_name(isclose)
    'math.isclose'
    >>> function_name(partial(isclose, rel_tol=0.1))
    'math.isclose(rel_tol=0.1)'
    """
    if isinstance(function, partial):
        bound = [repr(value) for value in function.args]
        bound += [f"{key}={value!r}" for key, value in sorted(function.keywords.items())]
        return printable(f"{function_name(function.func)}({', '.join(bound)})", most=300)
    named = function if hasattr(function, "__qualname__") else type(function)
    return printable(f"{named.__module__}.{named.__qualname__}", most=300)


def code_sha256(function: Callable[..., Any]) -> str:
    """Hash what a function consists of: its source, what is bound to it, plain values that it closes over.

    What it reads from its module, or from objects that it was given, is not seen.
    """
    digest = hashlib.sha256()
    while isinstance(function, partial):
        for value in (*function.args, *(item for pair in sorted(function.keywords.items()) for item in pair)):
            _add_value(digest, value)
        function = function.func
    plain = inspect.isroutine(function)
    _add_source(digest, function if plain else type(function))
    for value in getattr(function, "__defaults__", None) or ():
        _add_value(digest, value)
    for cell in getattr(function, "__closure__", None) or ():
        _add_value(digest, cell.cell_contents)
    if not plain:
        for name, value in sorted(getattr(function, "__dict__", {}).items()):
            digest.update(name.encode())
            _add_value(digest, value)
    return digest.hexdigest()


def _add_source(digest: Any, named: Any) -> None:
    try:
        digest.update(inspect.getsource(named).encode())
    except (OSError, TypeError):  # typed in, or built in
        code = getattr(named, "__code__", None)
        if isinstance(code, CodeType):
            _add_code(digest, code)
        else:
            digest.update(f"{named.__module__}.{named.__qualname__}".encode())


def _add_code(digest: Any, code: CodeType) -> None:
    digest.update(code.co_code + repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):  # its text holds an address
            _add_code(digest, constant)
        else:
            digest.update(repr(constant).encode())


def _add_value(digest: Any, value: object) -> None:
    if isinstance(value, PLAIN):
        digest.update(repr(value).encode())
    elif isinstance(value, tuple | list):
        for item in value:
            _add_value(digest, item)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif callable(value):
        digest.update(function_name(value).encode())
