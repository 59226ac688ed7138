"""Attacks that a user brings: what they may do, what is held against a network, what is refused."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from functools import partial
from importlib.metadata import version

import numpy as np
import pytest
import torch
import torchattacks
from torch import nn

import ccsrp
from ccsrp.attack.custom import CustomAttack, adversarial_images
from ccsrp.errors import OptionError
from problems import DigitsPruning

EPS = 0.1


def step(
    network: nn.Module, images: torch.Tensor, labels: torch.Tensor, *, size: float = EPS
) -> torch.Tensor:
    """One step along the gradient's signs: FGSM."""
    leaf = images.requires_grad_(True)
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(network(leaf), labels), leaf)
    return leaf.detach() + size * gradient.sign()


def noise(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    shift = np.random.random() + random.random()  # as attacks that know numpy and Python alone do
    return images + torch.rand(images.shape) - shift / 2


def problem(attack: CustomAttack) -> DigitsPruning:
    return DigitsPruning(attack=attack, validation_images=140, calibration_images=128, test_images=20)


@pytest.fixture(scope="module")
def masks(digits: DigitsPruning) -> np.ndarray:
    drawn = digits.space.random(3, keep=0.7, rng=np.random.default_rng(5))
    drawn[0] = True
    return drawn


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(CustomAttack(name="step", eps=EPS, run=step), id="function"),
        pytest.param(CustomAttack(name="noise", eps=EPS, run=noise, seed=3), id="random function"),
        pytest.param(
            CustomAttack.torchattacks("MIFGSM", eps=EPS, options={"steps": 2, "alpha": 0.05}), id="MIFGSM"
        ),
        pytest.param(
            CustomAttack.torchattacks("FGSM", eps=EPS, surrogate="ATan(alpha=6.0)"), id="sharper gradient"
        ),
    ],
)
def test_answers_are_pure_whatever_the_attack(attack: CustomAttack, masks: np.ndarray) -> None:
    judged = problem(attack)
    objectives = judged.evaluate(masks)
    assert (objectives[:, 1] >= objectives[:, 0]).all(), "robust are only images that are right when clean"
    torch.manual_seed(1)
    assert (judged.evaluate(masks[1:]) == objectives[1:]).all()
    bounded = judged.evaluate_bounded(masks, np.array([[0.5, 0.5, 0.3]]))
    assert (bounded.objectives[bounded.complete] == objectives[bounded.complete]).all()
    sent = pickle.loads(pickle.dumps(judged.portable()))
    assert (sent.evaluate(masks) == objectives).all()
    dense = judged.judge_network(judged.network())
    assert 1 - dense.robust_accuracy == pytest.approx(objectives[0, 1], abs=1 / 140 + 1e-9)


def test_one_step_is_torchattacks_fgsm(masks: np.ndarray) -> None:
    ours = problem(CustomAttack(name="step", eps=EPS, run=step)).evaluate(masks)
    theirs = problem(CustomAttack.torchattacks("FGSM", eps=EPS)).evaluate(masks)
    assert (ours == theirs).all()


def test_robust_accuracy_is_what_torchattacks_leaves_by_hand(masks: np.ndarray) -> None:
    options = {"steps": 2, "alpha": 0.06, "decay": 0.8}
    judged = problem(CustomAttack.torchattacks("MIFGSM", eps=EPS, options=options))
    images, labels = judged.images("validation")
    for mask, (_, robust_error, _) in zip(masks[:2], judged.evaluate(masks[:2]), strict=True):
        network = judged.network(mask)
        made = torchattacks.MIFGSM(network, eps=EPS, **options)(images, labels)
        with torch.no_grad():
            right = (network(images).argmax(1) == labels) & (network(made).argmax(1) == labels)
        assert float(right.float().mean()) == pytest.approx(1 - robust_error, abs=2 / 140)


