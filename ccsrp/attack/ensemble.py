"""The attacks of an audit; each says what it is and which images survive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import nn

from ccsrp.attack.differentiable import DifferentiableNetwork, GivesJacobianProducts
from ccsrp.attack.gradient import Classifier, GivesGradients
from ccsrp.attack.pgd import Attack, perturb, random_start, robust_images
from ccsrp.attack.surrogate import RATE, backward_surrogate

__all__ = ["Apgd", "AuditAttack", "Pgd", "SearchTime", "SquareSearch", "Subject", "Transfer"]

Group = Literal["search", "white box", "black box", "transfer", "steps"]


@dataclass(frozen=True)
class Subject:
    """The network under audit, in all forms that there are.

    Parameters
    ----------
    network : nn.Module or GivesGradients
        From images [B, C, H, W] to logits [B, classes], in its fastest form.
    module : nn.Module, optional
        The same network of SpikingJelly's layers, for attacks that need them.
    source : nn.Module or GivesGradients, optional
        Another network, such as the dense one, whose adversarial images are tried on this one.
    batch_size : int
        Images that a module of torch layers takes at once; others take all.
    """

    network: Classifier
    module: nn.Module | None = None
    source: Classifier | None = None
    batch_size: int = 128

    def batches(self, network: Classifier, chosen: torch.Tensor) -> Iterator[torch.Tensor]:
        """Cut places of images, int64 [n], into what ``network`` takes at once."""
        together = max(1, len(chosen)) if isinstance(network, GivesGradients) else self.batch_size
        yield from (part for part in chosen.split(together) if len(part))


class AuditAttack(Protocol):
    """One attack of an audit."""

    @property
    def name(self) -> str:
        """Short and unique in an ensemble."""
        ...

    @property
    def group(self) -> Group:
        """What the attacker knows, or what the attack is there for."""
        ...

    def describe(self) -> str:
        """Say all that its figure must be read with, in one line."""
        ...

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Say why it cannot be run, if so."""
        ...

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive, bool [N]; ``right`` are those that are right when clean."""
        ...


@dataclass(frozen=True)
class SearchTime:
    """The attack that a search judged by, counted as the search counts it."""

    attack: Attack
    name: ClassVar[str] = "search-time attack"
    group: ClassVar[Group] = "search"

    def describe(self) -> str:
        """Describe the attack."""
        return self.attack.describe()

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Tell that it can always be run."""
        return None

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive; where the last iterate decides, the clean image has no say."""
        return _survive_pgd(subject, subject.network, images, labels, right, self.attack)


@dataclass(frozen=True, kw_only=True)
class Pgd:
    """PGD from several random starts; an image must survive every start.

    Parameters
    ----------
    attack : Attack
        Of the first start; the next has the next seed.
    restarts : int
        Random starts, at least 1.
    """

    attack: Attack
    restarts: int
    group: Group = "white box"

    @property
    def name(self) -> str:
        """Loss and surrogate, and the steps where they are what is studied."""
        text = f"PGD {self.attack.loss.replace('_', '-')} {self.attack.surrogate}"
        return f"{text} {self.attack.steps} steps" if self.group == "steps" else text

    def describe(self) -> str:
        """Describe the attack and its starts."""
        return f"{self.attack.describe()}, {self.restarts} random starts"

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Say that rates need SpikingJelly's layers."""
        if _form(subject, self.attack.surrogate) is None:
            return "the network is not given in SpikingJelly's layers, which rate gradients need"
        return None

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive all starts."""
        standing = right
        network = _form(subject, self.attack.surrogate)
        assert network is not None
        for number in range(self.restarts):
            attack = replace(self.attack, seed=self.attack.seed + number)
            standing = standing & _survive_pgd(subject, network, images, labels, standing, attack)
        return standing


@dataclass(frozen=True, kw_only=True)
class Apgd:
    """Auto-PGD, which sets its own step sizes (Croce and Hein, arXiv 2003.01690), by torchattacks."""

    eps: float
    steps: int
    loss: Literal["ce", "dlr"]
    surrogate: str
    seed: int
    group: ClassVar[Group] = "white box"

    @property
    def name(self) -> str:
        """Loss and surrogate."""
        return f"APGD {self.loss} {self.surrogate}"

    def describe(self) -> str:
        """Describe the attack."""
        return (
            f"torchattacks APGD, L-infinity, eps {self.eps:.4g}, {self.steps} steps, its own step sizes, "
            f"{self.loss} loss, surrogate {self.surrogate}, every iterate, seed {self.seed}"
        )

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Say that the DLR loss compares the best logit with the third."""
        if self.loss == "dlr" and classes < 3:
            return f"the DLR loss needs 3 classes, the network has {classes}"
        return _not_differentiable(subject)

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive; the random start depends on the batch that an image is in."""
        import torchattacks

        def make(module: nn.Module) -> Any:
            return torchattacks.APGD(
                module, norm="Linf", eps=self.eps, steps=self.steps, loss=self.loss, seed=self.seed
            )

        return _survive_torchattacks(subject, make, self.surrogate, self.eps, images, labels, right)


@dataclass(frozen=True, kw_only=True)
class SquareSearch:
    """Square (Andriushchenko et al., arXiv 1912.00049), which sees logits alone, by torchattacks."""

    eps: float
    queries: int
    seed: int
    name: ClassVar[str] = "Square"
    group: ClassVar[Group] = "black box"

    def describe(self) -> str:
        """Describe the attack."""
        return (
            f"torchattacks Square, L-infinity, eps {self.eps:.4g}, {self.queries} queries, margin loss, "
            f"no surrogate, seed {self.seed}"
        )

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Say that torchattacks takes modules."""
        return _not_differentiable(subject)

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive; which squares are tried depends on the batch that an image is in."""
        import torchattacks

        def make(module: nn.Module) -> Any:
            return torchattacks.Square(
                module, norm="Linf", eps=self.eps, n_queries=self.queries, seed=self.seed
            )

        return _survive_torchattacks(subject, make, "training", self.eps, images, labels, right)


@dataclass(frozen=True)
class Transfer:
    """Adversarial images of the source network, the last iterates, tried on this one."""

    attack: Attack
    group: ClassVar[Group] = "transfer"

    @property
    def name(self) -> str:
        """Loss and surrogate."""
        return f"transfer {self.attack.loss.replace('_', '-')} {self.attack.surrogate}"

    def describe(self) -> str:
        """Describe the attack."""
        return f"{replace(self.attack, every_iterate=False).describe()}, made on the dense network"

    def missing(self, subject: Subject, classes: int) -> str | None:
        """Say that there is no other network."""
        return "there is no other network to transfer from" if subject.source is None else None

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive."""
        source, start, standing = subject.source, random_start(images, self.attack), right.clone()
        assert source is not None
        for part in subject.batches(source, right.nonzero().flatten()):
            made = perturb(source, images[part], labels[part], start[part], self.attack)
            standing[part] = _rightly(subject.network, made, labels[part])
        return standing


