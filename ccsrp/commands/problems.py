"""``ccsrp problems``."""

from __future__ import annotations

import typer

from ccsrp.errors import one_line

__all__ = ["problems"]


def problems() -> None:
    """List the problems that can be searched."""
    from ccsrp.registry import problem_class, problem_names

    for name in problem_names():
        try:
            summary = (problem_class(name).__doc__ or "").strip().split("\n")[0]
        except Exception as error:  # another package's code may raise anything
            summary = f"cannot be loaded ({type(error).__name__}: {one_line(error)})"
        typer.echo(f"{name:<16}{summary}")
