"""Fused neurons against SpikingJelly's own."""

from __future__ import annotations

import itertools

import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from ccsrp.attack.surrogate import backward_surrogate
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import FusedNeuron, fuse_neurons
from ccsrp.snn.networks import DirectCoding
from tests.snn.families import FAMILIES, build

KINDS = {
    "LIF": lambda **options: neuron.LIFNode(tau=1.7, **options),
    "LIF, input not decayed": lambda **options: neuron.LIFNode(tau=2.5, decay_input=False, **options),
    "IF": neuron.IFNode,
}
RESETS = (0.0, -0.2, None)


def spikes_and_gradient(
    node: nn.Module, x: torch.Tensor, g: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    functional.reset_net(node)
    x = x.clone().requires_grad_(True)
    spikes = node(x)
    (gradient,) = torch.autograd.grad(spikes, x, g)
    return spikes.detach(), gradient


@pytest.mark.parametrize(("kind", "reset", "detach"), list(itertools.product(KINDS, RESETS, (True, False))))
def test_spikes_and_gradients_are_spikingjellys(kind: str, reset: float | None, detach: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    x, g = (torch.randn(5, 3, 7, 11, 13, generator=generator) for _ in range(2))
    node = KINDS[kind](
        v_threshold=0.9,
        v_reset=reset,
        detach_reset=detach,
        surrogate_function=surrogate.ATan(alpha=3.0),
        step_mode="m",
    )
    expected = spikes_and_gradient(node, 2 * x, g)
    found = spikes_and_gradient(FusedNeuron(node), 2 * x, g)
    assert 0.05 < float(expected[0].mean()) < 0.95
    assert torch.equal(found[0], expected[0])
    if detach:
        assert torch.equal(found[1], expected[1])
    else:  # torch rounds the reset's own gradient in another order
        torch.testing.assert_close(found[1], expected[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "function",
    [
        surrogate.Sigmoid(alpha=3.0),
        surrogate.PiecewiseQuadratic(alpha=0.7),
        surrogate.PiecewiseExp(alpha=2.0),
        surrogate.SoftSign(alpha=2.0),
        surrogate.Erf(alpha=2.0),
        surrogate.NonzeroSignLogAbs(alpha=1.0),
        surrogate.PiecewiseLeakyReLU(w=1.0, c=0.01),
        surrogate.QPseudoSpike(alpha=2.0),
        surrogate.FakeNumericalGradient(alpha=0.3),
    ],
    ids=lambda f: type(f).__name__,
)
def test_every_surrogate_gives_spikingjellys_gradient(function: nn.Module) -> None:
    x, g = (torch.randn(4, 500, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    node = neuron.LIFNode(tau=2.0, detach_reset=True, surrogate_function=function, step_mode="m")
    expected = spikes_and_gradient(node, 3 * x, g)
    found = spikes_and_gradient(FusedNeuron(node), 3 * x, g)
    assert torch.equal(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_fused_networks_say_and_feel_the_same(family: str) -> None:
    network, image_shape = build(family)
    names = trace_filters(network).called_once
    images = torch.rand(2, *image_shape, generator=torch.Generator().manual_seed(3))
    answers = []
    for fused in (False, True):
        whole = DirectCoding(network, time_steps=2).eval()
        keys = list(whole.state_dict())
        if fused:
            fuse_neurons(whole.network, names)
            assert any(isinstance(module, FusedNeuron) for module in whole.modules())
        assert list(whole.state_dict()) == keys
        leaf = images.clone().requires_grad_(True)
        with backward_surrogate(whole, "ATan(alpha=6.0)"):
            logits = whole(leaf)
            (gradient,) = torch.autograd.grad(logits.square().sum(), leaf)
        answers.append((logits.detach(), gradient))
    assert answers[0][1].abs().max() > 0
    assert torch.equal(answers[0][0], answers[1][0])
    torch.testing.assert_close(answers[1][1], answers[0][1], rtol=1e-5, atol=1e-8)


def test_other_neurons_stay_as_they_are() -> None:
    network = nn.Sequential(
        neuron.ParametricLIFNode(step_mode="m"),
        neuron.LIFNode(step_mode="s"),
        neuron.LIFNode(step_mode="m", store_v_seq=True),
        neuron.LIFNode(step_mode="m"),
    )
    kinds = [type(module).__name__ for module in fuse_neurons(network, "0123")]
    assert kinds == ["ParametricLIFNode", "LIFNode", "LIFNode", "FusedNeuron"]


def test_neurons_that_carry_their_state_along_are_not_offered() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.once, self.twice = neuron.LIFNode(), neuron.LIFNode()
            self.convolution, self.head = layer.Conv2d(1, 4, 3), layer.Linear(4 * 36, 10)
            self.flatten = layer.Flatten()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            spikes = self.flatten(self.once(self.convolution(x)))
            return self.twice(self.twice(self.head(spikes)))

    network = Twice()
    functional.set_step_mode(network, "m")
    assert trace_filters(network).called_once == {"once"}
    assert trace_filters(build("stepwise containers")[0]).called_once == {"2"}
