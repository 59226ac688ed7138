"""How far two forms of a network agree on images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["CLOSE", "Agreement", "compare", "logits_of"]

Network = Callable[[torch.Tensor], torch.Tensor]

# Logits that differ by less differ by rounding; where they differ by more, a neuron's potential fell on the
# other side of its threshold.
CLOSE = 1e-4


@dataclass(frozen=True)
class Agreement:
    """What two networks' logits have in common.

    Attributes
    ----------
    images : int
    same_class : float
        Share of images of which both say the same class.
    close : float
        Share of images whose logits differ by ``CLOSE`` at most.
    identical : bool
        All logits are equal to the last bit.
    """

    images: int
    same_class: float
    close: float
    identical: bool

    def describe(self) -> str:
        """Say it in one line.

        >>> Agreement(images=300, same_class=1.0, close=0.99, identical=False).describe()
        'the same class on 100.0 % of 300 images, logits equal to 0.0001 on 99.0 %'
        """
        if self.identical:
            return f"logits equal to the last bit on {self.images} images"
        return (
            f"the same class on {100 * self.same_class:.1f} % of {self.images} images, logits equal to "
            f"{CLOSE:g} on {100 * self.close:.1f} %"
        )


def logits_of(network: Network, images: torch.Tensor, *, batch_size: int = 64) -> torch.Tensor:
    """Show a network all images, float32 [N, C, H, W] -> float32 [N, classes]."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch in torch.split(images, batch_size)])


def compare(logits: torch.Tensor, others: torch.Tensor) -> Agreement:
    """Compare the logits of two networks on the same images, float32 [N, classes] each.

    >>> compare(torch.eye(2), torch.eye(2).flip(0)).same_class
    0.0
    """
    apart = (logits - others).abs().amax(1)
    return Agreement(
        images=len(logits),
        same_class=float((logits.argmax(1) == others.argmax(1)).float().mean()),
        close=float((apart <= CLOSE).float().mean()),
        identical=torch.equal(logits, others),
    )
