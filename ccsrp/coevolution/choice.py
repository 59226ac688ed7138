"""Which network of a finished search the next round begins with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ccsrp.coevolution.search import Coevolution
from ccsrp.decision.objectives import knee
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FloatArray

__all__ = ["CHOICES", "Choice", "Chosen", "NothingSmallerError", "choose", "knee"]

CHOICES = ("knee", "best", "cheapest", "splice")


class NothingSmallerError(OptionError):
    """A search found no smaller network that may be chosen."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How a network is chosen from a search.

    Parameters
    ----------
    rule : {"knee", "best", "cheapest", "splice"}
        The knee of the front; the smallest sum of both errors at no more than a round's cost; the lowest
        cost within the losses; or, of every layer alone, the part of its subpopulation that does least
        harm, put together (CCEP, arXiv 2204.05639).
    accuracy_loss, robust_loss : float
        For ``cheapest``: the most that may be lost against the round's base, on validation images.
    """

    rule: str = "knee"
    accuracy_loss: float = 0.01
    robust_loss: float = 0.05

    def __post_init__(self) -> None:
        if self.rule not in CHOICES:
            raise OptionError(f"unknown choice {self.rule!r}; choose one of {', '.join(CHOICES)}")
        for name in ("accuracy_loss", "robust_loss"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} must lie in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True)
class Chosen:
    """A mask, bool [n_var], and the objectives that the search promised of it, float64 [3]."""

    mask: BoolArray
    predicted: FloatArray


def choose(search: Coevolution, choice: Choice, *, most: float = 1.0) -> Chosen:
    """Choose a network that is smaller than the one that the search began with.

    Parameters
    ----------
    search : Coevolution
        Finished.
    choice : Choice
    most : float
        For ``best``: the largest cost; where the search found nothing as cheap, the cheapest is chosen.

    Raises
    ------
    NothingSmallerError
        The search found no smaller network that the rule allows.
    """
    masks, objectives = search.archive.masks, search.archive.objectives
    dense = search.dense_objectives
    if choice.rule == "splice":
        return _spliced(search, dense)
    smaller = np.flatnonzero(~masks.all(axis=1) & (objectives[:, 2] < dense[2]))
    if not len(smaller):
        raise NothingSmallerError(
            "the search found no smaller network to go on with; give it a larger budget"
        )
    found = objectives[smaller]
    if choice.rule == "knee":
        row = knee(found)
    elif choice.rule == "best":
        row = _lowest(found[:, 0] + found[:, 1], found[:, 2], allowed=found[:, 2] <= most)
    else:
        losses = found[:, :2] - dense[:2]
        allowed = (losses <= [choice.accuracy_loss, choice.robust_loss]).all(axis=1)
        if not allowed.any():
            raise NothingSmallerError(
                f"no smaller network loses at most {choice.accuracy_loss} accuracy and {choice.robust_loss} "
                f"robust accuracy; allow more, or give the search a larger budget"
            )
        row = int(np.flatnonzero(allowed)[np.argmin(found[allowed, 2])])
    return Chosen(masks[smaller[row]], found[row])


def _lowest(errors: FloatArray, costs: FloatArray, *, allowed: BoolArray) -> int:
    if not allowed.any():
        return int(np.argmin(costs))
    rows = np.flatnonzero(allowed)
    return int(rows[np.lexsort((costs[rows], errors[rows]))[0]])


def _spliced(search: Coevolution, dense: FloatArray) -> Chosen:
    """Put together what does least harm in each layer alone; predict that harms add up."""
    whole, predicted = search.space.full(), dense.copy()
    for part, subpopulation in zip(search.space.slices, search.subpopulations, strict=True):
        parts, found = subpopulation.parts, subpopulation.objectives
        pruned = np.flatnonzero(~parts.all(axis=1))
        if not len(pruned):
            continue
        errors = found[pruned, 0] + found[pruned, 1]
        row = pruned[np.lexsort((parts[pruned].sum(axis=1), errors))[0]]
        whole[part] = parts[row]
        predicted += found[row] - dense
    if whole.all():
        raise NothingSmallerError(
            "no layer has a smaller part that was judged; give the search a larger budget"
        )
    return Chosen(whole, predicted)
