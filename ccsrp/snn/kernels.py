"""How the numba kernels of this package are compiled and kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from numba.core import event

__all__ = ["Compilation", "inner", "kernel", "sources_digest", "told_of_compilation"]

KEPT = "compiling kernels, once on this machine: half a minute or so"
NOT_KEPT = (
    "compiling kernels, which takes half a minute or so, and in every process: no folder can be written to "
    "keep them (name one in NUMBA_CACHE_DIR)"
)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call, as part of them."""
    return numba.njit(error_model="numpy")(function)


def kernel(*, sources: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function by numba at its first call, and keep the machine code for the next process.

    Division by zero gives infinity, as in torch: to raise would forbid vector instructions. Where no folder
    can be written the code is not kept.

    Parameters
    ----------
    sources : str
        ``sources_digest`` of what the function calls. Numba lists a file before it writes it: who looks
        then, or after a kill in between, would find what an earlier version left under that name. So the
        files of each version have names of their own.
    **options
        Of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        if sources:
            function.__qualname__ += f".{sources[:16]}"
        try:
            return numba.njit(cache=True, error_model="numpy", **options)(function)
        except RuntimeError:  # numba found no folder to write to
            return numba.njit(error_model="numpy", **options)(function)

    return decorate


def sources_digest(folder: Path) -> str:
    """Hash the sources in a folder.

    Numba compiles a kernel anew when its own file changes, but not when a file that it calls does; a kernel
    that closes over this digest is compiled anew for both.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Compilation(event.Listener):
    """Follows the compilation of this package's kernels; numba calls it.

    Parameters
    ----------
    say : callable
        Called with one line, at the first compilation.

    Attributes
    ----------
    seconds : float
        Spent on compilation so far. To load machine code that was kept is none.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.seconds = 0.0
        self._say = say
        self._said = False
        self._deep = 0  # a kernel is compiled within another that calls it
        self._began = 0.0

    def on_start(self, event: Any) -> None:
        """Take in that a function is about to be compiled."""
        dispatcher = event.data["dispatcher"]
        if not self._deep:
            if not dispatcher.py_func.__module__.startswith("ccsrp."):
                return  # a user's own
            self._began = time.perf_counter()
        self._deep += 1
        if not self._said:
            self._said = True
            self._say(NOT_KEPT if dispatcher.stats.cache_path is None else KEPT)

    def on_end(self, event: Any) -> None:
        """Take in that a function has been compiled, or failed to."""
        if self._deep:
            self._deep -= 1
            if not self._deep:
                self.seconds += time.perf_counter() - self._began


@contextmanager
def told_of_compilation(say: Callable[[str], None]) -> Iterator[Compilation]:
    """Have kernels that are compiled inside the ``with`` block announced, and their time measured.

    Parameters
    ----------
    say : callable
        Called with one line, once, before the first of them.
    """
    with event.install_listener("numba:compile", Compilation(say)) as listener:
        yield listener
