"""Batch statistics measured by compiled networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccsrp.snn.calibrate import calibrate, set_statistics
from ccsrp.snn.compiled.compiler import Compiler
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from tests.snn.families import build


@pytest.mark.parametrize("family", ["conv stack", "containers", "resnet18 as it comes", "sew_resnet18, IAND"])
@pytest.mark.parametrize("count", [20, 32])
def test_statistics_are_those_of_a_pass_through_spikingjelly(family: str, count: int) -> None:
    network, image_shape = build(family)
    graph = trace_filters(network)
    images = torch.rand(count, *image_shape, generator=torch.Generator().manual_seed(2))
    (mask,) = graph.space.random(1, keep=0.7, rng=np.random.default_rng(0))
    slim = DirectCoding(slim_network(network, graph, mask), time_steps=3).eval()
    calibrate(slim, images, batch_size=16)
    compiler = Compiler(network, graph, image_shape=image_shape, time_steps=3)
    found = compiler.calibrate(mask, images, batch_size=16)
    assert found
    for name, (mean, variance) in found.items():
        norm = slim.network.get_submodule(name)
        scale = norm.running_var.sqrt().max().item()
        np.testing.assert_allclose(mean, norm.running_mean, rtol=1e-5, atol=1e-5 * scale)
        np.testing.assert_allclose(variance, norm.running_var, rtol=1e-4, atol=1e-6 * scale**2)
    other = slim_network(network, graph, mask)
    set_statistics(other, found)
    logits = compiler.compile(mask, found)(images)
    with torch.no_grad():
        differ = (logits - DirectCoding(other, time_steps=3).eval()(images)).abs().amax(1) > 1e-5
    assert int(differ.sum()) <= count // 8, "more than spikes that rounding tips over the threshold"
