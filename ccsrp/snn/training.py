"""Standard and adversarial training, resumable after every epoch.

An epoch depends on its number and the seed alone, so a training that was cut off and resumed gives the
weights of one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F

from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.gradient import Classifier
from ccsrp.attack.pgd import perturb, random_start
from ccsrp.checks import check_count, check_seed
from ccsrp.errors import OptionError

__all__ = ["EpochReport", "Trainer", "TrainingSettings"]

METHODS = ("standard", "pgd-at", "trades", "distillation")
# What AdamW remembers of each parameter.
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How to train.

    Parameters
    ----------
    method : {"standard", "pgd-at", "trades", "distillation"}
        Clean images only; on attacked images (Madry et al., arXiv 1706.06083); clean loss plus
        ``trades_beta`` times the divergence from clean to attacked outputs (Zhang et al., arXiv 1901.08573);
        or on attacked images towards what a teacher says of the clean ones (Goldblum et al., arXiv
        1905.09747; Zi et al., arXiv 2108.07969).
    epochs, batch_size : int
    learning_rate : float
        Peak; reached after a tenth of the steps, then falling to 0 as a cosine (AdamW).
    weight_decay : float
    trades_beta : float
    temperature : float
        Of distillation: logits of teacher and network are divided by it, above 0.
    seed : int
        Fixes the order of the images, the random starts and dropout.
    """

    method: Literal["standard", "pgd-at", "trades", "distillation"] = "pgd-at"
    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    trades_beta: float = 6.0
    temperature: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OptionError(f"unknown training method {self.method!r}; choose one of {', '.join(METHODS)}")
        for key in ("epochs", "batch_size", "learning_rate", "temperature"):
            if not 0 < getattr(self, key) < math.inf:
                raise OptionError(f"{key} must be above 0 and finite, got {getattr(self, key)}")
        check_count(
            "learning_rate", self.learning_rate, least=0, most=100
        )  # beyond, weights overflow at once
        for key in ("epochs", "batch_size"):
            check_count(key, getattr(self, key), most=1_000_000)
        check_seed(self.seed)


@dataclass(frozen=True)
class EpochReport:
    """One row of the training curve; accuracy is that of the training batches as they were shown."""

    epoch: int
    loss: float
    accuracy: float
    learning_rate: float

    def row(self) -> dict[str, float]:
        """Return the columns of the curve."""
        return asdict(self)


