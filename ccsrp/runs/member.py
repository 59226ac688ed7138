"""A member of a front, brought back: its problem, its mask, its network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.errors import RunError
from ccsrp.registry import problem_class
from ccsrp.runs.config import RunConfig, read_config
from ccsrp.runs.folder import member_row, read_front, round_weights
from ccsrp.runs.resuming import check_named, load_searched
from ccsrp.snn.weights import load_weights, stored_mask
from ccsrp.space import BoolArray

__all__ = ["Run", "open_run"]


@dataclass(frozen=True)
class Run:
    """A finished search, and the problem that it was made on.

    Attributes
    ----------
    folder : Path
    config : RunConfig
    front : DataFrame
    problem : PruningProblem
        On the first network.
    """

    folder: Path
    config: RunConfig
    front: pd.DataFrame
    problem: Any

    def row(self, member: int) -> pd.Series:
        """Return a member's row of the front.

        Raises
        ------
        RunError
            No such member.
        """
        return member_row(self.front, member, self.folder)

    def whole_mask(self, member: int) -> str:
        """Return a member's mask over the filters of the first network, as files write it.

        Raises
        ------
        RunError, MaskError
            No such member, or its mask is damaged.
        """
        space = self.problem.space
        return str(space.to_string(space.from_string(str(self.row(member)["mask"]))))

    def member(self, member: int) -> tuple[Any, BoolArray]:
        """Return the problem that a member belongs to, and its mask over that problem's filters.

        Raises
        ------
        RunError, MaskError, WeightsError
            No such member, or what is written of it is damaged.
        """
        row = self.row(member)
        mask = self.problem.space.from_string(str(row["mask"]))
        number = int(row.get("round", 0))
        if number == 0:
            return self.problem, mask
        file = round_weights(self.folder, number)
        base = self.problem.space.from_string(stored_mask(file))
        if (mask & ~base).any():
            raise RunError(f"member {member} of {self.folder} keeps filters that round {number} had removed")
        network = self.problem.network(base)
        load_weights(network.network, file)
        return self.problem.rebased(network, kept=base), mask[base]


def open_run(folder: Path, *, problem: str | None = None) -> Run:
    """Open a folder that ``ccsrp search`` wrote, with the problem as it was searched.

    Parameters
    ----------
    folder : Path
    problem : str, optional
        See ``load_searched``.

    Raises
    ------
    RunError
        Not a whole run, of a problem without a network, or made with other weights than the problem has now.
    """
    front, config = read_front(folder), read_config(folder)
    check_named(folder, config, problem)
    if not hasattr(problem_class(config.problem), "base_network"):
        raise RunError(f"{folder} is a search on {config.problem!r}, which has no network behind its masks")
    return Run(folder, config, front, load_searched(folder, config, problem=problem))
