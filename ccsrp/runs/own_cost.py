"""A cost that a user brought, as reports of one network name it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ccsrp.runs.member import Run

__all__ = ["OwnCost", "own_cost"]


@dataclass(frozen=True)
class OwnCost:
    """What a function of masks said of a member.

    Attributes
    ----------
    name : str
        Module and name of the function, with what is bound to it.
    member, dense : float
        Its answers for the member's mask and for every filter kept, in [0, 1].
    """

    name: str
    member: float
    dense: float


def own_cost(run: Run, member: int) -> OwnCost | None:
    """Return the cost of a member by the function that its search minimised; ``None`` if it was no function.

    Training changes no mask, so it is the same before and after fine-tuning.

    Raises
    ------
    RunError, MaskError
        No such member, or its mask is damaged.
    """
    name = run.config.provenance.get("cost")
    if name is None:
        return None
    space = run.problem.space
    masks = np.stack([space.from_string(run.whole_mask(member)), space.full()])
    mine, dense = run.problem.cost(masks)
    return OwnCost(str(name), float(mine), float(dense))