def _form(subject: Subject, surrogate: str) -> Classifier | None:
    """Choose the form of the network that has gradients under ``surrogate``."""
    if surrogate != RATE:
        return subject.network
    if subject.module is not None:
        return subject.module
    return None if isinstance(subject.network, GivesGradients) else subject.network


def _survive_pgd(
    subject: Subject,
    network: Classifier,
    images: torch.Tensor,
    labels: torch.Tensor,
    right: torch.Tensor,
    attack: Attack,
) -> torch.Tensor:
    start, standing = random_start(images, attack), torch.zeros_like(right)
    chosen = right if attack.every_iterate else torch.ones_like(right)
    for part in subject.batches(network, chosen.nonzero().flatten()):
        standing[part] = robust_images(
            network, images[part], labels[part], start[part], attack, right=right[part]
        )
    return standing


def _not_differentiable(subject: Subject) -> str | None:
    if isinstance(subject.network, (nn.Module, GivesJacobianProducts)):
        return None
    return "torchattacks takes an nn.Module or what gives products with its Jacobian"


def _survive_torchattacks(
    subject: Subject,
    make: Callable[[nn.Module], Any],
    surrogate: str,
    eps: float,
    images: torch.Tensor,
    labels: torch.Tensor,
    right: torch.Tensor,
) -> torch.Tensor:
    standing = right.clone()
    devices = [] if images.device.type == "cpu" else [images.device]
    with _as_module(subject.network, surrogate) as module:
        for part in subject.batches(subject.network, right.nonzero().flatten()):
            # It seeds torch's global generator, which is not ours to leave changed.
            with torch.random.fork_rng(devices=devices):
                made = make(module)(images[part], labels[part])
            inside = images[part] + (made - images[part]).clamp(-eps, eps)
            standing[part] = _rightly(subject.network, inside.clamp(0, 1), labels[part])
    return standing


@contextmanager
def _as_module(network: Classifier, surrogate: str) -> Iterator[nn.Module]:
    if isinstance(network, GivesJacobianProducts):
        yield DifferentiableNetwork(network, surrogate=surrogate)
    else:
        assert isinstance(network, nn.Module)
        with backward_surrogate(network, surrogate):
            yield network


def _rightly(network: Classifier, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        unfooled: torch.Tensor = network(images).argmax(1) == labels
    return unfooled
