"""Commands that come next for a member of a front."""

from __future__ import annotations

from pathlib import Path

from ccsrp.errors import CcsrpError

__all__ = ["next_steps"]


def next_steps(folder: Path, member: int) -> list[str]:
    """List them for a member that is more than a row of a table; of any other there are none."""
    from ccsrp.importing import is_own, member_line
    from ccsrp.registry import problem_class
    from ccsrp.runs.config import read_config

    try:
        problem = read_config(folder).problem
        # A class that only the folder names is not imported, which would run its code.
        if not is_own(problem) and not hasattr(problem_class(problem), "base_network"):
            return []
    except CcsrpError:  # a front alone, or of a problem that is not installed here: it can still be read
        return []
    return [member_line(name, folder, member, problem) for name in ("finetune", "audit", "export")]
