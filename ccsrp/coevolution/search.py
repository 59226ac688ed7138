"""The generation loop of cooperative coevolution."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

import numpy as np

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.collaboration import Collaboration, Context, collaboration_rule
from ccsrp.coevolution.placement import Placement, Proposals
from ccsrp.coevolution.screening import Screening
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.coevolution.snapshot import Snapshot, generator_state, restore_generator
from ccsrp.coevolution.subpopulation import Subpopulation
from ccsrp.differences import differences
from ccsrp.errors import OptionError, RunError
from ccsrp.evaluation.bound import nothing_known
from ccsrp.evaluation.cached import CachedEvaluator
from ccsrp.evaluation.interface import OBJECTIVES, Evaluation, EvaluationError, Evaluator
from ccsrp.evaluation.memory import Memory
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Coevolution", "GenerationReport"]

# A tiny space can be exhausted before the budget: after this many generations without a new mask, stop.
PATIENCE = 20
# A batch is at most this fraction, 1 / GROWTH, of what was evaluated before.
GROWTH = 20
# With screening, the first generation has a network for each so many filters. With some hundreds of filters
# that made no difference, with 9,000 it decides (experiments/search_quality/ablation.md).
FILTERS_PER_NETWORK = 100


@dataclass(frozen=True)
class GenerationReport:
    """One row of ``history.csv``: the archive after a generation.

    ``stopped`` of the ``evaluations`` so far ended early because nothing new could come of them, and
    ``failed`` of them could not be judged.
    """

    generation: int
    evaluations: int
    stopped: int
    failed: int
    hypervolume: float
    front_size: int
    best_accuracy: float
    best_robust_accuracy: float
    lowest_cost: float

    def row(self) -> dict[str, float]:
        """Return the columns of the history."""
        return asdict(self)


class Coevolution:
    """One search: subpopulations of all layers, their archive, and the budget.

    Parameters
    ----------
    evaluator : Evaluator
        Judges whole networks.
    reference_point : float64 [3]
    settings : SearchSettings
    memory : Memory, optional
        Remembers answers of the evaluator; by default in this process.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        reference_point: FloatArray,
        settings: SearchSettings,
        memory: Memory | None = None,
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
        self._evaluator = CachedEvaluator(evaluator, memory)
        seeds = np.random.SeedSequence(settings.seed).spawn(self.space.n_layers + 1)
        self.subpopulations = [
            Subpopulation(
                size,
                settings=settings,
                offspring=self._of_each_layer,
                spread=self._spread,
                seed=int(seed.generate_state(1)[0]),
            )
            for size, seed in zip(self.space.sizes, seeds[1:], strict=True)
        ]
        self.archive = Archive(n_var=self.space.n_var, reference_point=reference_point)
        self._context = Context(
            space=self.space,
            archive=self.archive,
            subpopulations=self.subpopulations,
            rng=np.random.default_rng(seeds[0]),
        )
        self._proposals = Proposals(self._context, rule=self.rule, settings=settings)
        self._screening: Screening | None = None
        if settings.screening == "gp":
            priced = self._evaluator.exact_cost(self.space.full()[None]) is not None
            self._screening = Screening(
                self.space,
                reference_point=reference_point,
                optimism=settings.optimism,
                cost=self._cost if priced else None,
            )
        self.generation = 0
        self._idle = 0
        self._dense: FloatArray | None = None
        self._failure = ""

    @property
    def evaluations(self) -> int:
        """Number of different masks evaluated so far."""
        return self._evaluator.count

    @property
    def finished(self) -> bool:
        """Whether the budget is spent, or no new mask has come up for a long time."""
        return self.evaluations >= self.settings.budget or self._idle >= PATIENCE

    @property
    def dense_objectives(self) -> FloatArray:
        """Objectives of the dense network, float64 [3], once the first generation has run."""
        if self._dense is None:
            raise OptionError("the dense network is judged in the first generation; run one")
        return self._dense.copy()

    def state(self) -> Snapshot:
        """Write down all that the next generation depends on, except what the memory knows of masks."""
        parts = {f"subpopulation-{i}": layer.state() for i, layer in enumerate(self.subpopulations)}
        if self._screening is not None:
            parts["screening"] = self._screening.state()
        parts["search"] = Snapshot(
            {"dense": self.dense_objectives},
            {
                "settings": self._described(),
                "generation": self.generation,
                "idle": self._idle,
                "random": generator_state(self._context.rng),
                "count": self._evaluator.count,
                "stopped": self._evaluator.stopped,
                "failed": self._evaluator.failed,
            },
        )
        return Snapshot.joined(parts | {"archive": self.archive.state()})

    def restore(self, state: Snapshot) -> None:
        """Go on where another search of the same space and settings was; its memory has to be the same too.

        Raises
        ------
        RunError
            The state does not fit.
        """
        mine = state.inside("search")
        if mine.value("settings", str) != self._described():
            differ = _settings_differ(mine.value("settings", str), self._described())
            raise RunError(
                f"the stored search had other settings: {differ}; go on with those, or begin anew in another "
                f"folder"
            )
        for i, layer in enumerate(self.subpopulations):
            layer.restore(state.inside(f"subpopulation-{i}"), n_var=self.space.n_var)
        if self._screening is not None:
            self._screening.restore(state.inside("screening"))
        self.archive.restore(state.inside("archive"))
        self._dense = mine.array("dense", float, len(OBJECTIVES))
        self.generation, self._idle = mine.count("generation"), mine.count("idle")
        restore_generator(self._context.rng, mine.value("random", str))
        for name in ("count", "stopped", "failed"):
            setattr(self._evaluator, name, mine.count(name))

    def _described(self) -> str:
        return json.dumps({"layers": self.space.sizes} | asdict(self.settings))

    def run_generation(self) -> GenerationReport:
        """Ask every layer for offspring, judge them all in one call, tell the layers."""
        before = self.evaluations
        if self.generation == 0:
            dense = self.space.full()[None]
            answer = self._evaluator.evaluate_bounded(dense, nothing_known())
            self._dense = answer.objectives[0]
            self._learn(dense, answer)
            placements = self._proposals.first()
        elif self._screening is None:
            placements = self._unscreened()
        else:
            placements = self._screened(self._screening)
        self._tell(*self._judge(placements))
        if not len(self.archive):
            raise EvaluationError(
                f"none of the first {self.evaluations} networks could be judged ({self._failure}); "
                f"see to that and begin anew"
            )
        self.generation += 1
        self._idle = 0 if self.evaluations > before else self._idle + 1
        return self._report()

    @property
    def _spread(self) -> int:
        """How many networks to judge first, beyond the first individuals, for the surrogate to learn from."""
        if not (self.settings.spread and self.settings.screening == "gp" and self.rule.together):
            return 0
        wanted = min(self.space.n_var // FILTERS_PER_NETWORK, self.settings.budget // 2)
        return max(0, wanted - self.settings.subpopulation_size)

    @property
    def _of_each_layer(self) -> int:
        """How many offspring a layer is asked for in a generation."""
        settings = self.settings
        share = 1 - settings.recombination if self.rule.together else 1.0
        if settings.screening == "none":
            return max(1, round(settings.subpopulation_size * share))
        return max(1, math.ceil(self._unguided * share / self.space.n_layers))

    @property
    def _unguided(self) -> int:
        """How many candidates of a generation are not guided by the surrogate."""
        total = self.settings.candidates * self.settings.batch
        return math.ceil(total / 2) if self.settings.guided and self.rule.together else total

    def _unscreened(self) -> list[Placement]:
        wanted = self.settings.subpopulation_size * self.space.n_layers
        offspring = self._proposals.offspring()
        return [
            *offspring,
            *self._proposals.recombined(max(0, wanted - self._of_each_layer * self.space.n_layers)),
            *self._proposals.stale_survivors(),
        ]

    def _screened(self, screening: Screening) -> list[Placement]:
        """Create many candidates and keep the most promising that were never evaluated."""
        screening.refit()
        candidates = self._proposals.offspring()
        candidates += self._proposals.recombined(max(0, self._unguided - len(candidates)))
        if self.settings.guided:
            candidates += self._proposals.guided(candidates, screening)
        wholes = self._wholes(candidates)
        unseen = np.flatnonzero(self._evaluator.unseen(wholes))
        if not len(unseen):
            return []
        # A model that has seen little learns most from a look at a few: batches grow with what is known.
        batch = min(self.settings.batch, max(1, self.evaluations // GROWTH))
        picked = screening.pick(wholes[unseen], self.archive.objectives, batch)
        return [candidates[row] for row in unseen[picked]]

    def _judge(self, placements: list[Placement]) -> tuple[list[Placement], FloatArray]:
        """Evaluate as many as the budget allows, in one call; the rest are forgotten."""
        wholes = self._wholes(placements)
        spent = np.cumsum(self._evaluator.unseen(wholes))
        affordable = int(np.searchsorted(spent, self.settings.budget - self.evaluations, side="right"))
        wholes = wholes[:affordable]
        fresh = self._evaluator.unseen(wholes)
        # The archive as it was before this batch: answers do not depend on how a batch is split.
        known = self.archive.objectives if self.settings.stop_dominated else nothing_known()
        answer = self._evaluator.evaluate_bounded(wholes, known)
        self._learn(wholes, answer, fresh)
        return placements[:affordable], answer.expected

    def _learn(self, wholes: BoolArray, answer: Evaluation, fresh: BoolArray | None = None) -> None:
        """Hand answers to the archive and, those never heard before, to the screening."""
        self.archive.add(wholes[answer.complete], answer.objectives[answer.complete])
        self._failure = next(filter(None, answer.failures), self._failure)
        if self._screening is not None:
            fresh = np.ones(len(wholes), dtype=bool) if fresh is None else fresh
            telling = fresh & ~answer.failed
            self._screening.learn(wholes[telling], answer.expected[telling])

    def _tell(self, placements: list[Placement], expected: FloatArray) -> None:
        """Hand each layer the answers to its parts."""
        for layer, (subpopulation, part) in enumerate(
            zip(self.subpopulations, self.space.slices, strict=True)
        ):
            mine = [row for row, placement in enumerate(placements) if layer in placement.layers]
            told = [row for row in mine if placements[row].survivor is None]
            for row in mine:
                survivor = placements[row].survivor
                if survivor is not None:
                    subpopulation.rejudge(survivor, expected[row], placements[row].company)
            if told:
                subpopulation.tell(
                    np.array([placements[row].whole[part] for row in told]),
                    expected[told],
                    np.array([placements[row].company for row in told]),
                )

    def _wholes(self, placements: list[Placement]) -> BoolArray:
        wholes = np.array([placement.whole for placement in placements], dtype=bool)
        return wholes.reshape(-1, self.space.n_var)

    def _cost(self, masks: BoolArray) -> FloatArray:
        cost = self._evaluator.exact_cost(masks)
        assert cost is not None
        return cost

    def _report(self) -> GenerationReport:
        best = self.archive.objectives.min(axis=0)
        return GenerationReport(
            generation=self.generation,
            evaluations=self.evaluations,
            stopped=self._evaluator.stopped,
            failed=self._evaluator.failed,
            hypervolume=self.archive.hypervolume(),
            front_size=len(self.archive),
            best_accuracy=1 - float(best[0]),
            best_robust_accuracy=1 - float(best[1]),
            lowest_cost=float(best[2]),
        )


def _settings_differ(before: str, now: str) -> str:
    try:
        return differences(json.loads(before), json.loads(now))
    except (ValueError, RecursionError):  # what is stored may be anyone's
        return differences(before, now)
