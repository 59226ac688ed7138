"""How an attacker gets the gradient of a loss by the image, from any network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import nn
from torch.nn import functional as F

from ccsrp.attack.surrogate import backward_surrogate
from ccsrp.errors import OptionError

__all__ = ["Classifier", "GivesGradients", "Gradient", "LossName", "gradient_of", "margin_loss"]

LossName = Literal["cross_entropy", "margin"]
# Images [B, C, H, W] to logits [B, classes]; it resets its own state.
Classifier = Callable[[torch.Tensor], torch.Tensor]
# (images, labels) -> logits [B, classes], gradient of the loss by the images [B, C, H, W].
Gradient = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@runtime_checkable
class GivesGradients(Protocol):
    """A classifier that computes input gradients by other means than torch's."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map images, float32 [B, C, H, W], to logits, float32 [B, classes]."""
        ...

    def loss_gradient(
        self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits and each image's gradient, of a positive multiple of its own loss."""
        ...


@contextmanager
def gradient_of(network: Classifier, *, loss: LossName, surrogate: str) -> Iterator[Gradient]:
    """Yield the function that gives logits and gradients of ``network``.

    Parameters
    ----------
    network : nn.Module or GivesGradients
    loss : {"cross_entropy", "margin"}
    surrogate : str
        In force inside the ``with`` block; ``"training"`` leaves each neuron its own.
    """
    # A module may bring its own gradients too: there are no neurons in it to give another surrogate.
    if isinstance(network, GivesGradients):
        yield partial(network.loss_gradient, loss=loss, surrogate=surrogate)
    elif isinstance(network, nn.Module):
        with backward_surrogate(network, surrogate):
            yield partial(_torch_gradient, network, _LOSSES[loss])
    else:
        raise OptionError(f"{type(network).__name__} gives no gradients; pass an nn.Module")


def _torch_gradient(
    network: nn.Module,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    images: torch.Tensor,
    labels: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = images.detach().requires_grad_(True)
    with torch.enable_grad():
        logits = network(leaf)
        value = loss(logits, labels)
    (gradient,) = torch.autograd.grad(value, leaf, allow_unused=True)
    if gradient is None:
        raise OptionError("no gradient reaches the image, so no attack can judge this network's robustness")
    return logits.detach(), gradient


def margin_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the best wrong logit minus the right one of each image, [B]; above 0, the image is fooled."""
    right = logits.gather(1, labels[:, None])[:, 0]
    wrong = logits.scatter(1, labels[:, None], -torch.inf).amax(1)
    return wrong - right


_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    # The mean, as torchattacks takes it: the same rounding, hence the same signs.
    "cross_entropy": F.cross_entropy,
    "margin": lambda logits, labels: margin_loss(logits, labels).sum(),
}