def test_what_is_made_stays_in_the_box_and_the_generators_as_they_were(digits: DigitsPruning) -> None:
    images, labels = digits.images("validation")
    before = images.clone()

    def far(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        images += 5 * torch.randn(images.shape)  # its own copy
        labels.zero_()
        return images.double()

    attack = CustomAttack(name="far", eps=0.05, run=far)
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    expected = torch.rand(1), np.random.random(), random.random()
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    made = adversarial_images(digits.network(), images, labels, attack)
    assert (torch.rand(1), np.random.random(), random.random()) == expected
    assert torch.equal(images, before)
    assert made.dtype == torch.float32
    assert float((made - images).abs().max()) <= 0.05 + 1e-6
    assert float(made.min()) >= 0
    assert float(made.max()) <= 1
    other = adversarial_images(digits.network(), images, labels, replace(attack, seed=1))
    assert not torch.equal(made, other)


def test_an_image_that_it_has_no_answer_for_stays_as_it_was(digits: DigitsPruning) -> None:
    images, labels = digits.images("validation")

    def divides(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        made = images + 0.02
        made[3, 0, 0, 0] = torch.nan
        return made

    made = adversarial_images(digits.network(), images, labels, CustomAttack(name="d", eps=EPS, run=divides))
    assert torch.equal(made[3], images[3])
    assert not torch.equal(made[4], images[4])


def forgetful() -> object:
    calls = []

    def run(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return images + 0.001 * len(calls)

    return run


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lambda network, images, labels: None, "returned a NoneType; it must return the adversarial images"),
        (lambda network, images, labels: images[:1], r"returned float32 \[1, 1, 8, 8\]"),
        (lambda network, images, labels: images.long(), r"returned int64 \[2, 1, 8, 8\]"),
        (lambda network, images, labels: images / 0, "not finite"),
        (lambda network, images: images, "cannot be run on this network .TypeError"),
        (lambda network, images, labels: network(images.flatten()), "cannot be run on this network"),
        (forgetful(), "other images when it is asked again"),
    ],
)
def test_what_cannot_judge_is_refused_before_it_judges(run, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        problem(CustomAttack(name="mine", eps=EPS, run=run))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CustomAttack(name="mine", eps=0, run=step), "eps must lie in"),
        (lambda: CustomAttack(name="mine", eps=EPS, run="step"), "is no function"),
        (lambda: CustomAttack(name="mine", eps=EPS, run=step, surrogate="Bell"), "unknown surrogate"),
        (lambda: CustomAttack.torchattacks("MIFGMS", eps=EPS), "no attack 'MIFGMS'; it has APGD, .*MIFGSM"),
        (lambda: CustomAttack.torchattacks("attack", eps=EPS), "no attack 'attack'"),
        (
            lambda: CustomAttack.torchattacks("MIFGSM", eps=EPS, options={"step": 3}),
            "no option 'step' here; it takes alpha, steps, decay",
        ),
        (lambda: CustomAttack.torchattacks("PGD", eps=EPS, options={"eps": 1}), "gets eps from eps="),
        (lambda: CustomAttack.torchattacks("MultiAttack", eps=EPS), "needs the option 'attacks'"),
    ],
)
def test_wrong_descriptions_are_refused(make, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        make()


def test_a_record_says_what_it_was_and_a_change_shows() -> None:
    steps = CustomAttack.torchattacks("MIFGSM", eps=EPS, options={"steps": 3})
    assert steps.table()["run"].startswith("torchattacks.MIFGSM(eps=0.1, alpha=")
    assert steps.table()["code"] == f"torchattacks {version('torchattacks')}"
    half = CustomAttack(name="step", eps=EPS, run=partial(step, size=0.05))
    whole = CustomAttack(name="step", eps=EPS, run=partial(step, size=0.1))
    assert half.table()["run"] == f"{__name__}.step(size=0.05)"
    assert half.table()["code"] != whole.table()["code"]
    assert half.table() == CustomAttack(name="step", eps=EPS, run=partial(step, size=0.05)).table()

    def made(strength: float):
        return CustomAttack(name="m", eps=EPS, run=lambda network, images, labels: images + strength).table()

    assert made(0.1) == made(0.1)
    assert made(0.1) != made(0.2)


def test_it_is_searched_audited_and_trained_under() -> None:
    from ccsrp.attack.ensemble import ensemble
    from ccsrp.methods.interface import FineTuning

    attack = CustomAttack.torchattacks("FGSM", eps=EPS)
    judged = problem(attack)
    result = ccsrp.search(judged, budget=4, subpopulation_size=4, batch=4)
    assert (result.front["robust_accuracy"] <= result.front["accuracy"]).all()
    subject, images, labels = judged.audit_case(judged.space.full())
    left = ensemble(attack)[0].survivors(subject, images, labels, subject.rightly(images, labels))
    test = judged.report(judged.space.full()[None], np.zeros((1, 3)))
    assert float(left.float().mean()) == pytest.approx(test["test_robust_accuracy"][0])
    tuned = judged.after(judged.space.full(), FineTuning(epochs=1, images=32))
    assert tuned.attack == attack
