"""What every pruning method gets, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np

from ccsrp.checks import check_count
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FloatArray

if TYPE_CHECKING:
    import torch

    from ccsrp.attack.custom import AnyAttack
    from ccsrp.evaluation.judge import Judgement
    from ccsrp.snn.cost import NetworkCosts
    from ccsrp.snn.networks import DirectCoding
    from ccsrp.snn.training import EpochReport, Trainer, TrainingSettings

__all__ = ["FineTuning", "Method", "PrunableProblem", "Pruned", "Task", "check_targets"]

# How a pruned network may be trained.
TRAININGS = ("distillation", "pgd-at")
# Settings of fine-tuning that make an attack of ours another one; one that a user brings stays as it is.
OF_THE_ATTACK = ("attack_steps", "attack_reach")


class PrunableProblem(SearchProblem, Protocol):
    """A problem with a real network behind its masks; ``problems.SpikingPruning`` is one."""

    attack: AnyAttack

    def images(self, split: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return float32 [N, C, H, W] in [0, 1] and int64 [N] of a split."""
        ...

    def network(self, mask: BoolArray | None = None) -> DirectCoding:
        """Build the network that a mask leaves, calibrated; by default the dense one."""
        ...

    def base_network(self) -> DirectCoding:
        """Copy the dense network with the statistics that it was trained with."""
        ...

    def cost(self, masks: BoolArray) -> FloatArray:
        """Return the share of the dense network's cost, [N, n_var] -> float64 [N], measured if need be."""
        ...

    def accuracy(self, masks: BoolArray) -> FloatArray:
        """Judge masks on clean images alone, bool [N, n_var] -> float64 [N]."""
        ...

    def network_costs(self, network: DirectCoding) -> NetworkCosts:
        """Measure what any network costs, on the validation images."""
        ...

    def dense_costs(self) -> NetworkCosts:
        """Return what counts as 1 of each cost, for masks as for any network: that of the dense one."""
        ...

    def rebased(self, network: DirectCoding, *, kept: BoolArray | None = None) -> Self:
        """Return the same problem on another network, with the filters ``kept`` of this one.

        Its costs are still shares of this one's.
        """
        ...

    def judge_network(
        self, network: DirectCoding, split: str = "validation", *, at_most: int | None = None
    ) -> Judgement:
        """Measure accuracy and robust accuracy of any network on the problem's images, or on others."""
        ...


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How networks are trained after (or while) they are pruned; the same for every method.

    By default the dense network teaches: under attack a pruned one is to say what the dense one says of the
    clean image. The box of training is larger than that of judgement, as its attack is short. Together they
    keep robustness under stronger attacks that training on labels loses (``experiments/finetuning``).

    Parameters
    ----------
    training : {"distillation", "pgd-at"}
        From the dense network, or from labels alone: see ``TrainingSettings``.
    epochs : int
        Passes over the images that a pruned network gets in all. A method that finds the form of its
        networks by training spends the first half on that, and trains the final form for the rest.
    images : int, optional
        Training images, the first of the split; by default all.
    batch_size : int
    learning_rate : float
        Peak of the schedule: see ``TrainingSettings``.
    attack_steps : int
        Gradient steps of the attack that is trained on; the rest of it is the problem's. Of no effect under
        a ``CustomAttack``, which is trained on as it is.
    attack_reach : float
        Its eps as a multiple of the problem's, above 0. Of no effect under a ``CustomAttack`` either.
    temperature : float
        Of distillation.
    """

    training: Literal["distillation", "pgd-at"] = "distillation"
    epochs: int = 10
    images: int | None = None
    batch_size: int = 64
    learning_rate: float = 3e-3
    attack_steps: int = 5
    attack_reach: float = 1.3
    temperature: float = 4.0

    def __post_init__(self) -> None:
        if self.training not in TRAININGS:
            raise OptionError(f"networks are fine-tuned by {' or '.join(TRAININGS)}, got {self.training!r}")
        if not 0 < self.attack_reach < math.inf:
            raise OptionError(
                f"attack_reach of fine-tuning must be above 0 and finite, got {self.attack_reach}"
            )
        for name in ("epochs", "attack_steps"):
            check_count(f"{name} of fine-tuning", getattr(self, name), most=1_000_000)
        if self.images is not None and self.images < 1:
            raise OptionError(f"fine-tuning needs at least 1 image, got {self.images}")
        self.settings(seed=0)

    def chosen(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return those of the train split that are trained on.

        Raises
        ------
        OptionError
            There are not as many.
        """
        if self.images is not None and self.images > len(labels):
            raise OptionError(
                f"fine-tuning on {self.images} images was asked for, but the train split has {len(labels)}"
            )
        return images[: self.images], labels[: self.images]

    def table(self, attack: AnyAttack) -> dict[str, Any]:
        """Return the settings that networks judged under ``attack`` are trained by, by name.

        Those that a ``CustomAttack`` does not heed are left out.
        """
        from ccsrp.attack.custom import CustomAttack

        unheeded = OF_THE_ATTACK if isinstance(attack, CustomAttack) else ()
        return {name: value for name, value in asdict(self).items() if name not in unheeded}

    @property
    def forming(self) -> int:
        """Epochs for finding the form, at least 1."""
        return max(1, self.epochs // 2)

    @property
    def finishing(self) -> int:
        """Epochs for the final form of a network whose form was found by training, at least 1."""
        return max(1, self.epochs - self.forming)

    def settings(self, *, seed: int, epochs: int | None = None) -> TrainingSettings:
        """Return the settings of one adversarial training."""
        from ccsrp.snn.training import TrainingSettings

        return TrainingSettings(
            method=self.training,
            temperature=self.temperature,
            epochs=self.epochs if epochs is None else epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=seed,
        )


@dataclass(frozen=True)
class Pruned:
    """A network that a method made for a cost target.

    Attributes
    ----------
    target : float
        Largest share of the dense network's cost that was allowed.
    network : DirectCoding
        Fine-tuned, in eval mode.
    mask : bool [n_var], or None
        The filters of the dense network that it kept; None where connections were pruned, not filters.
    evaluations : int
        Masks that were judged to find it.
    epochs : int
        Passes over the fine-tuning images that were spent on it.
    """

    target: float
    network: DirectCoding
    mask: BoolArray | None
    evaluations: int = 0
    epochs: int = 0


@dataclass(frozen=True)
class Task:
    """A network to prune, with all that a method may use: train and validation images, never test.

    Parameters
    ----------
    problem : PrunableProblem
    tuning : FineTuning
    budget : int
        Masks that a method which judges masks may judge.
    seed : int
    on_epoch : callable, optional
        Called after every epoch of any training.
    teacher : DirectCoding, optional
        Whom networks learn from where ``tuning`` distils; by default the problem's dense network.
    """

    problem: PrunableProblem
    tuning: FineTuning = field(default_factory=FineTuning)
    budget: int = 300
    seed: int = 0
    on_epoch: Callable[[EpochReport], None] | None = None
    teacher: DirectCoding | None = None

    def rng(self) -> np.random.Generator:
        """Return a fresh generator of this task's seed."""
        return np.random.default_rng(self.seed)

    def training_images(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the images to train on: float32 [N, C, H, W], int64 [N]."""
        return self.tuning.chosen(*self.problem.images("train"))

    @property
    def training_attack(self) -> AnyAttack:
        """The attack that is trained on."""
        return self.problem.attack.for_training(
            steps=self.tuning.attack_steps, seed=self.seed, reach=self.tuning.attack_reach
        )

    @cached_property
    def teacher_logits(self) -> torch.Tensor | None:
        """What the teacher says of each training image, float32 [N, n_classes]; None without distillation."""
        from ccsrp.snn.tuning import logits_of

        if self.tuning.training != "distillation":
            return None
        teacher = self.problem.base_network() if self.teacher is None else self.teacher
        return logits_of(teacher, self.training_images()[0], batch_size=self.tuning.batch_size)

    def finetuned(self, network: DirectCoding, *, epochs: int | None = None, part: int = 0) -> DirectCoding:
        """Return a trained copy of ``network``; ``part`` tells apart several trainings of one network."""
        from ccsrp.snn.tuning import finetuned

        return finetuned(
            network,
            *self.training_images(),
            attack=self.training_attack,
            settings=self.tuning.settings(seed=self._seed_of(part), epochs=epochs),
            teacher_logits=self.teacher_logits,
            on_epoch=self.on_epoch,
        )

    def _seed_of(self, part: int) -> int:
        return (self.seed + 1_000_003 * part) % 2**63  # what torch takes

    def trainer(
        self,
        network: DirectCoding,
        *,
        epochs: int | None = None,
        part: int = 0,
        learning_rate: float | None = None,
        mask: Callable[[], BoolArray] | None = None,
        parameters: Iterable[torch.nn.Parameter] | None = None,
    ) -> Trainer:
        """Prepare a training of ``network`` in place that finds what to prune.

        It takes ``tuning.forming`` epochs by default. See ``ccsrp.snn.tuning.trainer_for`` for ``mask`` and
        ``parameters``. Its ``optimizer`` takes torch's hooks before and after each step.
        """
        from ccsrp.snn.tuning import trainer_for

        epochs = self.tuning.forming if epochs is None else epochs
        settings = self.tuning.settings(seed=self._seed_of(part), epochs=epochs)
        if learning_rate is not None:
            settings = replace(settings, learning_rate=learning_rate)
        return trainer_for(
            network,
            *self.training_images(),
            attack=self.training_attack,
            settings=settings,
            mask=mask,
            parameters=parameters,
            teacher_logits=self.teacher_logits,
        )

    def train(self, trainer: Trainer) -> None:
        """Run all epochs of a training, and tell of them."""
        trainer.run(self.on_epoch)

    def pruned(self, mask: BoolArray, target: float, *, formed: bool = False) -> Pruned:
        """Build and fine-tune what ``mask`` leaves; ``formed`` if half of the epochs went into finding it."""
        before, epochs = (self.tuning.forming, self.tuning.finishing) if formed else (0, self.tuning.epochs)
        network = self.finetuned(self.problem.network(mask), epochs=epochs)
        return Pruned(target, network, mask, epochs=before + epochs)


class Method(Protocol):
    """Prunes a task's network to each of several cost targets, in the order given."""

    def __call__(self, task: Task, targets: Sequence[float]) -> Iterator[Pruned]:
        """Yield one network a target.

        Raises
        ------
        OptionError
            A target that this network cannot reach.
        """
        ...


def check_targets(targets: Sequence[float]) -> None:
    """See that targets are shares of the dense cost.

    Raises
    ------
    OptionError
    """
    if not targets:
        raise OptionError("at least one cost target is needed, such as 0.5")
    for target in targets:
        if not 0 < target <= 1:
            raise OptionError(f"a cost target is a share of the dense network's cost in (0, 1], got {target}")