class Trainer:
    """Trains a network in place, one epoch a call.

    Parameters
    ----------
    network : nn.Module
        From images ``[B, C, H, W]`` to logits; resets its own state.
    images, labels : float32 [N, C, H, W] in [0, 1], int64 [N]
    attack : Attack or CustomAttack, optional
        Needed by all methods but ``standard``; its seed is replaced anew for every batch.
    settings : TrainingSettings
    attacked : callable, optional
        Returns what is attacked in place of ``network``: the same network in eval mode with the weights
        of that moment, in a faster form.
    parameters : iterable of nn.Parameter, optional
        What is trained; by default all that ``network`` has.
    teacher_logits : float32 [N, n_classes], optional
        What the teacher of ``distillation`` says of each clean image.
    """

    def __init__(
        self,
        network: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        attack: AnyAttack | None,
        settings: TrainingSettings,
        attacked: Callable[[], Classifier] | None = None,
        parameters: Iterable[nn.Parameter] | None = None,
        teacher_logits: torch.Tensor | None = None,
    ) -> None:
        if settings.method != "standard" and attack is None:
            raise OptionError(f"training method {settings.method!r} needs an attack")
        if settings.method == "distillation" and (
            teacher_logits is None or len(teacher_logits) != len(labels)
        ):
            raise OptionError(
                "training method 'distillation' needs a teacher's logits for each of the images; train "
                "without a teacher by 'pgd-at'"
            )
        self.network = network
        self.images = images
        self.labels = labels
        self.attack = attack
        self.settings = settings
        self.epoch = 0
        self._teacher_logits = None if teacher_logits is None else teacher_logits.to(images.device)
        self._attacked = attacked or (lambda: network)
        self.optimizer = torch.optim.AdamW(
            network.parameters() if parameters is None else parameters,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.batches = math.ceil(len(labels) / settings.batch_size)

    def run_epoch(self, on_batch: Callable[[int, int], None] | None = None) -> EpochReport:
        """Train one epoch; ``on_batch(done, total)`` is called after every batch."""
        settings = self.settings
        seed = (settings.seed * 100_003 + self.epoch) % 2**63  # what torch takes
        order = torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed))
        loss_sum, right = 0.0, 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # dropout
            for index, chosen in enumerate(torch.split(order, settings.batch_size)):
                rate = self._set_learning_rate(self.epoch * self.batches + index)
                labels = self.labels[chosen]
                loss, logits = self._loss(chosen, (seed * 1_000_003 + index) % 2**63)
                self.optimizer.zero_grad()
                if not math.isfinite(float(loss.detach())):
                    raise OptionError(
                        f"training diverged in epoch {self.epoch + 1} (loss {float(loss.detach())}); "
                        f"use a lower learning rate than {settings.learning_rate}"
                    )
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                loss_sum += float(loss.detach()) * len(labels)
                right += int((logits.argmax(1) == labels).sum())
                if on_batch is not None:
                    on_batch(index + 1, self.batches)
        self.network.eval()
        self.epoch += 1
        count = len(self.labels)
        return EpochReport(
            epoch=self.epoch, loss=loss_sum / count, accuracy=right / count, learning_rate=rate
        )

    def run(self, on_epoch: Callable[[EpochReport], None] | None = None) -> None:
        """Train all epochs that are left."""
        while self.epoch < self.settings.epochs:
            report = self.run_epoch()
            if on_epoch is not None:
                on_epoch(report)

    def _loss(self, chosen: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = self.images[chosen], self.labels[chosen]
        if self.attack is None or self.settings.method == "standard":
            logits = self.network.train()(images)
            return F.cross_entropy(logits, labels), logits.detach()
        # Batch statistics must not see the attack's own passes.
        self.network.eval()
        attack = replace(self.attack, seed=seed)
        attacked = perturb(self._attacked(), images, labels, random_start(images, attack), attack)
        logits = self.network.train()(attacked)
        if self.settings.method == "pgd-at":
            return F.cross_entropy(logits, labels), logits.detach()
        if self._teacher_logits is not None and self.settings.method == "distillation":
            heat = self.settings.temperature
            towards = self._teacher_logits[chosen]
            # Gradients shrink with the square of the temperature (Hinton et al., arXiv 1503.02531).
            return heat**2 * _divergence(logits / heat, towards / heat), logits.detach()
        clean = self.network(images)
        divergence = _divergence(logits, clean)
        return F.cross_entropy(clean, labels) + self.settings.trades_beta * divergence, logits.detach()

    def _set_learning_rate(self, step: int) -> float:
        total = self.settings.epochs * self.batches
        warm = max(1, total // 10)
        share = (
            (step + 1) / warm
            if step < warm
            else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
        )
        rate = self.settings.learning_rate * share
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def state(self) -> dict[str, torch.Tensor]:
        """Return everything that the next epoch depends on, as named tensors."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
        tensors["epoch"] = torch.tensor(self.epoch)
        return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}

    def expected_state(self) -> dict[str, torch.Tensor]:
        """Return tensors of the names, shapes and kinds that ``state`` may return, without memory."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for index, parameter in enumerate(self.optimizer.param_groups[0]["params"]):
            tensors |= {f"optimizer.{index}.{key}": parameter for key in MOMENTS[1:]}
            tensors[f"optimizer.{index}.step"] = torch.tensor(0.0)
        tensors["epoch"] = torch.tensor(0)
        return {name: tensor.detach().to("meta") for name, tensor in tensors.items()}

    def _check_state(self, tensors: dict[str, torch.Tensor]) -> None:
        expected = self.expected_state()
        missing = [name for name in expected if name not in tensors and not name.startswith("optimizer.")]
        # A parameter that had no gradient yet has no moments.
        begun = {name.rsplit(".", 1)[0] for name in tensors if name.startswith("optimizer.")}
        missing += [f"{name}.{key}" for name in begun for key in MOMENTS if f"{name}.{key}" not in tensors]
        if missing:
            raise ValueError(f"{missing[0]!r} is missing")
        for name, tensor in tensors.items():
            like = expected.get(name)
            if like is None or (tensor.shape, tensor.dtype) != (like.shape, like.dtype):
                raise ValueError(f"{name!r} is of another training")
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{name!r} is not finite")
            if name.endswith((".step", ".exp_avg_sq", "running_var", "epoch")) and bool((tensor < 0).any()):
                raise ValueError(f"{name!r} is below 0")
        if int(tensors["epoch"]) > self.settings.epochs:
            raise ValueError("it has had more epochs than this training has")

    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Continue from what ``state`` returned.

        Raises
        ------
        ValueError
            It is the state of another training, or damaged; this one is then as it was.
        """
        self._check_state(tensors)
        self.network.load_state_dict(
            {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
        )
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                moments.setdefault(int(index), {})[key] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.epoch = int(tensors["epoch"])


def _divergence(logits: torch.Tensor, towards: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of the classes that ``logits`` say from those of ``towards``, a mean."""
    return F.kl_div(F.log_softmax(logits, 1), F.softmax(towards, 1), reduction="batchmean")
