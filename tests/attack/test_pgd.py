"""PGD against torchattacks, and what every attack must respect."""

from __future__ import annotations

import contextlib
import itertools

import pytest
import torch
import torchattacks
from hypothesis import given, settings
from hypothesis import strategies as st

from ccsrp.attack.pgd import Attack, perturb, random_start, robust_images
from ccsrp.attack.surrogate import backward_surrogate, describe_surrogate, parse_surrogate
from ccsrp.errors import OptionError
from problems import DigitsPruning

IMAGES = 40


@pytest.fixture(scope="module")
def batch(digits: DigitsPruning) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = digits.images("validation")
    return images[:IMAGES], labels[:IMAGES]


def test_standard_is_torchattacks_pgd_image_for_image(digits: DigitsPruning, batch) -> None:
    network = digits.network()
    attack = Attack.standard(eps=0.1, seed=7)
    theirs = torchattacks.PGD(network, eps=attack.eps, alpha=attack.step_size, steps=attack.steps)
    torch.manual_seed(attack.seed)
    expected = theirs(*batch)
    ours = perturb(network, *batch, random_start(batch[0], attack), attack)
    assert torch.equal(ours, expected)


@pytest.mark.parametrize("attack", [Attack.standard(eps=0.1), Attack.sharp(eps=0.1)], ids=lambda a: a.name)
def test_iterates_stay_in_the_box_and_raise_the_loss(digits: DigitsPruning, batch, attack: Attack) -> None:
    images, labels = batch
    network = digits.network()
    start = random_start(images, attack)
    attacked = perturb(network, images, labels, start, attack)
    assert float((attacked - images).abs().max()) <= attack.eps + 1e-6
    assert float(attacked.min()) >= 0
    assert float(attacked.max()) <= 1
    with torch.no_grad():
        clean, after = network(images), network(attacked)
    assert (after.argmax(1) == labels).sum() < (clean.argmax(1) == labels).sum()


def test_sharp_counts_every_iterate(digits: DigitsPruning, batch) -> None:
    """An image is robust exactly when the clean image, the start and all iterates are classified rightly."""
    images, labels = batch
    network = digits.network()
    attack = Attack.sharp(eps=0.1, steps=5)
    start = random_start(images, attack)
    with torch.no_grad():
        right = network(images).argmax(1) == labels
    found = robust_images(network, images, labels, start, attack, right=right)
    expected = right.clone()
    current = start
    with backward_surrogate(network, attack.surrogate):
        for index in range(attack.steps + 1):
            current = current.detach().requires_grad_(True)
            logits = network(current)
            expected &= logits.argmax(1) == labels
            if index == attack.steps:
                break
            target = logits.gather(1, labels[:, None])[:, 0]
            other = logits.masked_fill(torch.nn.functional.one_hot(labels, 10).bool(), -torch.inf).amax(1)
            (gradient,) = torch.autograd.grad((other - target).sum(), current)
            moved = current.detach() + attack.eps * (1 - index / attack.steps) * gradient.sign()
            current = torch.min(torch.max(moved, images - attack.eps), images + attack.eps).clamp(0, 1)
    # A batch that shrinks may round differently, so one image may differ.
    assert int((found != expected).sum()) <= 1


def test_sharp_is_the_stronger_judge(digits: DigitsPruning, batch) -> None:
    images, labels = batch
    network = digits.network()
    with torch.no_grad():
        right = network(images).argmax(1) == labels
    standing = {}
    for attack in (Attack.standard(eps=0.1), Attack.sharp(eps=0.1)):
        start = random_start(images, attack)
        standing[attack.name] = int(robust_images(network, images, labels, start, attack, right=right).sum())
    assert standing["sharp"] <= standing["standard"] + 1


def test_starts_depend_on_seed_and_place_only() -> None:
    images = torch.rand(6, 1, 4, 4)
    attack = Attack.standard(eps=0.1, seed=3)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    start = random_start(images, attack)
    assert torch.equal(start[:4], random_start(images[:4], attack))
    assert not torch.equal(start, random_start(images, Attack.standard(eps=0.1, seed=4)))
    assert torch.equal(torch.get_rng_state(), state)


@given(st.integers(1, 50), st.floats(0.01, 1))
@settings(max_examples=30)
def test_falling_steps_go_from_eps_towards_zero(steps: int, eps: float) -> None:
    attack = Attack.sharp(eps=eps, steps=steps)
    sizes = [attack.step(index) for index in range(steps)]
    assert sizes[0] == eps
    assert all(a > b > 0 for a, b in itertools.pairwise(sizes))


def test_surrogates_are_swapped_for_the_attack_only(digits: DigitsPruning) -> None:
    network = digits.network()
    neurons = [m for m in network.modules() if hasattr(m, "surrogate_function")]
    assert len(neurons) == 3
    with contextlib.suppress(ZeroDivisionError), backward_surrogate(network, "Sigmoid(alpha=4.0)"):
        assert {describe_surrogate(m.surrogate_function) for m in neurons} == {"Sigmoid(alpha=4.0)"}
        raise ZeroDivisionError
    assert {describe_surrogate(m.surrogate_function) for m in neurons} == {"ATan(alpha=2.0)"}


@pytest.mark.parametrize(
    "text", ["Atan(alpha=1)", "ATan", "ATan(beta=1)", "ATan(alpha=x)", "nn.Module()", "heaviside()"]
)
def test_unknown_surrogates_are_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse_surrogate(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"eps": 0.0},
        {"eps": 1.5},
        {"eps": float("nan")},
        {"eps": 0.1, "steps": 0},
        {"eps": 0.1, "surrogate": "what"},
    ],
)
def test_impossible_attacks_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        Attack.sharp(**wrong)
