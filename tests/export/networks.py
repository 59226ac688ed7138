"""Networks that are exported in tests."""

from __future__ import annotations

import numpy as np
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from tests.conftest import make_lively
from tests.snn.families import build

__all__ = ["Residual", "logits", "pruned", "small"]


def logits(network: nn.Module, image_shape: tuple[int, int, int], images: int = 2) -> torch.Tensor:
    shown = torch.rand(images, *image_shape, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        return network(shown)


def pruned(family: str, *, kept: float = 0.5) -> tuple[DirectCoding, tuple[int, int, int]]:
    """A network of a family with a share of its filters, at random."""
    network, image_shape = build(family)
    graph = trace_filters(network)
    mask = np.random.default_rng(1).random(graph.space.n_var) < kept
    for start in np.cumsum([0, *graph.space.sizes])[:-1]:
        mask[start] = True
    return DirectCoding(slim_network(network, graph, mask), time_steps=2).eval(), image_shape


def small(node: nn.Module) -> DirectCoding:
    """A network with one layer of neurons, for images of 6x6."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = nn.Sequential(
            layer.Conv2d(1, 4, 3), layer.BatchNorm2d(4), node, layer.Flatten(), layer.Linear(64, 3)
        )
    return DirectCoding(make_lively(network), time_steps=3).eval()


class Residual(nn.Module):
    """Two blocks, one that adds before its neurons fire and one that adds spikes; for images of 8x8."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(4)
            self.stem = nn.Sequential(
                layer.Conv2d(1, 6, 3, padding=1), layer.BatchNorm2d(6), neuron.LIFNode()
            )
            self.first = nn.Sequential(layer.Conv2d(6, 6, 3, padding=1, bias=False), layer.BatchNorm2d(6))
            self.fire = neuron.LIFNode(v_threshold=0.8)
            self.second = nn.Sequential(
                layer.Conv2d(6, 6, 3, padding=1), layer.BatchNorm2d(6), neuron.IFNode()
            )
            self.pool = layer.AdaptiveAvgPool2d((2, 2))
            self.classify = layer.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        out = self.first(x)
        out += x
        x = self.fire(out)
        return self.classify(torch.flatten(self.pool(self.second(x) + x), 2))
