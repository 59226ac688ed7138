"""ESL-SNNs: as many connections as at the start, where Erdős-Rényi densities put them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ccsrp.errors import OptionError
from ccsrp.methods import esl
from ccsrp.methods.connections import Connections, layer_counts, reset, weights_of
from ccsrp.methods.interface import FineTuning, Task
from ccsrp.snn.networks import build_network

TINY = FineTuning(epochs=1, images=128, attack_steps=1)


def nonzero_share(network: nn.Module) -> float:
    everything = sum(parameter.numel() for parameter in network.parameters())
    weights = weights_of(network).values()
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    return (everything - zeros) / everything


def test_densities_follow_erdos_renyi() -> None:
    shapes = [(16, 8, 3, 3), (32, 16, 3, 3), (10, 128)]
    weights = [torch.zeros(shape) for shape in shapes]
    budget = 800
    counts = layer_counts(weights, budget)
    densities = np.array(counts) / [weight.numel() for weight in weights]
    raw = np.array([sum(shape) / np.prod(shape) for shape in shapes])
    np.testing.assert_allclose(densities / densities[0], raw / raw[0], rtol=0.02)
    assert sum(counts) == budget


def test_a_layer_that_would_be_over_full_is_full_and_the_others_share_the_rest() -> None:
    weights = [torch.zeros(16, 1, 3, 3), torch.zeros(64, 64, 3, 3), torch.zeros(64, 64, 3, 3)]
    counts = layer_counts(weights, 10_000)
    assert counts == [144, 4928, 4928]


@pytest.mark.parametrize("budget", [3, 4, 1000, 10**6])
def test_the_budget_is_met_wherever_possible(budget: int) -> None:
    weights = [torch.zeros(4, 1, 3, 3), torch.zeros(4, 4, 3, 3), torch.zeros(10, 16)]
    assert sum(layer_counts(weights, budget)) == min(budget, 36 + 144 + 160)


@pytest.mark.parametrize("growth", ["gradient", "random"])
def test_evolution_keeps_every_layers_density(growth: str) -> None:
    weights = weights_of(build_network("digits"))
    counts = layer_counts(list(weights.values()), 2000)
    connections = Connections(weights, counts)
    draws = torch.Generator().manual_seed(0)
    before = {name: alive.clone() for name, alive in connections.alive.items()}
    for weight in weights.values():
        weight.grad = torch.rand(weight.shape, generator=draws)
    connections.evolve(0.3, at_random=draws if growth == "random" else None)
    connections.mask_weights()
    assert [int(alive.sum()) for alive in connections.alive.values()] == counts
    assert any(not torch.equal(before[name], alive) for name, alive in connections.alive.items())
    assert all(bool((weights[name][~alive] == 0).all()) for name, alive in connections.alive.items())


def test_the_weakest_go_and_the_largest_gradients_come() -> None:
    weight = nn.Parameter(torch.tensor([[4.0, 3.0, 2.0, 1.0, 0.5, 0.4]]))
    connections = Connections({"only": weight}, [4])
    weight.grad = torch.tensor([[0.0, 0.0, 0.0, 0.1, 0.2, 0.3]])
    connections.evolve(0.5)
    assert connections.alive["only"].tolist() == [[True, True, False, False, True, True]]
    connections.mask_weights()
    assert weight.tolist() == [[4.0, 3.0, 0.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("start", ["base", "scratch"])
@pytest.mark.parametrize("growth", ["gradient", "random"])
def test_every_form_of_it_meets_its_target_in_parameters(digits, start: str, growth: str) -> None:
    (made,) = esl.prune(Task(digits, TINY), [0.4], start=start, growth=growth, interval=1)
    assert 0.35 < nonzero_share(made.network) <= 0.4
    dense = digits.base_network().state_dict()
    assert {name: t.shape for name, t in made.network.state_dict().items()} == {
        name: t.shape for name, t in dense.items()
    }


def test_fresh_weights_leave_torchs_random_state_alone() -> None:
    network, state = build_network("digits"), torch.get_rng_state()
    before = [weight.clone() for weight in weights_of(network).values()]
    reset(network, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(torch.equal(a, b) for a, b in zip(before, weights_of(network).values(), strict=True))


@pytest.mark.parametrize("wrong", [{"start": "here"}, {"growth": "fast"}, {"fraction": 1.0}, {"interval": 0}])
def test_impossible_options_are_refused(digits, wrong: dict) -> None:
    with pytest.raises(OptionError, match="esl"):
        next(esl.prune(Task(digits, TINY), [0.5], **wrong))
