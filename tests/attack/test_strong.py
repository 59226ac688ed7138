"""What the strong attack promises: rounds that only ever find more, and answers that follow the image."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

from ccsrp.attack.gradient import Classifier, LossName
from ccsrp.attack.noise import ImageNoise
from ccsrp.attack.pgd import Attack, StrongAttack, perturb, random_start, robust_images, surviving_images
from ccsrp.errors import OptionError
from problems import DigitsPruning

IMAGES = 30
SHORT = Attack.strong(eps=0.1, steps=5, rounds=6)


@pytest.fixture(scope="module")
def batch(digits: DigitsPruning) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = digits.images("validation")
    return images[:IMAGES], labels[:IMAGES]


@pytest.fixture(scope="module")
def compiled(digits: DigitsPruning) -> Classifier:
    mask = digits.space.random(1, keep=0.8, rng=np.random.default_rng(1))[0]
    return digits.audit_case(mask)[0].network


def survivors(network: Classifier, batch, attack: Attack, chosen: torch.Tensor | None = None) -> torch.Tensor:
    chosen = torch.arange(IMAGES) if chosen is None else chosen
    start = random_start(batch[0], attack)[chosen]
    images, labels = (tensor[chosen] for tensor in batch)
    with torch.no_grad():
        right = network(images).argmax(1) == labels
    return robust_images(network, images, labels, start, attack, right=right)


@dataclass
class Watched:
    """A network that remembers the points that it was shown, and whether they were classified rightly."""

    network: Classifier
    label: torch.Tensor
    points: list[torch.Tensor] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return self._watch(images, self.network(images))

    def loss_gradient(self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str):
        logits, gradient = self.network.loss_gradient(images, labels, loss=loss, surrogate=surrogate)
        return self._watch(images, logits), gradient

    def _watch(self, images: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        self.points.append(images.clone())
        self.right += (logits.argmax(1) == self.label).tolist()
        return logits


def test_an_image_is_robust_when_every_point_that_was_tried_is_right(compiled, batch) -> None:
    for place in range(IMAGES):
        image, label = batch[0][place : place + 1], batch[1][place : place + 1]
        watched = Watched(compiled, label)
        found = survivors(watched, batch, SHORT, torch.tensor([place]))
        assert bool(found) == all(watched.right)
        tried = torch.cat(watched.points)
        assert float((tried - image).abs().max()) <= SHORT.eps + 1e-6
        assert 0 <= float(tried.min()) <= float(tried.max()) <= 1


def test_it_finds_more_than_sharp_whatever_the_seed(compiled, batch) -> None:
    sharp = survivors(compiled, batch, Attack.sharp(eps=0.1))
    for seed in (0, 1):
        strong = survivors(compiled, batch, Attack.strong(eps=0.1, seed=seed))
        assert 0 < int(strong.sum()) <= int(sharp.sum()) - 2


def test_more_patience_costs_more_passes(compiled, batch) -> None:
    passes = []
    for patience in (0.1, 0.6, 1e9):
        watched = Watched(compiled, torch.tensor(0))
        survivors(watched, batch, replace(SHORT, patience=patience))
        passes.append(sum(len(points) for points in watched.points))
    assert passes[0] < passes[1] < passes[2]


def test_flags_only_fall(compiled, batch) -> None:
    images, labels = batch
    right = compiled(images).argmax(1) == labels
    before, seen = right, 0
    for flags in surviving_images(compiled, *batch, random_start(images, SHORT), SHORT, right=right):
        assert not (flags & ~before).any()
        before, seen = flags, seen + 1
    assert seen > SHORT.steps
    assert torch.equal(before, survivors(compiled, batch, SHORT))


def test_an_answer_depends_neither_on_company_nor_on_order(compiled, batch) -> None:
    together = survivors(compiled, batch, SHORT)
    order = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(0))
    assert torch.equal(survivors(compiled, batch, SHORT, order), together[order])
    alone = torch.cat([survivors(compiled, batch, SHORT, torch.tensor([place])) for place in range(IMAGES)])
    assert torch.equal(alone, together)
    assert 0 < int(together.sum()) < IMAGES


def test_noise_follows_its_image() -> None:
    start = torch.rand(50, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    places, order = torch.arange(50), torch.arange(49, -1, -1)
    noise = ImageNoise(start).uniform(places, draw=1)
    assert noise.shape == start.shape
    assert torch.equal(ImageNoise(start[order]).uniform(places, draw=1), noise[order])
    assert torch.equal(ImageNoise(start).uniform(order[:7], draw=1), noise[order[:7]])
    assert not torch.isclose(noise, ImageNoise(start).uniform(places, draw=2)).all(1).any()
    assert -1 <= float(noise.min()) < -0.99
    assert 0.99 < float(noise.max()) < 1
    # 2400 uniform numbers: mean 0, variance 1/3, and no image like another.
    assert abs(float(noise.mean())) < 0.05
    assert float(noise.var()) == pytest.approx(1 / 3, abs=0.03)
    assert float(torch.corrcoef(noise.flatten(1)).fill_diagonal_(0).abs().max()) < 0.6


def test_images_without_hope_are_given_up_and_count_as_robust() -> None:
    class Unmoved:
        """A network that no change of an image moves."""

        passes = 0

        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            self.passes += 1
            return torch.tensor([1.0, 0.0]).repeat(len(images), 1)

        def loss_gradient(
            self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
        ):
            return self(images), torch.zeros_like(images)

    network, images, labels = Unmoved(), torch.rand(4, 1, 8, 8), torch.tensor([0, 0, 0, 1])
    right = labels == 0
    found = robust_images(network, images, labels, random_start(images, SHORT), SHORT, right=right)
    assert torch.equal(found, right)
    assert network.passes == 1 + SHORT.steps + 1, "the clean image, and a single round"


def test_torch_and_compiled_networks_agree(digits: DigitsPruning, batch) -> None:
    attack = Attack.strong(eps=0.1, steps=5, rounds=3)
    network = digits.network()
    fast = digits.audit_case(digits.space.full())[0].network
    # Sums in another order turn a spike now and then, and what follows goes another way.
    assert int((survivors(network, batch, attack) != survivors(fast, batch, attack)).sum()) <= 2


def test_training_takes_one_round_of_plain_pgd(compiled, batch) -> None:
    start = random_start(batch[0], SHORT)
    once = Attack.sharp(eps=SHORT.eps, steps=SHORT.steps)
    assert torch.equal(perturb(compiled, *batch, start, SHORT), perturb(compiled, *batch, start, once))


def test_problems_know_it_by_name() -> None:
    attack = DigitsPruning.named_attack("strong", seed=3)
    assert attack == Attack.strong(eps=0.1, seed=3)
    assert isinstance(attack, StrongAttack)
    assert DigitsPruning.named_attack("strong", steps=4).steps == 4
    for text in ("20 steps", "50 rounds", "ATan(alpha=6.0)", "ATan(alpha=10.0)", "seed 3"):
        assert text in attack.describe()


@pytest.mark.parametrize(
    "wrong", [{"rounds": 0}, {"near_surrogate": "what"}, {"steps": 0}, {"patience": 0.0}]
)
def test_impossible_attacks_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        Attack.strong(**({"eps": 0.1} | wrong))
    with pytest.raises(OptionError):
        replace(SHORT, every_iterate=False)
