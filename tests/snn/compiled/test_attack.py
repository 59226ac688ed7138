"""Whole attacks inside a compiled network, against the same attacks step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import layer, neuron

from ccsrp.attack.gradient import LossName
from ccsrp.attack.pgd import Attack, iterate_that_loses, perturb, random_start, robust_images
from ccsrp.snn.compiled.compiler import Compiler
from ccsrp.snn.compiled.network import CompiledNetwork
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from tests.snn.compiled.oracle import NOTHING
from tests.snn.compiled.test_equality import REFUSED, sequential
from tests.snn.families import FAMILIES, build

ATTACKS = {
    "sharp": Attack.sharp(eps=0.03, steps=6),
    "standard": Attack.standard(eps=0.03, steps=6),
    "longer than sums last": Attack.standard(eps=0.02, steps=40),
}


class Case:
    """One network in both forms, with images that it mostly classifies rightly."""

    def __init__(self, family: str, attack: Attack, *, keep: float = 0.7, count: int = 12) -> None:
        network, image_shape = build(family)
        graph = trace_filters(network)
        mask = graph.space.random(1, keep=keep, rng=np.random.default_rng(5))[0]
        self.attack = attack
        self.slim = DirectCoding(slim_network(network, graph, mask), time_steps=4).eval()
        self.compiled = Compiler(network, graph, image_shape=image_shape, time_steps=4).compile(mask)
        self.images = torch.rand(count, *image_shape, generator=torch.Generator().manual_seed(3))
        with torch.no_grad():
            logits = self.slim(self.images)
        self.labels = logits.argmax(1)
        self.labels[::5] = (self.labels[::5] + 1) % logits.shape[1]
        self.start = random_start(self.images, attack)
        self.right = self.compiled(self.images).argmax(1) == self.labels

    @property
    def given(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, Attack]:
        return self.images, self.labels, self.start, self.attack


class StepByStep:
    """A compiled network that does not run attacks itself."""

    def __init__(self, network: CompiledNetwork) -> None:
        self.network = network

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)

    def loss_gradient(
        self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network.loss_gradient(images, labels, loss=loss, surrogate=surrogate)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("family", ["conv stack", "bias, average pool, IF and PLIF", "sew_resnet18, ADD"])
def test_the_points_are_those_of_single_steps(family: str, attack: Attack) -> None:
    if "resnet" in family:
        # Of so many neurons rounding tips one every few passes, and there the way parts.
        attack = replace(attack, steps=2)
    case = Case(family, attack)
    points = perturb(case.compiled, *case.given)
    expected = perturb(StepByStep(case.compiled), *case.given)
    assert (points - case.images).abs().max() <= attack.eps + 1e-6
    assert points.min() >= 0
    assert points.max() <= 1
    # A gradient at rounding may have either sign, and a spike that rounding tips leads one image elsewhere.
    differ = ((points - expected).abs() > 1e-6).flatten(1).float().mean(1) > 0.02
    assert int(differ.sum()) <= (3 if "resnet" in family else 1)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in REFUSED])
def test_the_same_images_survive(family: str, attack: Attack) -> None:
    if attack.steps > 6 and "resnet" in family:
        pytest.skip("takes long, and says no more than the others")
    case = Case(family, attack, count=6)
    found = robust_images(case.compiled, *case.given, right=case.right)
    expected = robust_images(StepByStep(case.compiled), *case.given, right=case.right)
    assert int((found != expected).sum()) <= 1


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    channels=st.tuples(st.sampled_from([2, 15, 16, 35]), st.sampled_from([3, 18, 70])),
    time_steps=st.sampled_from([1, 2, 4, 5, 9]),
)
def test_changes_of_spikes_reach_the_sums_that_spikes_reach(
    kernel: tuple[int, int],
    stride: int,
    padding: tuple[int, int],
    channels: tuple[int, int],
    time_steps: int,
) -> None:
    first, second = channels
    network = sequential(
        layer.Conv2d(1, first, 3, padding=1),
        neuron.LIFNode(v_threshold=0.1),
        layer.Conv2d(first, second, kernel, stride=stride, padding=padding),
        neuron.LIFNode(v_threshold=0.1),
        layer.AdaptiveAvgPool2d(1),
        layer.Flatten(),
        layer.Linear(second, 4),
    )
    compiled = Compiler(network, NOTHING, image_shape=(1, 6, 7), time_steps=time_steps).compile(
        NOTHING.space.full()
    )
    attack = Attack.standard(eps=0.6, steps=3)
    images = torch.rand(8, 1, 6, 7, generator=torch.Generator().manual_seed(1))
    case = images, torch.arange(8) % 4, random_start(images, attack), attack
    points, expected = perturb(compiled, *case), perturb(StepByStep(compiled), *case)
    differ = ((points - expected).abs() > 1e-6).flatten(1).float().mean(1) > 0.02
    assert int(differ.sum()) <= 1


def test_the_steps_begin_where_they_are_told() -> None:
    case = Case("conv stack", Attack.sharp(eps=0.03, steps=1))
    points = perturb(case.compiled, *case.given)
    _, gradient = case.compiled.loss_gradient(
        case.start, case.labels, loss="margin", surrogate="ATan(alpha=6.0)"
    )
    moved = case.start + 0.03 * gradient.sign()
    assert torch.equal(points, (case.images + (moved - case.images).clamp(-0.03, 0.03)).clamp(0, 1))


def test_an_image_does_not_depend_on_its_company() -> None:
    case = Case("conv stack", ATTACKS["sharp"], count=20)
    points, lost_at = case.compiled.run_attack(*case.given, judged="every")
    some = torch.tensor([17, 3, 8])
    alone, lost_alone = case.compiled.run_attack(
        case.images[some], case.labels[some], case.start[some], case.attack, judged="every"
    )
    assert torch.equal(points[some], alone)
    assert torch.equal(lost_at[some], lost_alone)


def test_an_image_is_lost_by_the_first_iterate_that_is_wrong() -> None:
    case = Case("conv stack", replace(ATTACKS["sharp"], eps=0.05, step_size=0.05), count=20)
    lost_at = iterate_that_loses(case.compiled, *case.given, right=case.right)
    assert (lost_at[~case.right] == 0).all()
    seen = set(lost_at[case.right].tolist())
    assert case.attack.steps + 1 in seen, "the test must see an image that survives"
    assert len(seen) > 1, "the test must see an image that is lost"
    for image in case.right.nonzero().flatten().tolist():
        last = min(int(lost_at[image]), case.attack.steps)
        for steps in range(last + 1):
            with torch.no_grad():
                point = _iterate(case, image, steps)
                wrong = int(case.compiled(point).argmax(1)) != int(case.labels[image])
            assert wrong == (steps == int(lost_at[image]))


def _iterate(case: Case, image: int, number: int) -> torch.Tensor:
    """Return the iterate of that number, [1, C, H, W], step by step."""
    current, clean = case.start[image : image + 1], case.images[image : image + 1]
    for index in range(number):
        _, gradient = case.compiled.loss_gradient(
            current, case.labels[image : image + 1], loss="margin", surrogate=case.attack.surrogate
        )
        moved = current + case.attack.step(index) * gradient.sign()
        current = (clean + (moved - clean).clamp(-case.attack.eps, case.attack.eps)).clamp(0, 1)
    return current


@pytest.mark.parametrize("enough", [1, 2, 5])
def test_what_is_known_once_enough_are_lost_does_not_depend_on_chance(enough: int) -> None:
    case = Case("conv stack", replace(ATTACKS["sharp"], eps=0.2, step_size=0.2), count=40)
    whole = iterate_that_loses(case.compiled, *case.given, right=case.right)
    lost = case.right & (whole <= case.attack.steps)
    assert int(lost.sum()) > enough
    cut = iterate_that_loses(case.compiled, *case.given, right=case.right, enough=enough)
    first = lost.nonzero().flatten()[:enough]
    expected = torch.where(case.right, case.attack.steps + 1, 0)
    expected[first] = whole[first]
    assert torch.equal(cut, expected)
