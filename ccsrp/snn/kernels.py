"""How the numba kernels of this package are compiled and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

__all__ = ["inner", "kernel", "sources_digest"]


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call, as part of them."""
    return numba.njit(error_model="numpy")(function)


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function by numba at its first call, and keep the machine code for the next process.

    Division by zero gives infinity, as in torch: to raise would forbid vector instructions. Where no folder
    can be written the code is not kept.
    """

    def decorate(function: Callable[..., Any]) -> Any:
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
