"""Random masks of every problem against plain SpikingJelly and torchattacks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchattacks
import torchvision.datasets
from spikingjelly.activation_based import functional

from ccsrp.attack.pgd import Attack
from ccsrp.snn.networks import DirectCoding, build_network
from ccsrp.snn.weights import save_weights
from problems import Cifar10Pruning, DigitsPruning, FashionMnistPruning, SpikingPruning, SvhnPruning
from tests.conftest import make_lively


class PlainLoop(torch.nn.Module):
    """The network as SpikingJelly's users run it: step by step, averaged over time, state reset by hand."""

    def __init__(self, network: DirectCoding) -> None:
        super().__init__()
        self.layers = network.network
        self.time_steps = network.time_steps
        functional.set_step_mode(self.layers, "s")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        functional.reset_net(self.layers)
        return torch.stack([self.layers(images) for _ in range(self.time_steps)]).mean(0)


def compare(standard: SpikingPruning, sharp: SpikingPruning, *, masks: int = 10, turned: int = 0) -> None:
    """Compare both attacks; rounding may turn the class of ``turned`` clean images."""
    rng = np.random.default_rng(11)
    drawn = standard.space.random(masks, keep=rng.uniform(0.4, 1.0, masks), rng=rng)
    images, labels = standard.images("validation")
    attack = standard.attack
    image = 1 / len(labels) + 1e-9
    sharp_errors = sharp.evaluate(drawn)[:, 1]
    for mask, ours, sharp_error in zip(drawn, standard.evaluate(drawn), sharp_errors, strict=True):
        plain = PlainLoop(standard.network(mask)).eval()
        with torch.no_grad():
            accuracy = float((plain(images).argmax(1) == labels).double().mean())
        pgd = torchattacks.PGD(plain, eps=attack.eps, alpha=attack.step_size, steps=attack.steps)
        torch.manual_seed(attack.seed)
        attacked = pgd(images, labels)
        with torch.no_grad():
            robust = float((plain(attacked).argmax(1) == labels).double().mean())
        assert 1 - ours[0] == pytest.approx(accuracy, abs=turned * image + 1e-12)
        assert abs(1 - ours[1] - robust) <= image
        assert 1 - sharp_error <= robust + image


def test_digits(digits_standard: DigitsPruning, digits: DigitsPruning) -> None:
    compare(digits_standard, digits)


def test_fashion_mnist(fashion_options: dict[str, int], fashion: FashionMnistPruning) -> None:
    compare(FashionMnistPruning(attack="standard", **fashion_options), fashion)


class MadeColours:
    """Made 32x32 images, labelled by the network under test, so that accuracy has something to lose.

    Stands in for torchvision's CIFAR10 and SVHN classes.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        images = np.random.default_rng(0).integers(0, 256, (160, 3, 32, 32), dtype=np.uint8)
        with torch.no_grad():
            scores = DirectCoding(network, time_steps=4).eval()(torch.from_numpy(images).float() / 255)
        labels = scores.argmax(1).numpy()
        kept = np.isin(labels, np.flatnonzero(np.bincount(labels, minlength=10) >= 16))
        self.images, self.labels = images[kept], labels[kept]

    def cifar10(self, root: object, *, train: bool, download: bool) -> SimpleNamespace:
        return SimpleNamespace(data=self.images.transpose(0, 2, 3, 1), targets=self.labels.tolist())

    def svhn(self, root: object, *, split: str, download: bool) -> SimpleNamespace:
        return SimpleNamespace(data=self.images, labels=self.labels)


@pytest.mark.parametrize(
    ("kind", "theirs", "name", "images", "masks"),
    [
        (Cifar10Pruning, "CIFAR10", "vgg11", 12, 10),
        (SvhnPruning, "SVHN", "vgg11", 12, 10),
        (Cifar10Pruning, "CIFAR10", "vgg16", 6, 2),
        (SvhnPruning, "SVHN", "resnet18", 6, 2),
        (SvhnPruning, "SVHN", "sew_resnet18", 6, 2),
    ],
)
def test_colour_problems_on_made_images(tmp_path, monkeypatch, kind, theirs, name, images, masks) -> None:
    network = make_lively(build_network(name))
    made = MadeColours(network)
    monkeypatch.setattr(torchvision.datasets, theirs, getattr(made, theirs.lower()))
    save_weights(network, tmp_path / "w.safetensors")

    def problem(attack: Attack) -> SpikingPruning:
        return kind(
            network=name,
            weights=tmp_path / "w.safetensors",
            data_dir=tmp_path,
            attack=attack,
            calibrate=False,  # the labels are those of the network as it is
            validation_images=images,
            test_images=4,
        )

    # Untrained networks decide by a hair: one spike that rounding tips over the threshold may turn a class.
    standard = problem(Attack.standard(eps=0.25 / 255, steps=2))
    dense = standard.evaluate(standard.space.full()[None])[0]
    assert dense[0] == 0, "the dense network is right on every image"
    compare(standard, problem(Attack.sharp(eps=0.25 / 255, steps=2)), masks=masks, turned=1)
