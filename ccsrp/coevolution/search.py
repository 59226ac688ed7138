"""The generation loop of cooperative coevolution."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.collaboration import Collaboration, Context, collaboration_rule
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.coevolution.subpopulation import Subpopulation
from ccsrp.errors import OptionError
from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.evaluation.interface import Evaluation, Evaluator
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Coevolution", "GenerationReport"]

# A tiny space can be exhausted before the budget: after this many generations without a new mask, stop.
PATIENCE = 20


@dataclass(frozen=True)
class GenerationReport:
    """One row of ``history.csv``: the archive after a generation.

    ``stopped`` of the ``evaluations`` so far ended early because nothing new could come of them.
    """

    generation: int
    evaluations: int
    stopped: int
    hypervolume: float
    front_size: int
    best_accuracy: float
    best_robust_accuracy: float
    lowest_cost: float

    def row(self) -> dict[str, float]:
        """Return the columns of the history."""
        return asdict(self)


@dataclass(frozen=True)
class _Placement:
    """A whole network to judge, and whose part it judges.

    ``index`` counts the offspring of ``layers``, or their survivors when ``survivor`` is set.
    """

    whole: BoolArray
    company: BoolArray
    layers: tuple[int, ...]
    index: int
    survivor: bool = False


class Coevolution:
    """One search: subpopulations of all layers, their archive, and the budget.

    Parameters
    ----------
    evaluator : Evaluator
        Judges whole networks.
    reference_point : float64 [3]
    settings : SearchSettings
    """

    def __init__(
        self, evaluator: Evaluator, *, reference_point: FloatArray, settings: SearchSettings
    ) -> None:
        self.settings = settings
        self.space = evaluator.space
        self.rule: Collaboration = collaboration_rule(settings.collaborators)
        # One first individual of each layer keeps all filters: joined or alone, it is the dense network.
        least = 1 + (settings.subpopulation_size - 1) * (1 if self.rule.together else self.space.n_layers)
        if settings.budget < least:
            raise OptionError(
                f"budget {settings.budget} is below one generation; these settings need at least {least} "
                f"evaluations (the dense network and the first individuals)"
            )
        self._evaluator = CachedEvaluator(evaluator)
        seeds = np.random.SeedSequence(settings.seed).spawn(self.space.n_layers + 1)
        self.subpopulations = [
            Subpopulation(size, settings=settings, seed=int(seed.generate_state(1)[0]))
            for size, seed in zip(self.space.sizes, seeds[1:], strict=True)
        ]
        self.archive = Archive(n_var=self.space.n_var, reference_point=reference_point)
        self._context = Context(
            space=self.space,
            archive=self.archive,
            subpopulations=self.subpopulations,
            rng=np.random.default_rng(seeds[0]),
        )
        self.generation = 0
        self._idle = 0

    @property
    def evaluations(self) -> int:
        """Number of different masks evaluated so far."""
        return self._evaluator.count

    @property
    def finished(self) -> bool:
        """Whether the budget is spent, or no new mask has come up for a long time."""
        return self.evaluations >= self.settings.budget or self._idle >= PATIENCE

    def run_generation(self) -> GenerationReport:
        """Ask every layer for offspring, judge them all in one call, tell the layers."""
        before = self.evaluations
        offspring = [subpopulation.ask() for subpopulation in self.subpopulations]
        if self.generation == 0:
            dense = self.space.full()[None]
            self.archive.add(dense, self._evaluator.evaluate(dense))
        if self.generation == 0 and self.rule.together:
            placements = self._join_first_individuals(offspring)
        else:
            placements = [*self._place_offspring(offspring), *self._place_stale_survivors()]
        judged = self._judge(placements)
        for placement, objectives in judged:
            if placement.survivor:
                for layer in placement.layers:
                    self.subpopulations[layer].rejudge(placement.index, objectives, placement.company)
        for layer, subpopulation in enumerate(self.subpopulations):
            self._tell(subpopulation, layer, len(offspring[layer]), judged)
        self.generation += 1
        self._idle = 0 if self.evaluations > before else self._idle + 1
        return self._report()

    def _join_first_individuals(self, offspring: list[BoolArray]) -> list[_Placement]:
        """Join first individuals of equal rank: one evaluation judges a part of every layer."""
        placements = []
        for index in range(max(len(parts) for parts in offspring)):
            present = tuple(layer for layer, parts in enumerate(offspring) if index < len(parts))
            whole = self.space.full()
            for layer in present:
                whole[self.space.slices[layer]] = offspring[layer][index]
            placements.append(_Placement(whole, whole, present, index))
        return placements

    def _place_offspring(self, offspring: list[BoolArray]) -> list[_Placement]:
        """Put each offspring into company; layers take turns, so that a cut budget treats them alike."""
        companies = [self.rule.company(parts, layer, self._context) for layer, parts in enumerate(offspring)]
        return [
            self._placed(layer, parts[index], companies[layer][index], index)
            for index in range(max(len(parts) for parts in offspring))
            for layer, parts in enumerate(offspring)
            if index < len(parts)
        ]

    def _place_stale_survivors(self) -> list[_Placement]:
        """Put survivors whose company has moved on into new company, up to a share of each layer."""
        most = round(self.settings.rejudged_share * self.settings.subpopulation_size)
        placements = []
        for layer, subpopulation in enumerate(self.subpopulations):
            stale = [
                index
                for index, company in enumerate(subpopulation.company)
                if self.rule.moved_on(company, layer, self._context)
            ][:most]
            parts = subpopulation.parts[stale]
            companies = self.rule.company(parts, layer, self._context)
            placements += [
                self._placed(layer, part, company, index, survivor=True)
                for index, part, company in zip(stale, parts, companies, strict=True)
            ]
        return placements

    def _placed(
        self, layer: int, part: BoolArray, company: BoolArray, index: int, *, survivor: bool = False
    ) -> _Placement:
        whole = company.copy()
        whole[self.space.slices[layer]] = part
        return _Placement(whole, company, (layer,), index, survivor)

    def _judge(self, placements: list[_Placement]) -> list[tuple[_Placement, FloatArray]]:
        """Evaluate as many as the budget allows, in one call; the rest are forgotten."""
        if not placements:
            return []
        wholes = np.array([placement.whole for placement in placements])
        spent = np.cumsum(self._evaluator.unseen(wholes))
        affordable = int(np.searchsorted(spent, self.settings.budget - self.evaluations, side="right"))
        wholes = wholes[:affordable]
        if self.settings.stop_dominated:
            # The archive as it was before this batch: answers do not depend on how a batch is split.
            answer = self._evaluator.evaluate_bounded(wholes, self.archive.objectives)
        else:
            answer = Evaluation.exact(self._evaluator.evaluate(wholes))
        self.archive.add(wholes[answer.complete], answer.objectives[answer.complete])
        return list(zip(placements[:affordable], answer.expected, strict=True))

    @staticmethod
    def _tell(
        subpopulation: Subpopulation, layer: int, asked: int, judged: list[tuple[_Placement, FloatArray]]
    ) -> None:
        """Hand a layer the answers to its offspring, in the order in which it was asked for them."""
        mine = [(p, f) for p, f in judged if layer in p.layers and not p.survivor]
        answered = np.zeros(asked, dtype=bool)
        answered[[placement.index for placement, _ in mine]] = True
        subpopulation.tell(
            answered, np.array([f for _, f in mine]), np.array([placement.company for placement, _ in mine])
        )

    def _report(self) -> GenerationReport:
        best = self.archive.objectives.min(axis=0)
        return GenerationReport(
            generation=self.generation,
            evaluations=self.evaluations,
            stopped=self._evaluator.stopped,
            hypervolume=self.archive.hypervolume(),
            front_size=len(self.archive),
            best_accuracy=1 - float(best[0]),
            best_robust_accuracy=1 - float(best[1]),
            lowest_cost=float(best[2]),
        )
