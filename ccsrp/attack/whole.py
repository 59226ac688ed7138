"""Networks that run a whole PGD attack themselves, faster than step by step."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, runtime_checkable

import torch

from ccsrp.attack.description import Attack

__all__ = ["Judged", "RunsAttacks"]

# Which iterates may lose an image: none is judged, the last alone, or every one.
Judged: TypeAlias = Literal["none", "last", "every"]


@runtime_checkable
class RunsAttacks(Protocol):
    """A classifier that runs PGD itself; what it answers means what ``attack.pgd`` says step by step."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map images, float32 [B, C, H, W], to logits, float32 [B, classes]."""
        ...

    def run_attack(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        start: torch.Tensor,
        attack: Attack,
        *,
        judged: Judged,
        enough: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attack images in their order, on the CPU.

        Parameters
        ----------
        images, labels, start : float32 [N, C, H, W], int64 [N], float32 [N, C, H, W]
        attack : Attack
        judged : {"none", "last", "every"}
            An image is lost, and attacked no further, at the first of these iterates that is classified
            wrongly.
        enough : int, optional
            Stop when so many images are lost, at least 1. Which of the later ones were attacked as well is
            left to chance.

        Returns
        -------
        points : float32 [N, C, H, W]
            Where each attack ended.
        lost_at : int64 [N]
            Number of the iterate that lost the image, 0 being ``start``; ``steps + 1`` where none did; -1
            where it was not attacked.
        """
        ...
