"""How a layer's mask becomes a whole network.

A part is worth what the whole network made with it is worth, so it needs company: masks for all other
layers. A rule is a class with the two methods of ``Collaboration`` and a line in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.subpopulation import Subpopulation
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FilterSpace

__all__ = [
    "RULES",
    "Archived",
    "Base",
    "Collaboration",
    "Context",
    "Elite",
    "collaboration_rule",
    "draw_members",
]


@dataclass(frozen=True)
class Context:
    """What a rule may look at: the search so far, and its random numbers."""

    space: FilterSpace
    archive: Archive
    subpopulations: Sequence[Subpopulation]
    rng: np.random.Generator


class Collaboration(Protocol):
    """Chooses the company that parts are judged in.

    ``together`` says whether first individuals of equal rank in all layers are joined to whole networks,
    so that one evaluation judges a part of every layer.
    """

    @property
    def together(self) -> bool:
        """Whether first individuals are joined."""
        ...

    def company(self, parts: BoolArray, layer: int, context: Context) -> BoolArray:
        """Choose a whole network for each part of ``layer`` to be put into: bool [n, size] -> [n, n_var]."""
        ...

    def moved_on(self, company: BoolArray, layer: int, context: Context) -> bool:
        """Tell whether a part of ``layer`` that was judged in ``company`` would be judged otherwise now."""
        ...


def draw_members(archive: Archive, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw members of an archive by binary tournament on crowding distance, int [count]."""
    crowding = archive.crowding
    pairs = rng.integers(len(archive), size=(count, 2))
    first_wins = crowding[pairs[:, 0]] >= crowding[pairs[:, 1]]
    return np.where(first_wins, pairs[:, 0], pairs[:, 1])


class Archived:
    """Members of the archive of non-dominated whole networks, drawn so that sparse regions come up more.

    Several collaborators that differ keep parts from suiting a single network only (Panait & Luke).
    """

    together = True

    def company(self, parts: BoolArray, layer: int, context: Context) -> BoolArray:
        """Draw members by binary tournament on crowding distance."""
        return context.archive.masks[draw_members(context.archive, len(parts), context.rng)]

    def moved_on(self, company: BoolArray, layer: int, context: Context) -> bool:
        """Tell whether that network has left the archive."""
        return company not in context.archive


class Elite:
    """The best part of every other layer: non-dominated in its subpopulation and nearest to the ideal."""

    together = True

    def company(self, parts: BoolArray, layer: int, context: Context) -> BoolArray:
        """Join the elites of all layers; the dense network where a layer has none yet."""
        return np.tile(self._elite(context), (len(parts), 1))

    def moved_on(self, company: BoolArray, layer: int, context: Context) -> bool:
        """Tell whether an elite of another layer changed."""
        differs = company != self._elite(context)
        differs[context.space.slices[layer]] = False
        return bool(differs.any())

    @staticmethod
    def _elite(context: Context) -> BoolArray:
        whole = context.space.full()
        for part, subpopulation in zip(context.space.slices, context.subpopulations, strict=True):
            objectives = subpopulation.objectives
            if len(objectives):
                ideal, span = objectives.min(0), np.ptp(objectives, axis=0)
                distance = np.linalg.norm((objectives - ideal) / np.where(span > 0, span, 1), axis=1)
                whole[part] = subpopulation.parts[int(distance.argmin())]
        return whole


class Base:
    """All other layers untouched, as in CCSRP and CCEP: the search never sees layers interact."""

    together = False

    def company(self, parts: BoolArray, layer: int, context: Context) -> BoolArray:
        """Return the dense network."""
        return np.tile(context.space.full(), (len(parts), 1))

    def moved_on(self, company: BoolArray, layer: int, context: Context) -> bool:
        """Tell that the dense network never changes."""
        return False


RULES: dict[str, Callable[[], Collaboration]] = {"archive": Archived, "elite": Elite, "base": Base}


def collaboration_rule(name: str) -> Collaboration:
    """Build the rule of that name.

    Raises
    ------
    OptionError
        No such rule.
    """
    if name not in RULES:
        raise OptionError(f"unknown collaborators {name!r}; choose one of {', '.join(RULES)}")
    return RULES[name]()
