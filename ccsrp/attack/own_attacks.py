"""Attacks of an audit that are PGD: that of the search, restarts under any surrogate, transfer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from ccsrp.attack.custom import AnyAttack, CustomAttack
from ccsrp.attack.description import StrongAttack
from ccsrp.attack.pgd import Attack, perturb, random_start, robust_images
from ccsrp.attack.subject import Group, Subject

__all__ = ["Pgd", "Rounds", "SearchTime", "Transfer"]


@dataclass(frozen=True)
class SearchTime:
    """The attack that a search judged by, counted as the search counts it."""

    attack: AnyAttack
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
        if isinstance(self.attack, CustomAttack):
            return _survive_custom(subject, images, labels, right, self.attack)
        return _survive_pgd(subject, images, labels, right, self.attack)


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
        """Tell that it can always be run."""
        return None

    def survivors(
        self, subject: Subject, images: torch.Tensor, labels: torch.Tensor, right: torch.Tensor
    ) -> torch.Tensor:
        """Tell which images survive all starts."""
        standing = right
        for number in range(self.restarts):
            attack = replace(self.attack, seed=self.attack.seed + number)
            standing = standing & _survive_pgd(subject, images, labels, standing, attack)
        return standing


@dataclass(frozen=True)
class Rounds(SearchTime):
    """The strong attack: rounds of PGD from where an image came closest to being fooled."""

    attack: StrongAttack
    name: ClassVar[str] = "PGD in rounds"
    group: ClassVar[Group] = "white box"


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
            standing[part] = subject.rightly(made, labels[part])
        return standing


def _survive_pgd(
    subject: Subject,
    images: torch.Tensor,
    labels: torch.Tensor,
    right: torch.Tensor,
    attack: Attack,
) -> torch.Tensor:
    start, standing = random_start(images, attack), torch.zeros_like(right)
    chosen = right if attack.every_iterate else torch.ones_like(right)
    for part in subject.batches(subject.network, chosen.nonzero().flatten()):
        standing[part] = robust_images(
            subject.network, images[part], labels[part], start[part], attack, right=right[part]
        )
    return standing


def _survive_custom(
    subject: Subject,
    images: torch.Tensor,
    labels: torch.Tensor,
    right: torch.Tensor,
    attack: CustomAttack,
) -> torch.Tensor:
    """Attack all images in the batches in which a search does, which decide what the attack draws."""
    standing = torch.zeros_like(right)
    for part in torch.split(torch.arange(len(labels), device=labels.device), subject.batch_size):
        standing[part] = robust_images(
            subject.network, images[part], labels[part], images[part], attack, right=right[part]
        )
    return standing
