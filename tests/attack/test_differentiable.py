"""Compiled networks as modules that torch differentiates, against SpikingJelly's layers."""

from __future__ import annotations

import pytest
import torch
import torchattacks

from ccsrp.attack.differentiable import DifferentiableNetwork
from ccsrp.attack.gradient import gradient_of
from ccsrp.attack.surrogate import backward_surrogate
from problems import DigitsPruning

IMAGES = 40
SURROGATES = ("training", "ATan(alpha=6.0)", "PiecewiseQuadratic(alpha=1.0)", "DeterministicPass()")


@pytest.fixture(scope="module")
def batch(digits: DigitsPruning) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = digits.images("validation")
    return images[:IMAGES], labels[:IMAGES]


@pytest.fixture(scope="module")
def forms(digits: DigitsPruning):
    """The same network of SpikingJelly's layers and compiled."""
    mask = digits.space.full()
    return digits.network(mask), digits._evaluator._classifier(mask)


def same_network(images: torch.Tensor, forms) -> torch.Tensor:
    """Images on which no potential lies at its threshold, where the two may round to different spikes."""
    plain, compiled = forms
    with torch.no_grad():
        return (plain(images) - compiled(images)).abs().amax(1) <= 1e-5


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_any_function_of_the_logits_is_differentiated_as_by_torch(forms, batch, surrogate: str) -> None:
    plain, compiled = forms
    images, labels = batch

    def gradient(network: torch.nn.Module) -> torch.Tensor:
        leaf = images.clone().requires_grad_(True)
        logits = network(leaf)
        value = (logits.square().sum(1) - 3 * logits.gather(1, labels[:, None])[:, 0]).sum()
        return torch.autograd.grad(value, leaf)[0]

    with backward_surrogate(plain, surrogate):
        expected = gradient(plain)
    found = gradient(DifferentiableNetwork(compiled, surrogate=surrogate))
    same = same_network(images, forms)
    size = expected.abs().flatten(1).amax(1).view(-1, 1, 1, 1)
    assert same.float().mean() > 0.9
    assert ((found - expected).abs() / size)[same].max() < 1e-4


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_torchattacks_pgd_takes_the_same_way(forms, batch, surrogate: str) -> None:
    plain, compiled = forms
    found = []
    for network in (plain, DifferentiableNetwork(compiled, surrogate=surrogate)):
        with backward_surrogate(plain, surrogate):
            attack = torchattacks.PGD(network, eps=0.1, alpha=0.025, steps=3)
            torch.manual_seed(0)
            found.append(attack(*batch))
    same = (found[0] == found[1]).flatten(1).all(1)
    # The sign of a gradient that is all but zero is rounding, and turns a pixel.
    assert same.float().mean() >= 0.9


@pytest.mark.parametrize("make", [torchattacks.APGD, torchattacks.Square], ids=lambda kind: kind.__name__)
def test_other_attacks_of_torchattacks_leave_as_many_standing(forms, batch, make) -> None:
    plain, compiled = forms
    images, labels = batch
    options = {"steps": 4} if make is torchattacks.APGD else {"n_queries": 15}
    standing = []
    for network in (plain, DifferentiableNetwork(compiled, surrogate="training")):
        with torch.random.fork_rng(devices=[]):
            attacked = make(network, norm="Linf", eps=0.1, **options)(images, labels)
        assert (attacked - images).abs().max() <= 0.1 + 1e-6
        with torch.no_grad():
            standing.append(int((plain(attacked).argmax(1) == labels).sum()))
    assert abs(standing[0] - standing[1]) <= 2
    assert max(standing) < IMAGES, "the attack must fool some"


def test_its_gradients_under_another_surrogate_are_the_networks(forms, batch) -> None:
    """A module that brings its own gradients is asked for them, not searched for neurons."""
    _, compiled = forms
    module = DifferentiableNetwork(compiled, surrogate="training")
    with gradient_of(module, loss="margin", surrogate="ATan(alpha=6.0)") as gradient_at:
        found = gradient_at(*batch)
    expected = compiled.loss_gradient(*batch, loss="margin", surrogate="ATan(alpha=6.0)")
    assert torch.equal(found[1], expected[1])
