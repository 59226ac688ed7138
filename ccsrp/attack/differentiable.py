"""A network that brings its own gradients, as a module that torch differentiates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from ccsrp.attack.gradient import Classifier, GivesGradients, LossName
from ccsrp.attack.surrogate import backward_surrogate
from ccsrp.errors import OptionError

__all__ = ["DifferentiableNetwork", "GivesJacobianProducts", "as_module"]


@runtime_checkable
class GivesJacobianProducts(GivesGradients, Protocol):
    """A classifier that can send any gradient by its logits back to the images."""

    def vector_jacobian_product(
        self, images: torch.Tensor, cotangents: torch.Tensor, *, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [B, classes] and the gradient of ``(logits * cotangents).sum()`` by the images."""
        ...


class DifferentiableNetwork(nn.Module):
    """What attacks that are written for torch, such as those of torchattacks, can work on.

    The forward pass is the network's; the backward pass asks it for the product of the cotangents with
    its Jacobian, which runs it forwards once more. It is differentiable once, on the CPU.

    Parameters
    ----------
    network : GivesJacobianProducts
        Such as a ``CompiledNetwork``.
    surrogate : str
        Spike derivative that the attacker sees, such as ``"ATan(alpha=6.0)"``, or ``"training"`` for each
        neuron's own.
    """

    def __init__(self, network: GivesJacobianProducts, *, surrogate: str) -> None:
        super().__init__()
        self.network = network
        self.surrogate = surrogate
        # torchattacks takes the device from the first parameter.
        self.device_marker = nn.Parameter(torch.empty(0), requires_grad=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images, [B, C, H, W], to logits, float32 [B, classes]."""
        if images.ndim != 4:
            raise ValueError(f"a network takes images [B, C, H, W], got {list(images.shape)}")
        logits: torch.Tensor = _Run.apply(images.float(), self.network, self.surrogate)
        return logits

    def loss_gradient(
        self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the network says: see ``GivesGradients``."""
        return self.network.loss_gradient(images, labels, loss=loss, surrogate=surrogate)


class _Run(torch.autograd.Function):
    """Forwards by the network, backwards by its product with the Jacobian."""

    @staticmethod
    def forward(
        ctx: Any, images: torch.Tensor, network: GivesJacobianProducts, surrogate: str
    ) -> torch.Tensor:
        ctx.save_for_backward(images)
        ctx.network, ctx.surrogate = network, surrogate
        return network(images)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (images,) = ctx.saved_tensors
        _, gradient = ctx.network.vector_jacobian_product(images, gradients[0], surrogate=ctx.surrogate)
        return gradient, None, None


@contextmanager
def as_module(network: Classifier, surrogate: str) -> Iterator[nn.Module]:
    """Yield ``network`` as a module that torch differentiates with the named spike derivative.

    Raises
    ------
    OptionError
        It is neither an ``nn.Module`` nor gives products with its Jacobian.
    """
    if isinstance(network, GivesJacobianProducts):
        yield DifferentiableNetwork(network, surrogate=surrogate)
    elif isinstance(network, nn.Module):
        with backward_surrogate(network, surrogate):
            yield network
    else:
        raise OptionError(f"{type(network).__name__} gives no gradients; pass an nn.Module")
