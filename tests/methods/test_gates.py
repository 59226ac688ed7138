"""Gates: closed, a filter is as good as gone; and potentials are those of SpikingJelly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional

from ccsrp.methods.gates import as_gates, gated, watched_potentials
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from tests.snn.families import FAMILIES, build


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_closed_gate_is_a_removed_filter(family: str, fused: bool, rng: np.random.Generator) -> None:
    inner, image_shape = build(family)
    network = DirectCoding(inner, time_steps=2).eval()
    graph = trace_filters(inner)
    mask = graph.space.random(1, keep=0.6, rng=rng)[0]
    slim = DirectCoding(slim_network(inner, graph, mask), time_steps=2).eval()
    if fused:
        fuse_neurons(inner, graph.called_once)
    images = torch.rand(2, *image_shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        dense = network(images)
        with gated(inner, graph, lambda: as_gates(mask, inner), straight_through=True):
            closed = network(images)
        torch.testing.assert_close(closed, slim(images), rtol=1e-5, atol=1e-5)
        assert torch.equal(network(images), dense), "gates outlive their block"


@pytest.mark.parametrize("straight_through", [False, True])
def test_gradients_pass_closed_gates_only_straight_through(straight_through: bool) -> None:
    inner, image_shape = build("conv stack")
    graph = trace_filters(inner)
    mask = graph.space.full()
    mask[:8] = False
    with gated(inner, graph, lambda: as_gates(mask, inner), straight_through=straight_through):
        DirectCoding(inner, time_steps=2).train()(torch.rand(4, *image_shape)).square().sum().backward()
    gradient = inner.get_submodule(graph.layers[0].norms[0]).weight.grad
    assert bool((gradient[:8] != 0).any()) == straight_through
    assert bool((gradient[8:] != 0).any())


@pytest.mark.parametrize("fused", [False, True])
def test_potentials_are_those_before_firing(fused: bool) -> None:
    """SpikingJelly stores what the reset leaves; one step of its equation on gives the charged potential."""
    inner, image_shape = build("conv stack")
    network = DirectCoding(inner, time_steps=4).train()
    graph = trace_filters(inner)
    images = torch.rand(8, *image_shape, generator=torch.Generator().manual_seed(1))
    expected = []
    for item in graph.layers:
        node, inputs = inner.get_submodule(item.neurons[0]), []
        node.store_v_seq = True
        handle = node.register_forward_pre_hook(lambda m, a, inputs=inputs: inputs.append(a[0].detach()))
        network(images)
        handle.remove()
        after = node.v_seq.detach()
        before = torch.cat([torch.zeros_like(after[:1]), after[:-1]])
        charged = before + (inputs[0] - before) / node.tau
        expected.append(charged.abs().mean((0, 1, 3, 4)))
        node.store_v_seq = False
        functional.reset_net(inner)
    if fused:
        fuse_neurons(inner, graph.called_once)
    with watched_potentials(inner, graph) as seen:
        network(images)
    # Unfused neurons under a hard reset do not tell how far above the threshold a spike was.
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if fused else {"rtol": 0.3, "atol": 0.3}
    torch.testing.assert_close(seen.mean(), torch.cat(expected).double(), **tolerance)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_neuron_is_watched(family: str) -> None:
    inner, image_shape = build(family)
    graph = trace_filters(inner)
    fuse_neurons(inner, graph.called_once)
    with watched_potentials(inner, graph) as seen:
        DirectCoding(inner, time_steps=2).train()(torch.rand(2, *image_shape))
        assert (seen.mean() > 0).any()
        assert all(count > 0 for count in seen._counts)
