"""One network of every family that can be pruned, small enough for a test, and its image shape."""

from __future__ import annotations

from collections.abc import Callable

import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.model import sew_resnet, spiking_resnet, spiking_vgg
from torch import nn

from ccsrp.snn.networks import build_network, conv_stack, lif_like, resnet, vgg
from tests.conftest import make_lively

SMALL, COLOUR = (1, 8, 8), (3, 32, 32)


def with_average_pool_and_bias() -> nn.Module:
    """A stack as SpikingJelly's tutorials write it: biases, average pooling, two linear layers."""
    return nn.Sequential(
        layer.Conv2d(1, 6, 3, padding=1),
        neuron.IFNode(),
        layer.AvgPool2d(2),
        layer.Conv2d(6, 8, 3, padding=1, stride=2),
        layer.BatchNorm2d(8),
        layer.Dropout(0.1),
        neuron.ParametricLIFNode(v_reset=None),
        layer.Flatten(),
        layer.Linear(8 * 2 * 2, 12),
        neuron.LIFNode(),
        layer.Linear(12, 10),
    )


def with_container() -> nn.Module:
    return nn.Sequential(
        layer.SeqToANNContainer(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6)),
        neuron.LIFNode(step_mode="m"),
        layer.SeqToANNContainer(nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8)),
        neuron.LIFNode(step_mode="m"),
        layer.SeqToANNContainer(nn.AdaptiveAvgPool2d(1)),
        layer.Flatten(),
        layer.Linear(8, 10),
    )


def with_stepwise_containers() -> nn.Module:
    """SpikingJelly's layers inside containers, where they stay in single-step mode; circular padding."""
    return nn.Sequential(
        layer.MultiStepContainer(layer.Conv2d(1, 6, 3, padding=1), layer.BatchNorm2d(6), neuron.LIFNode()),
        layer.SeqToANNContainer(
            nn.Sequential(layer.Conv2d(6, 8, 3, padding=1, padding_mode="circular"), layer.BatchNorm2d(8)),
            layer.MaxPool2d(2),
        ),
        neuron.LIFNode(step_mode="m"),
        layer.SeqToANNContainer(nn.Flatten(), nn.Linear(8 * 4 * 4, 10)),
    )


def with_temporal_norm() -> nn.Module:
    """A batch norm with a parameter for each time step beside those for each channel."""
    return nn.Sequential(
        layer.Conv2d(1, 6, 3, padding=1, bias=False),
        layer.TemporalEffectiveBatchNorm2d(2, 6),
        neuron.LIFNode(),
        layer.Conv2d(6, 8, 3, padding=1, bias=False),
        layer.BatchNorm2d(8),
        neuron.LIFNode(),
        layer.Flatten(),
        layer.Linear(8 * 8 * 8, 10),
    )


FAMILIES: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int]]] = {
    "conv stack": (lambda: build_network("digits"), SMALL),
    "strided stem": (
        lambda: conv_stack(filters=(4, 6), pool_after=(1,), image_shape=SMALL, classes=10, stem_stride=2),
        SMALL,
    ),
    "bias, average pool, IF and PLIF": (with_average_pool_and_bias, SMALL),
    "containers": (with_container, SMALL),
    "stepwise containers": (with_stepwise_containers, SMALL),
    "temporal batch norm": (with_temporal_norm, SMALL),
    "vgg11_bn, CIFAR head": (lambda: vgg(spiking_vgg.spiking_vgg11_bn), COLOUR),
    "resnet18, CIFAR stem": (lambda: resnet(spiking_resnet.spiking_resnet18), COLOUR),
    "resnet18 as it comes": (
        lambda: spiking_resnet.spiking_resnet18(spiking_neuron=lif_like, num_classes=10),
        COLOUR,
    ),
    "resnet50 (bottleneck)": (
        lambda: spiking_resnet.spiking_resnet50(spiking_neuron=lif_like, num_classes=10),
        COLOUR,
    ),
    "sew_resnet18, ADD": (lambda: resnet(sew_resnet.sew_resnet18, cnf="ADD"), COLOUR),
    "sew_resnet18, IAND": (lambda: resnet(sew_resnet.sew_resnet18, cnf="IAND"), COLOUR),
    "sew_resnet50, ADD": (
        lambda: sew_resnet.sew_resnet50(spiking_neuron=lif_like, num_classes=10, cnf="ADD"),
        COLOUR,
    ),
}


def build(family: str) -> tuple[nn.Module, tuple[int, int, int]]:
    builder, image_shape = FAMILIES[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = builder()
    functional.set_step_mode(network, "m")
    return make_lively(network), image_shape
