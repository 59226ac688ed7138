"""Attacks of an audit that torchattacks brings: APGD and Square."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from ccsrp.attack.differentiable import GivesJacobianProducts, as_module
from ccsrp.attack.exact import exact
from ccsrp.attack.from_torchattacks import run_library_attack
from ccsrp.attack.gradient import GivesGradients
from ccsrp.attack.subject import Group, Subject
from ccsrp.attack.surrogate import TRAINING

__all__ = ["Apgd", "SquareSearch"]


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
            f"torchattacks APGD, L-infinity, eps {exact(self.eps)}, {self.steps} steps, its own step sizes, "
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
            f"torchattacks Square, L-infinity, eps {exact(self.eps)}, {self.queries} queries, margin loss, "
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

        return _survive_torchattacks(subject, make, TRAINING, self.eps, images, labels, right)


def _not_differentiable(subject: Subject) -> str | None:
    network = subject.network
    plain = isinstance(network, nn.Module) and not isinstance(network, GivesGradients)
    if plain or isinstance(network, GivesJacobianProducts):
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
    with as_module(subject.network, surrogate) as module:
        for part in subject.batches(subject.network, right.nonzero().flatten()):
            # It seeds torch's global generator, which is not ours to leave changed.
            with torch.random.fork_rng(devices=devices):
                made = run_library_attack(make, module, images[part], labels[part])
            inside = images[part] + (made - images[part]).clamp(-eps, eps)
            standing[part] = subject.rightly(inside.clamp(0, 1), labels[part])
    return standing
