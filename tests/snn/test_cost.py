"""Costs against SpikingJelly's own counters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from spikingjelly.activation_based.op_counter import DispatchCounterMode, FlopCounter, SynOpCounter

from ccsrp.snn.cost import cost_table, count_synaptic_operations, network_costs
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from tests.snn.families import FAMILIES, build

aten = torch.ops.aten
# Families whose weight layers see only binary spikes, as SpikingJelly's counter needs.
BINARY = ("conv stack", "strided stem", "vgg11_bn, CIFAR head", "stepwise containers", "temporal batch norm")


def weight_layer_flops(network: torch.nn.Module, images: torch.Tensor) -> int:
    counter = FlopCounter()
    # Only the layers that hold weights; SpikingJelly counts biases into them.
    kept = (aten.convolution.default, aten.mm.default, aten.addmm.default)
    counter.rules = {op: rule for op, rule in counter.rules.items() if op in kept}
    with torch.no_grad(), DispatchCounterMode([counter]):
        network(images)
    return counter.get_total()


@pytest.mark.parametrize("family", FAMILIES)
def test_flops_and_params_are_those_of_the_slim_network(family: str, rng: np.random.Generator) -> None:
    network, image_shape = build(family)
    graph = trace_filters(network)
    table = cost_table(DirectCoding(network, time_steps=2), graph, image_shape)
    masks = np.concatenate([graph.space.full()[None], graph.space.random(2, keep=0.5, rng=rng)])
    for mask, flops, params in zip(masks, table.flops(masks), table.params(masks), strict=True):
        slim = DirectCoding(slim_network(network, graph, mask), time_steps=2).eval()
        assert params == sum(p.numel() for p in slim.parameters())
        biases = sum(out.numel() for out, module in outputs_of(slim, image_shape) if module.bias is not None)
        assert flops == weight_layer_flops(slim, torch.zeros(1, *image_shape)) - biases


def outputs_of(network: torch.nn.Module, image_shape: tuple[int, int, int]) -> list:
    seen = []
    handles = [
        m.register_forward_hook(lambda m, a, out: seen.append((out, m)))
        for m in network.modules()
        if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)
    ]
    with torch.no_grad():
        network(torch.zeros(1, *image_shape))
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("family", BINARY)
def test_synaptic_operations_are_spikingjellys(family: str, rng: np.random.Generator) -> None:
    network, image_shape = build(family)
    graph = trace_filters(network)
    images = torch.rand(3, *image_shape, generator=torch.Generator().manual_seed(2))
    for keep in (1.0, 0.5):
        slim = DirectCoding(
            slim_network(network, graph, graph.space.random(1, keep=keep, rng=rng)[0]), time_steps=2
        ).eval()
        counter = SynOpCounter()
        with torch.no_grad(), DispatchCounterMode([counter]):
            slim(images)
        with torch.no_grad(), count_synaptic_operations(slim, graph) as count:
            slim(images)
        assert count.total == counter.get_total() > 0


def test_synaptic_operations_see_no_analog_image() -> None:
    network, _ = build("conv stack")
    graph = trace_filters(network)
    wrapped = DirectCoding(network, time_steps=1).eval()
    for module in network.modules():
        if hasattr(module, "v_threshold"):
            module.v_threshold = 1e9  # nothing fires
    with torch.no_grad(), count_synaptic_operations(wrapped, graph) as count:
        wrapped(torch.ones(1, 1, 8, 8))
    assert count.total == 0


def test_weights_that_are_zero_cost_nothing(rng: np.random.Generator) -> None:
    network, image_shape = build("conv stack")
    graph = trace_filters(network)
    mask = graph.space.random(1, keep=0.5, rng=rng)[0]
    slim = DirectCoding(slim_network(network, graph, mask), time_steps=2).eval()
    zeroed = DirectCoding(network, time_steps=2).eval()
    modules = dict(network.named_modules())
    with torch.no_grad():
        for item, part in zip(graph.layers, graph.space.split(mask), strict=True):
            gone = torch.from_numpy(~part)
            for norm in item.norms:
                modules[norm].weight[gone] = 0
                modules[norm].bias[gone] = 0
            modules[item.name].weight[gone] = 0
            for consumer in item.consumers:
                modules[consumer.name].weight[:, gone.repeat_interleave(consumer.repeat)] = 0
    images = torch.rand(3, *image_shape, generator=torch.Generator().manual_seed(2))
    sparse = network_costs(zeroed, graph, images)
    small = network_costs(slim, trace_filters(slim.network), images)
    assert (sparse.params, sparse.synops) == (small.params, small.synops)
    assert sparse.flops > small.flops
