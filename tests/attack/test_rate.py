"""Gradients of firing rates, against a network in which nothing but rates is passed on."""

from __future__ import annotations

import contextlib

import pytest
import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from ccsrp.attack.surrogate import backward_surrogate
from ccsrp.errors import OptionError
from ccsrp.snn.lif import FusedNeuron
from problems import DigitsPruning

NODES = {
    "LIF": (lambda: neuron.LIFNode(tau=2.0), 1.0),
    "LIF, input not decayed": (lambda: neuron.LIFNode(tau=3.0, decay_input=False), 3.0),
    "PLIF": (lambda: neuron.ParametricLIFNode(init_tau=2.0), 1.0),
    "IF": (neuron.IFNode, 1.0),
    "fused LIF": (lambda: FusedNeuron(neuron.LIFNode(tau=2.0)), 1.0),
    "fused IF": (lambda: FusedNeuron(neuron.IFNode()), 1.0),
}


@pytest.mark.parametrize("name", NODES)
def test_the_gradient_is_the_surrogates_at_the_mean_current(name: str) -> None:
    make, gain = NODES[name]
    node = make()
    functional.set_step_mode(node, "m")
    torch.manual_seed(0)
    currents, cotangents = torch.rand(4, 7) * 2, torch.rand(4, 7)
    expected_spikes = node(currents)
    functional.reset_net(node)
    leaf = currents.clone().requires_grad_(True)
    with backward_surrogate(node, "rate"):
        spikes = node(leaf)
    (found,) = torch.autograd.grad(spikes, leaf, cotangents)
    mean = currents.mean(0).requires_grad_(True)
    rate = surrogate.Sigmoid().spiking_function(gain * mean - 1.0, alpha=4.0)
    (expected,) = torch.autograd.grad(rate, mean, cotangents.sum(0) / 4)
    assert torch.equal(spikes, expected_spikes)
    torch.testing.assert_close(found, expected.expand(4, 7))


def test_logits_stay_and_the_network_is_left_as_it_was(digits: DigitsPruning) -> None:
    network, (images, _) = digits.network(), digits.images("validation")
    with torch.no_grad():
        before = network(images)
        with contextlib.suppress(ZeroDivisionError), backward_surrogate(network, "rate"):
            assert torch.equal(network(images), before)
            raise ZeroDivisionError
    assert not [m for m in network.modules() if "forward" in vars(m)]
    assert torch.equal(network(images), before)


def test_neurons_that_see_one_step_a_call_are_refused() -> None:
    network = nn.Sequential(neuron.LIFNode(step_mode="s"))
    with pytest.raises(OptionError, match="step mode"), backward_surrogate(network, "rate"):
        pass
