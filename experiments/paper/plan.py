"""Every number of these experiments, in one place, each with its reason.

What CCSRP used is not published (arXiv 2408.00794): no population sizes, epochs, attack or tables, and no
code. Where CCEP (arXiv 2204.05639), the procedure underneath, says a number, it is taken or named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ccsrp.attack.ensemble import AuditSettings
from ccsrp.coevolution.choice import Choice
from ccsrp.coevolution.rounds import RoundSettings
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.methods import METHODS
from ccsrp.methods.interface import FineTuning
from ccsrp.snn.training import TrainingSettings

__all__ = ["EXPERIMENTS", "FULL", "QUICK", "Experiment", "Plan"]

DATASETS = ("cifar10", "svhn")
# Those that take 32x32 colour images; the paper's kind first.
NETWORKS = ("vgg16", "resnet18", "vgg11", "sew_resnet18")


@dataclass(frozen=True)
class Experiment:
    """A network on a data set. T = 4 and eps = 8/255 are those of the problem classes."""

    dataset: str
    network: str

    @classmethod
    def named(cls, name: str) -> Experiment:
        """Read ``DATASET/NETWORK``.

        Raises
        ------
        OptionError
        """
        dataset, _, network = name.partition("/")
        if dataset not in DATASETS or network not in NETWORKS:
            raise OptionError(
                f"unknown experiment {name!r}; give DATASET/NETWORK with a data set of {', '.join(DATASETS)} "
                f"and a network of {', '.join(NETWORKS)}"
            )
        return cls(dataset, network)

    @property
    def name(self) -> str:
        """As ``--only`` takes it."""
        return f"{self.dataset}/{self.network}"

    @property
    def folder(self) -> str:
        """As its folder is called."""
        return f"{self.dataset}-{self.network}"


EXPERIMENTS = tuple(Experiment(dataset, network) for dataset in DATASETS for network in NETWORKS[:2])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The numbers of one experiment; the defaults are those of the full one."""

    # Networks are compared at these shares of the dense FLOPs. The middle one is near CCEP's ResNet-56
    # (-63 %) and ResNet-50 (-45 %), the others frame it.
    targets: tuple[float, ...] = (0.7, 0.5, 0.35)
    # Fixes everything. One seed: a second one doubles all hours.
    seed: int = 0

    # -- the base, trained adversarially (HYDRA pretrains so; 100 epochs are customary for PGD-AT) --
    base_epochs: int = 100
    base_images: int | None = None  # all
    # 128 and 3e-3 (AdamW, warm-up, cosine) are what the bases that ship were trained with.
    batch_size: int = 128
    learning_rate: float = 3e-3
    # The sharp attack at 5 steps is as strong as the literature's at many more: experiments/attack_strength.
    training_steps: int = 5

    # -- what masks are judged by, in both searches --
    # Robust accuracy near one half has a standard error of 1.6 points on 1000 images, 3.1 on 256. CCEP
    # judged on 10,000 training images; ours are held out, so they are not trained on.
    validation_images: int = 1000
    calibration_images: int = 256  # the default of ccsrp
    search_steps: int = 10  # the default of ccsrp, and HYDRA's PGD-10
    # Members of the fronts of searches, which may be many, are reported on few test images.
    front_images: int = 256

    # -- CCSRP as reconstructed --
    # As CCEP: 20 rounds at most, 10 generations a round. Rounds end at the lowest target: what comes after
    # it has no row in the table.
    paper_rounds: int = 20
    paper_generations: int = 10
    # CCEP fine-tunes for 100 epochs in each round; under attack and at T=4 that is out of reach for most.
    paper_epochs: int = 10

    # -- ours: rounds with the archive and screening, a run for every target --
    our_rounds: int = 3
    # Masks of each round. Screened searches gain little after some hundreds: experiments/search_quality.
    our_budget: int = 500
    our_epochs: int = 10  # as many in a round as the paper's procedure gets

    # -- comparison of methods, and what all networks are measured on --
    methods: tuple[str, ...] = tuple(METHODS)
    method_epochs: int = 30  # as many as ours gets in its three rounds
    test_images: int = 10_000  # all of CIFAR-10, two fifths of SVHN's
    # An audit takes thousands of passes an image; 500 images leave a standard error of 2.2 points.
    audit_images: int = 500
    audit: AuditSettings = field(default_factory=AuditSettings)

    def training(self) -> TrainingSettings:
        """Return how the base is trained."""
        return TrainingSettings(
            method="pgd-at",
            epochs=self.base_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )

    def tuning(self, epochs: int, *, taught: bool = True) -> FineTuning:
        """Return how pruned networks are trained: taught by the base, or as the base itself was."""
        return FineTuning(
            training="distillation" if taught else "pgd-at",
            attack_reach=FineTuning.attack_reach if taught else 1.0,
            epochs=epochs,
            images=self.base_images,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            attack_steps=self.training_steps,
        )

    def paper_search(self, n_layers: int) -> SearchSettings:
        """Return one round of the search that the paper's procedure makes."""
        published = SearchSettings.paper(n_layers=n_layers, seed=self.seed)
        judged = n_layers * published.subpopulation_size * (self.paper_generations + 1)
        return replace(published, budget=1 + judged)

    def paper_rounds_to_go(self) -> RoundSettings:
        """Return the rounds of the paper's procedure: layers picked alone, then spliced."""
        return RoundSettings(
            rounds=self.paper_rounds, target_cost=min(self.targets), choice=Choice(rule="splice")
        )

    def our_search(self) -> SearchSettings:
        """Return one round of our search."""
        return SearchSettings(budget=self.our_budget, seed=self.seed)

    def our_rounds_to(self, target: float) -> RoundSettings:
        """Return our rounds to one target: the best network within a round's cost goes on."""
        return RoundSettings(rounds=self.our_rounds, target_cost=target)


FULL = Plan()
# A rehearsal: every step, on so few images that no figure means anything.
QUICK = Plan(
    targets=(0.9, 0.6),
    base_epochs=1,
    base_images=16,
    batch_size=8,
    training_steps=1,
    validation_images=4,
    calibration_images=4,
    search_steps=1,
    front_images=2,
    paper_rounds=2,
    paper_generations=0,
    paper_epochs=1,
    our_rounds=1,
    our_budget=12,
    our_epochs=1,
    methods=("magnitude", "random"),
    method_epochs=1,
    test_images=10,
    audit_images=2,
    audit=AuditSettings(
        steps=2, restarts=1, queries=4, rounds=2, surrogates=("training", "ATan(alpha=6.0)"), step_counts=()
    ),
)
