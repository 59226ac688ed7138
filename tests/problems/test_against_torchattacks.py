"""Ten random masks of every problem against plain SpikingJelly and torchattacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchattacks
import torchvision.datasets
from spikingjelly.activation_based import base, functional

from ccsrp.snn.networks import DirectCoding, build_network
from ccsrp.snn.weights import save_weights
from problems import Cifar10Pruning, DigitsPruning, FashionMnistPruning, SpikingPruning, SvhnPruning
from tests.conftest import make_lively
from tests.snn.test_data import MadeCifar, MadeSvhn


class PlainLoop(torch.nn.Module):
    """The network as SpikingJelly's users run it: step by step, summed over time, state reset by hand."""

    def __init__(self, network: DirectCoding) -> None:
        super().__init__()
        self.layers = network.network
        self.time_steps = network.time_steps
        functional.set_step_mode(self.layers, "s")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        functional.reset_net(self.layers)
        return torch.stack([self.layers(images) for _ in range(self.time_steps)]).mean(0)


def compare(standard: SpikingPruning, sharp: SpikingPruning, *, masks: int = 10) -> None:
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
        assert 1 - ours[0] == pytest.approx(accuracy, abs=1e-12)
        assert abs(1 - ours[1] - robust) <= image
        assert 1 - sharp_error <= robust + image


def test_digits(digits_standard: DigitsPruning, digits: DigitsPruning) -> None:
    compare(digits_standard, digits)


def test_fashion_mnist(fashion_options: dict[str, int], fashion: FashionMnistPruning) -> None:
    compare(FashionMnistPruning(attack="standard", **fashion_options), fashion)


@pytest.mark.parametrize(
    ("kind", "theirs", "made", "network"),
    [
        (Cifar10Pruning, "CIFAR10", MadeCifar, "vgg11"),
        (Cifar10Pruning, "CIFAR10", MadeCifar, "vgg16"),
        (SvhnPruning, "SVHN", MadeSvhn, "resnet18"),
        (SvhnPruning, "SVHN", MadeSvhn, "sew_resnet18"),
    ],
)
def test_colour_problems_on_made_images(tmp_path, monkeypatch, kind, theirs, made, network) -> None:
    monkeypatch.setattr(torchvision.datasets, theirs, made)
    weights = tmp_path / "w.safetensors"
    save_weights(make_lively(build_network(network)), weights)
    options = {
        "network": network,
        "weights": weights,
        "data_dir": tmp_path,
        "validation_images": 4,
        "calibration_images": 8,
        "test_images": 4,
        "steps": 2,
    }
    standard = kind(attack="standard", **options)
    assert standard.space.n_var > 1000
    assert any(isinstance(m, base.MemoryModule) for m in standard.network().modules())
    compare(standard, kind(attack="sharp", **options), masks=2)
