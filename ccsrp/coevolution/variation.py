"""New whole networks made from those of the archive, and candidates led where the surrogate points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.collaboration import draw_members
from ccsrp.evaluation.interface import OBJECTIVES
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["KnowsFlips", "guided", "recombined"]

# Filters that a recombined network has flipped, on average; of each parent it has about half.
FLIPS = 1.5
# A guided candidate has up to this share of its filters flipped in one look.
MOST_FLIPPED = 0.3
# Times that a guided candidate looks where to go.
LOOKS = 3


def recombined(count: int, archive: Archive, space: FilterSpace, rng: np.random.Generator) -> BoolArray:
    """Cross pairs of archive members, bool [count, n_var]: whole layers or single filters, then mutate."""
    first, second = (archive.masks[draw_members(archive, count, rng)] for _ in range(2))
    by_layer = np.repeat(rng.random((count, space.n_layers)) < 0.5, space.sizes, axis=1)
    by_filter = rng.random((count, space.n_var)) < 0.5
    from_first = np.where(rng.random((count, 1)) < 0.5, by_layer, by_filter)
    children: BoolArray = np.where(from_first, first, second)
    return children ^ (rng.random(children.shape) < FLIPS / space.n_var)


class KnowsFlips(Protocol):
    """Guesses what single filters are worth; ``Screening`` is one."""

    def worth_of_flips(self, masks: BoolArray, weights: FloatArray) -> FloatArray:
        """Guess how weighted objectives change with each filter: [N, n_var], [N, n_obj] -> [N, n_var]."""
        ...


def guided(
    masks: BoolArray, guide: KnowsFlips, repair: Callable[[BoolArray], BoolArray], rng: np.random.Generator
) -> BoolArray:
    """Flip, in each mask, filters that the guide holds to be for the better; look again, and flip others.

    Each mask gets its own random weights of the objectives (uniform on the simplex) and its own number of
    flips a look (uniform in the logarithm): small steps and large ones, towards all parts of the front.

    Parameters
    ----------
    masks : bool [N, n_var]
    guide : KnowsFlips
    repair : callable
        Puts filters back where a mask kept too few.
    """
    size = masks.shape[1]
    most = np.exp(rng.random(len(masks)) * np.log(max(1.0, MOST_FLIPPED * size))).astype(int)
    weights = rng.dirichlet(np.ones(len(OBJECTIVES)), size=len(masks))
    moved = masks.copy()
    for _ in range(LOOKS):
        worth = guide.worth_of_flips(moved, weights)
        moved = repair(moved ^ (_among_least(worth, np.clip(most, 1, size)) & (worth < 0)))
    return moved


def _among_least(values: FloatArray, counts: NDArray[np.intp]) -> BoolArray:
    """Tell which ``counts[row]`` values of each row are its least, bool [N, n]."""
    most = int(counts.max())
    places = np.argpartition(values, most - 1, axis=1)[:, :most]
    places = np.take_along_axis(places, np.take_along_axis(values, places, axis=1).argsort(axis=1), axis=1)
    least = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(least, places, np.arange(most) < counts[:, None], axis=1)
    return least
