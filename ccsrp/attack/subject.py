"""The network under audit, and what an attack of an audit is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import nn

from ccsrp.attack.gradient import Classifier, GivesGradients

__all__ = ["AuditAttack", "Group", "Subject"]

# What the attacker knows, or what the attack is there for.
Group = Literal["search", "white box", "black box", "transfer", "steps"]


@dataclass(frozen=True)
class Subject:
    """The network under audit, and another whose adversarial images are tried on it.

    Parameters
    ----------
    network : nn.Module or GivesGradients
        From images [B, C, H, W] to logits [B, classes], in its fastest form.
    module : nn.Module, optional
        The same network of SpikingJelly's layers, by whose weights an interrupted audit knows it again.
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
        yield from (part for part in torch.split(chosen, together) if len(part))

    def rightly(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Tell which images of one batch the network classifies rightly, bool [N]."""
        with torch.no_grad():
            right: torch.Tensor = self.network(images).argmax(1) == labels
        return right


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
