"""The generation loop of cooperative coevolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.collaboration import Collaboration, Context, collaboration_rule
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.coevolution.subpopulation import Subpopulation
from ccsrp.errors import OptionError
from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.evaluation.interface import Evaluator
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Coevolution", "GenerationReport"]

# A tiny space can be exhausted before the budget: after this many generations without a new mask, stop.
PATIENCE = 20


@dataclass(frozen=True)
class GenerationReport:
    """One row of ``history.csv``: the archive after a generation."""

    generation: int
    evaluations: int
    hypervolume: float
    front_size: int
    best_accuracy: float
    best_robust_accuracy: float
    lowest_cost: float

    def row(self) -> dict[str, float]:
        """Return the columns of the history."""
        return asdict(self)


@dataclass
class _Batch:
    """Whole networks to judge in one call, and whom each of them judges."""

    company: list[BoolArray] = field(default_factory=list)
    wholes: list[BoolArray] = field(default_factory=list)
    judges: list[Callable[[FloatArray, BoolArray], None]] = field(default_factory=list)

    def add(
        self, company: BoolArray, whole: BoolArray, judge: Callable[[FloatArray, BoolArray], None]
    ) -> None:
        self.company.append(company)
        self.wholes.append(whole)
        self.judges.append(judge)


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
        told: list[list[tuple[int, FloatArray, BoolArray]]] = [[] for _ in self.subpopulations]
        batch = _Batch()
        if self.generation == 0 and self.rule.together:
            self._join_first_individuals(offspring, told, batch)
        else:
            self._place_offspring(offspring, told, batch)
            self._rejudge_survivors(batch)
        self._judge(batch)
        for subpopulation, parts, answers in zip(self.subpopulations, offspring, told, strict=True):
            judged = np.zeros(len(parts), dtype=bool)
            judged[[index for index, _, _ in answers]] = True
            answers.sort(key=lambda answer: answer[0])
            subpopulation.tell(
                judged, np.array([f for _, f, _ in answers]), np.array([whole for _, _, whole in answers])
            )
        self.generation += 1
        self._idle = 0 if self.evaluations > before else self._idle + 1
        return self._report()

    def _join_first_individuals(
        self, offspring: list[BoolArray], told: list[list[tuple[int, FloatArray, BoolArray]]], batch: _Batch
    ) -> None:
        """Join first individuals of equal rank: one evaluation judges a part of every layer."""
        for index in range(max(len(parts) for parts in offspring)):
            whole = self.space.full()
            present = [layer for layer, parts in enumerate(offspring) if index < len(parts)]
            for layer in present:
                whole[self.space.slices[layer]] = offspring[layer][index]

            def judge(
                f: FloatArray, company: BoolArray, index: int = index, present: list[int] = present
            ) -> None:
                for layer in present:
                    told[layer].append((index, f, company))

            batch.add(whole, whole, judge)

    def _place_offspring(
        self, offspring: list[BoolArray], told: list[list[tuple[int, FloatArray, BoolArray]]], batch: _Batch
    ) -> None:
        """Put each offspring into company; layers take turns, so that a cut budget treats them alike."""
        companies = [self.rule.company(parts, layer, self._context) for layer, parts in enumerate(offspring)]
        for index in range(max(len(parts) for parts in offspring)):
            for layer, parts in enumerate(offspring):
                if index < len(parts):

                    def judge(
                        f: FloatArray, company: BoolArray, index: int = index, layer: int = layer
                    ) -> None:
                        told[layer].append((index, f, company))

                    company = companies[layer][index]
                    batch.add(company, self._placed(layer, parts[index], company), judge)

    def _rejudge_survivors(self, batch: _Batch) -> None:
        """Renew the standing of survivors whose company has moved on, up to a share of each layer."""
        most = round(self.settings.rejudged_share * self.settings.subpopulation_size)
        for layer, subpopulation in enumerate(self.subpopulations):
            stale = [
                index
                for index, company in enumerate(subpopulation.company)
                if self.rule.moved_on(company, layer, self._context)
            ][:most]
            parts = subpopulation.parts[stale]
            companies = self.rule.company(parts, layer, self._context)
            for index, part, company in zip(stale, parts, companies, strict=True):

                def judge(
                    f: FloatArray,
                    company: BoolArray,
                    index: int = index,
                    subpopulation: Subpopulation = subpopulation,
                ) -> None:
                    subpopulation.rejudge(index, f, company)

                batch.add(company, self._placed(layer, part, company), judge)

    def _placed(self, layer: int, part: BoolArray, company: BoolArray) -> BoolArray:
        whole = company.copy()
        whole[self.space.slices[layer]] = part
        return whole

    def _judge(self, batch: _Batch) -> None:
        """Evaluate as much of the batch as the budget allows, in one call."""
        if not batch.wholes:
            return
        wholes = np.array(batch.wholes)
        spent = np.cumsum(self._evaluator.unseen(wholes))
        affordable = int(np.searchsorted(spent, self.settings.budget - self.evaluations, side="right"))
        objectives = self._evaluator.evaluate(wholes[:affordable])
        self.archive.add(wholes[:affordable], objectives)
        for f, company, judge in zip(objectives, batch.company, batch.judges, strict=False):
            judge(f, company)

    def _report(self) -> GenerationReport:
        best = self.archive.objectives.min(axis=0)
        return GenerationReport(
            generation=self.generation,
            evaluations=self.evaluations,
            hypervolume=self.archive.hypervolume(),
            front_size=len(self.archive),
            best_accuracy=1 - float(best[0]),
            best_robust_accuracy=1 - float(best[1]),
            lowest_cost=float(best[2]),
        )
