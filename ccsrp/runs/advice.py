"""How to go on with a run: commands that can be typed as they stand."""

from __future__ import annotations

from pathlib import Path

from ccsrp.errors import RunError
from ccsrp.importing import resume_line
from ccsrp.runs.config import read_config

__all__ = ["how_far", "resume_command"]


def resume_command(folder: Path) -> str:
    """Return the command that goes on with the search in a folder, whatever else may be wrong with it."""
    try:
        problem = read_config(folder).problem
    except RunError:
        problem = ""
    return resume_line(folder, problem)


def how_far(folder: Path, *, ended: bool, evaluations: int, budget: int, round: int) -> str:
    """Say how far a run without a ``front.csv`` has come, and how to go on.

    Parameters
    ----------
    folder : Path
    ended : bool
        Whether the search is over, so that only measuring and writing are left.
    evaluations, budget, round : int
        Of the round under way.
    """
    command = resume_command(folder)
    if ended:
        return f"front.csv is missing, though the search has ended; '{command}' writes it"
    return f"not finished: {evaluations} of {budget} evaluations in round {round}; '{command}' goes on"
