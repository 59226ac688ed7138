"""Named spiking networks, built from SpikingJelly, and the wrapper that feeds them images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from spikingjelly.activation_based.model import sew_resnet, spiking_resnet, spiking_vgg
from torch import nn

from ccsrp.errors import OptionError

__all__ = [
    "NETWORKS",
    "DirectCoding",
    "FrameCoding",
    "build_network",
    "coded",
    "conv_stack",
    "lif",
]


class DirectCoding(nn.Module):
    """A spiking network seen as an image classifier.

    The image is presented unchanged at each of ``time_steps`` steps (direct coding), the logits are the
    mean of the outputs over time, and the neurons' state is reset before every forward pass.

    Parameters
    ----------
    network : nn.Module
        From ``[T, B, C, H, W]`` to ``[T, B, classes]``; put into multi-step mode here.
    time_steps : int
        T, at least 1.
    """

    def __init__(self, network: nn.Module, *, time_steps: int) -> None:
        super().__init__()
        if time_steps < 1:
            raise OptionError(f"time_steps must be at least 1, got {time_steps}")
        functional.set_step_mode(network, "m")
        self.network = network
        self.time_steps = time_steps

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images, float32 [B, C, H, W], to logits, float32 [B, classes]."""
        functional.reset_net(self.network)
        logits: torch.Tensor = self.network(self.sequence(images)).mean(0)
        return logits

    def sample_shape(self, image_shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Return the shape of one sample: an image."""
        return image_shape

    def sequence(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network is shown, [T, B, C, H, W]."""
        return images.unsqueeze(0).expand(self.time_steps, *images.shape)

    def around(self, network: nn.Module) -> Self:
        """Return another spiking network that is fed as this one is."""
        return type(self)(network, time_steps=self.time_steps)


class FrameCoding(DirectCoding):
    """A spiking network seen as a classifier of frames, one for each time step, such as those of events.

    A sample is [T, C, H, W] where an image is [C, H, W]; all else is as in ``DirectCoding``.
    """

    def sample_shape(self, image_shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Return the shape of one sample: frames that have ``image_shape`` each."""
        return (self.time_steps, *image_shape)

    def sequence(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network is shown: frames [B, T, C, H, W] as [T, B, C, H, W]."""
        if images.ndim != 5 or images.shape[1] != self.time_steps:
            raise OptionError(
                f"the network takes frames [B, {self.time_steps}, C, H, W], got {list(images.shape)}"
            )
        return images.transpose(0, 1)


def coded(network: nn.Module, *, image_shape: tuple[int, ...], time_steps: int | None = None) -> DirectCoding:
    """Feed a spiking network with samples of one shape.

    Parameters
    ----------
    network : nn.Module
        From ``[T, B, C, H, W]`` to ``[T, B, classes]``.
    image_shape : (C, H, W) or (T, C, H, W)
        Of one image, or of its frames.
    time_steps : int, optional
        T; by default 4, or as many as there are frames.

    Raises
    ------
    OptionError
        There are not as many frames as time steps.
    """
    if len(image_shape) != 4:
        return DirectCoding(network, time_steps=4 if time_steps is None else time_steps)
    if time_steps not in (None, image_shape[0]):
        raise OptionError(
            f"a sample has {image_shape[0]} frames, one for each time step, but time_steps is {time_steps}"
        )
    return FrameCoding(network, time_steps=image_shape[0])


def lif() -> neuron.LIFNode:
    """Build the neuron of all named networks: LIF, tau 2, hard reset to 0, surrogate ATan(alpha=2)."""
    return neuron.LIFNode(tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(), step_mode="m")


def conv_stack(
    *,
    filters: Sequence[int],
    pool_after: Sequence[int],
    image_shape: tuple[int, int, int],
    classes: int,
    stem_stride: int = 1,
) -> nn.Module:
    """Build a plain stack of layers (convolution, batch norm, LIF, perhaps max pool), then a linear one.

    Parameters
    ----------
    filters : sequence of int
        Filters of each 3x3 convolution (the first is 5x5 when ``stem_stride`` is above 1).
    pool_after : sequence of int
        Indices of the layers that a 2x2 max pool follows.
    image_shape : (C, H, W)
        Shape of one image.
    classes : int
        Outputs of the linear layer.
    stem_stride : int
        Stride of the first convolution.
    """
    channels, height, width = image_shape
    layers: list[nn.Module] = []
    for index, out in enumerate(filters):
        kernel, stride = (5, stem_stride) if index == 0 and stem_stride > 1 else (3, 1)
        layers += [
            layer.Conv2d(channels, out, kernel, stride=stride, padding=kernel // 2, bias=False),
            layer.BatchNorm2d(out),
            lif(),
        ]
        height, width = -(-height // stride), -(-width // stride)
        if index in pool_after:
            layers.append(layer.MaxPool2d(2))
            height, width = height // 2, width // 2
        channels = out
    layers += [layer.Flatten(), layer.Linear(channels * height * width, classes)]
    return _multi_step(nn.Sequential(*layers))


def digits_net() -> nn.Module:
    """Build the 80-filter network for 8x8 digits."""
    return conv_stack(filters=(16, 24, 40), pool_after=(1, 2), image_shape=(1, 8, 8), classes=10)


def fashion_net() -> nn.Module:
    """Build the 240-filter network for 28x28 grey images."""
    return conv_stack(
        filters=(32, 48, 64, 96), pool_after=(1, 3), image_shape=(1, 28, 28), classes=10, stem_stride=2
    )


def nmnist_net() -> nn.Module:
    """Build the 160-filter network for 34x34 frames of N-MNIST."""
    return conv_stack(filters=(32, 64, 64), pool_after=(0, 1, 2), image_shape=(2, 34, 34), classes=10)


def dvs_net(*, filters: Sequence[int], classes: int) -> nn.Module:
    """Build a network for 64x64 frames of an event camera, of two polarities."""
    return conv_stack(
        filters=filters, pool_after=range(len(filters)), image_shape=(2, 64, 64), classes=classes
    )


def vgg(build: Callable[..., nn.Module], *, classes: int = 10) -> nn.Module:
    """Build a SpikingJelly VGG for 32x32 images: no 7x7 pooling, one linear layer (512 to classes)."""
    network = build(spiking_neuron=lif_like, num_classes=classes)
    network.avgpool = layer.AdaptiveAvgPool2d((1, 1))
    network.classifier = nn.Sequential(layer.Linear(512, classes))
    return _multi_step(network)


def resnet(build: Callable[..., nn.Module], *, classes: int = 10, **options: str) -> nn.Module:
    """Build a SpikingJelly ResNet for 32x32 images: 3x3 stem of stride 1, no max pool."""
    network = build(spiking_neuron=lif_like, num_classes=classes, **options)
    network.conv1 = layer.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return _multi_step(network)


def lif_like(**_: object) -> neuron.LIFNode:
    """Build :func:`lif` for SpikingJelly's model builders, which hand their own options on."""
    return lif()


def _multi_step(network: nn.Module) -> nn.Module:
    functional.set_step_mode(network, "m")
    return network


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "digits": digits_net,
    "fashion": fashion_net,
    "nmnist": nmnist_net,
    "cifar10-dvs": lambda: dvs_net(filters=(64, 128, 256, 256), classes=10),
    "dvs128-gesture": lambda: dvs_net(filters=(32, 64, 128, 128), classes=11),
    "vgg11": lambda: vgg(spiking_vgg.spiking_vgg11_bn),
    "vgg16": lambda: vgg(spiking_vgg.spiking_vgg16_bn),
    "resnet18": lambda: resnet(spiking_resnet.spiking_resnet18),
    "sew_resnet18": lambda: resnet(sew_resnet.sew_resnet18, cnf="ADD"),
}


def build_network(name: str, *, seed: int = 0) -> nn.Module:
    """Build a named network with weights drawn from ``seed``; torch's global random state is kept.

    Raises
    ------
    OptionError
        No network has that name.
    """
    if name not in NETWORKS:
        raise OptionError(f"unknown network {name!r}; choose one of {', '.join(NETWORKS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name]()
