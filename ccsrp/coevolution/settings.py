"""How a search is run: every choice by name, with its range checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ccsrp.checks import check_count, check_seed
from ccsrp.errors import OptionError

__all__ = ["SCREENINGS", "SearchSettings"]

SCREENINGS = ("gp", "none")
# Far beyond any use; above them memory runs out before a search begins.
MOST = {"budget": 10**9, "subpopulation_size": 10_000, "batch": 10_000, "candidates": 100_000}
MOST_CANDIDATES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """The parameters of one search.

    CCEP (arXiv 2204.05639), the procedure underneath, has ``subpopulation_size=5``,
    ``initial_keep=(0.95, 0.95)``, ``bit_flip_rate=0.1``, ``crossover_rate=0``, ``max_removed=0.1``,
    ``collaborators="base"`` and ``screening="none"``: it takes small steps in many rounds, with
    fine-tuning in between. The defaults here lay out a whole front in one round.

    Parameters
    ----------
    budget : int
        Different masks to evaluate at most, the dense one included.
    seed : int
        Fixes the whole search.
    subpopulation_size : int
        Individuals of each layer, and offspring of each layer in a generation.
    collaborators : {"archive", "elite", "base"}
        How a layer's mask becomes a whole network: see ``ccsrp.coevolution.collaboration``.
    initial_keep : (float, float)
        First individuals keep each filter with probabilities spread evenly between these two; one
        individual always keeps all.
    bit_flip_rate : float
        Chance of each filter to flip in a mutation.
    crossover_rate : float
        Chance of each pair of parents to be crossed (uniform crossover) before mutation.
    max_removed : float
        Largest share of a layer's filters that may go; at least one filter always stays.
    rejudged_share : float
        Without screening, share of a subpopulation whose standing may be renewed in a generation because
        the collaborators it was judged with have moved on.
    recombination : float
        Share of new networks that are crossed from two of the archive, layer by layer or filter by filter,
        in place of one layer's offspring in company; every layer has one offspring at least.
    screening : {"gp", "none"}
        Whether a surrogate model (Gaussian processes) picks which of many candidates are evaluated, or
        every candidate is: see ``ccsrp.coevolution.screening``.
    spread : bool
        With screening, whether the first generation has a network for every hundred filters (up to half of
        the budget), if those are more than a subpopulation has individuals: the others keep shares of the
        filters that are spread over all that ``max_removed`` allows, so that the model has seen every size.
    batch : int
        With screening, networks evaluated in a generation at most; the first generations have fewer. Small
        batches let the model learn sooner, large ones keep more workers busy. Without screening it is as
        many as all layers have offspring.
    candidates : int
        With screening, candidates for each network of a full batch; smaller batches choose from as many.
    guided : bool
        With screening, whether half of the candidates are led by the model: it says of each single filter
        whether to flip it.
    optimism : float
        With screening, how many standard deviations better than its mean a guess is taken to be.
    stop_dominated : bool
        Whether the evaluation of a mask ends as soon as the archive dominates the best that it can still
        reach. The layer that it came from, and the model, then see what the rest would probably have shown.
        With screening, over 15 seeds on digits, that cost no hypervolume that could be told from chance
        (``experiments/throughput``).
    """

    budget: int = 300
    seed: int = 0
    subpopulation_size: int = 10
    collaborators: str = "archive"
    initial_keep: tuple[float, float] = (0.5, 0.95)
    bit_flip_rate: float = 0.1
    crossover_rate: float = 0.9
    max_removed: float = 0.9
    rejudged_share: float = 0.2
    recombination: float = 0.5
    screening: str = "gp"
    spread: bool = True
    batch: int = 10
    candidates: int = 32
    guided: bool = True
    optimism: float = 0.7
    stop_dominated: bool = True

    @classmethod
    def paper(cls, *, n_layers: int, seed: int = 0) -> SearchSettings:
        """Return one round of CCSRP as far as it can be reconstructed (arXiv 2408.00794).

        That is CCEP's published procedure: 5 individuals a layer, 10 generations, each judged alone in the
        untouched base network, at most a tenth of a layer's filters removed.

        Parameters
        ----------
        n_layers : int
            Layers of the space; the budget follows from them.
        seed : int
        """
        population, generations = 5, 10
        return cls(
            budget=1 + n_layers * population * (generations + 1),
            seed=seed,
            subpopulation_size=population,
            collaborators="base",
            initial_keep=(0.95, 0.95),
            bit_flip_rate=0.1,
            crossover_rate=0.0,
            max_removed=0.1,
            rejudged_share=0.0,
            screening="none",
            stop_dominated=False,
        )

    def __post_init__(self) -> None:
        if self.subpopulation_size < 2:
            raise OptionError(
                f"a subpopulation (--subpop) needs at least 2 individuals, got {self.subpopulation_size}"
            )
        for name, most in MOST.items():
            check_count(name, getattr(self, name), most=most)
        check_count("batch times candidates", self.batch * self.candidates, most=MOST_CANDIDATES)
        check_seed(self.seed)
        if self.screening not in SCREENINGS:
            raise OptionError(
                f"unknown screening {self.screening!r} (--screen); choose one of {', '.join(SCREENINGS)}"
            )
        if not 0 <= self.optimism < math.inf:
            raise OptionError(f"optimism must be 0 or more and finite, got {self.optimism}")
        for name in ("bit_flip_rate", "crossover_rate", "max_removed", "rejudged_share", "recombination"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        low, high = self.initial_keep
        if not 0 < low <= high <= 1:
            raise OptionError(
                f"initial_keep must be two rates with 0 < low <= high <= 1, got {self.initial_keep}"
            )
