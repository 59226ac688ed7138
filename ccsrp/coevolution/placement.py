"""Whole networks that could be judged next, and whose parts they would judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ccsrp.coevolution.collaboration import Collaboration, Context
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.coevolution.subpopulation import keep_enough, least_kept
from ccsrp.coevolution.variation import KnowsFlips, guided, recombined
from ccsrp.space import BoolArray

__all__ = ["Placement", "Proposals"]


@dataclass(frozen=True)
class Placement:
    """A whole network to judge, bool [n_var].

    It judges its part of each of ``layers``, in ``company`` (another network, or itself). ``survivor`` is
    set where the part is that survivor of its layer, to be judged anew.
    """

    whole: BoolArray
    company: BoolArray
    layers: tuple[int, ...]
    survivor: int | None = None


class Proposals:
    """Creates placements from the state of a search."""

    def __init__(self, context: Context, *, rule: Collaboration, settings: SearchSettings) -> None:
        self._context = context
        self._rule = rule
        self._settings = settings
        self._space = context.space
        self._least = [least_kept(size, settings) for size in self._space.sizes]

    def first(self) -> list[Placement]:
        """Join first individuals of equal rank: one network judges a part of every layer."""
        if not self._rule.together:
            return self.offspring()
        parts_of_all = [subpopulation.ask() for subpopulation in self._context.subpopulations]
        placements = []
        for index in range(max(len(parts) for parts in parts_of_all)):
            present = tuple(layer for layer, parts in enumerate(parts_of_all) if index < len(parts))
            whole = self._space.full()
            for layer in present:
                whole[self._space.slices[layer]] = parts_of_all[layer][index]
            placements.append(Placement(whole, whole, present))
        return placements

    def offspring(self) -> list[Placement]:
        """Put new parts of all layers into company; layers take turns, so that a cut budget is fair."""
        asked = [subpopulation.ask() for subpopulation in self._context.subpopulations]
        companies = [self._rule.company(parts, layer, self._context) for layer, parts in enumerate(asked)]
        return [
            self._placed(layer, parts[index], companies[layer][index])
            for index in range(max(len(parts) for parts in asked))
            for layer, parts in enumerate(asked)
            if index < len(parts)
        ]

    def stale_survivors(self) -> list[Placement]:
        """Put survivors whose company has moved on into new company, up to a share of each layer."""
        most = round(self._settings.rejudged_share * self._settings.subpopulation_size)
        placements = []
        for layer, subpopulation in enumerate(self._context.subpopulations):
            stale = [
                index
                for index, company in enumerate(subpopulation.company)
                if self._rule.moved_on(company, layer, self._context)
            ][:most]
            parts = subpopulation.parts[stale]
            companies = self._rule.company(parts, layer, self._context)
            placements += [
                self._placed(layer, part, company, survivor=index)
                for index, part, company in zip(stale, parts, companies, strict=True)
            ]
        return placements

    def recombined(self, count: int) -> list[Placement]:
        """Cross members of the archive; the children judge a part of every layer."""
        if not count or not self._rule.together:
            return []
        context = self._context
        return self._wholes(recombined(count, context.archive, context.space, context.rng))

    def guided(self, placements: list[Placement], guide: KnowsFlips) -> list[Placement]:
        """Lead as many networks as there are placements: half from these, half from the archive."""
        if not placements or not self._rule.together:
            return []
        rng, members = self._context.rng, self._context.archive.masks
        starts = np.array([placement.whole for placement in placements])
        from_archive = rng.random(len(starts)) < 0.5
        starts[from_archive] = members[rng.integers(len(members), size=int(from_archive.sum()))]
        return self._wholes(guided(starts, guide, self._repaired, rng))

    def _wholes(self, masks: BoolArray) -> list[Placement]:
        layers = tuple(range(self._space.n_layers))
        return [Placement(mask, mask, layers) for mask in self._repaired(masks)]

    def _repaired(self, masks: BoolArray) -> BoolArray:
        repaired = masks.copy()
        for part, least in zip(self._space.slices, self._least, strict=True):
            repaired[:, part] = keep_enough(masks[:, part], least, self._context.rng)
        return repaired

    def _placed(
        self, layer: int, part: BoolArray, company: BoolArray, *, survivor: int | None = None
    ) -> Placement:
        whole = company.copy()
        whole[self._space.slices[layer]] = part
        return Placement(whole, company, (layer,), survivor)
