"""A mask made real: the slim network against the full one with the removed filters' spikes silenced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.model import spiking_vgg
from torch import nn

from ccsrp.errors import MaskError
from ccsrp.snn.graph import PruningGraph, trace_filters
from ccsrp.snn.networks import build_network, lif_like
from ccsrp.snn.slim import slim_network
from ccsrp.space import BoolArray
from tests.conftest import make_lively
from tests.snn.families import FAMILIES, build


@contextmanager
def silenced(network: nn.Module, graph: PruningGraph, mask: BoolArray) -> Iterator[None]:
    """Force the spikes of removed filters to zero, right after their neurons."""
    handles = []
    for item, part in zip(graph.layers, graph.space.split(mask), strict=True):
        kept = torch.from_numpy(part.astype(np.float32)).view(
            -1, 1, 1
        )  # the last axes are channel, row, column
        for name in item.neurons:
            module = network.get_submodule(name)
            handles.append(module.register_forward_hook(lambda m, a, out, kept=kept: out * kept))
    yield
    for handle in handles:
        handle.remove()


def run(network: nn.Module, sequence: torch.Tensor) -> torch.Tensor:
    functional.reset_net(network)
    with torch.no_grad():
        return network(sequence)


@pytest.mark.parametrize("family", FAMILIES)
def test_slim_equals_full_with_removed_spikes_silenced(family: str, rng: np.random.Generator) -> None:
    network, image_shape = build(family)
    graph = trace_filters(network)
    sequence = torch.rand(2, 2, *image_shape, generator=torch.Generator().manual_seed(1))
    dense = run(network, sequence)
    assert dense.std() > 0, "the network is silent; the comparison would show nothing"
    for keep in (0.9, 0.5, 0.1):
        mask = graph.space.random(1, keep=keep, rng=rng)[0]
        with silenced(network, graph, mask):
            expected = run(network, sequence)
        slim = slim_network(network, graph, mask)
        torch.testing.assert_close(run(slim, sequence), expected, rtol=1e-5, atol=1e-5)
        assert sum(p.numel() for p in slim.parameters()) < sum(p.numel() for p in network.parameters())
    assert torch.equal(run(network, sequence), dense), "the full network was changed"


def test_imagenet_head_shrinks_by_whole_channels(rng: np.random.Generator) -> None:
    """Each channel of SpikingJelly's own VGG feeds 7 x 7 inputs of its first linear layer."""
    network = spiking_vgg.spiking_vgg11_bn(spiking_neuron=lif_like, num_classes=10, init_weights=False)
    functional.set_step_mode(network, "m")
    make_lively(network)
    graph = trace_filters(network)
    assert graph.layers[-1].consumers[0].repeat == 49
    mask = graph.space.random(1, keep=0.3, rng=rng)[0]
    sequence = torch.rand(1, 1, 3, 32, 32)
    with silenced(network, graph, mask):
        expected = run(network, sequence)
    torch.testing.assert_close(
        run(slim_network(network, graph, mask), sequence), expected, rtol=1e-5, atol=1e-5
    )


def test_slim_shares_no_tensor_with_its_base(rng: np.random.Generator) -> None:
    network, _ = build("resnet18, CIFAR stem")
    graph = trace_filters(network)
    slim = slim_network(network, graph, graph.space.random(1, keep=0.5, rng=rng)[0])
    own = {tensor.data_ptr() for tensor in network.state_dict().values() if tensor.numel()}
    assert not own & {tensor.data_ptr() for tensor in slim.state_dict().values() if tensor.numel()}


def test_slim_is_made_of_spikingjelly_layers_of_the_kept_sizes() -> None:
    network = build_network("digits")
    graph = trace_filters(network)
    mask = graph.space.full()
    mask[[0, 3, 20, 50, 51]] = False
    slim = slim_network(network, graph, mask)
    convolutions = [m for m in slim.modules() if isinstance(m, layer.Conv2d)]
    assert [(m.in_channels, m.out_channels) for m in convolutions] == [(1, 14), (14, 23), (23, 38)]
    assert all(m.weight.shape[:2] == (m.out_channels, m.in_channels) for m in convolutions)
    assert [m.num_features for m in slim.modules() if isinstance(m, layer.BatchNorm2d)] == [14, 23, 38]
    assert [m.in_features for m in slim.modules() if isinstance(m, layer.Linear)] == [38 * 4]
    assert sum(isinstance(m, neuron.LIFNode) for m in slim.modules()) == 3


def test_empty_layer_is_refused() -> None:
    network = build_network("digits")
    graph = trace_filters(network)
    mask = graph.space.full()
    mask[:16] = False
    with pytest.raises(MaskError, match="keeps no filter in layer '0'"):
        slim_network(network, graph, mask)
