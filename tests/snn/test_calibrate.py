"""Calibration: statistics of the pruned network's own activations."""

import numpy as np
import torch
from torch import nn

from ccsrp.snn.calibrate import calibrate
from ccsrp.snn.networks import DirectCoding
from problems import DigitsPruning


def test_statistics_become_those_of_the_images() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)).eval()
    images = torch.rand(64, 1, 8, 8)
    calibrate(network, images, batch_size=64)
    with torch.no_grad():
        raw = network[0](images)
    torch.testing.assert_close(network[1].running_mean, raw.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(network[1].running_var, raw.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert network[1].momentum == 0.1
    assert not network[1].training


def test_batches_count_alike() -> None:
    network = nn.Sequential(nn.BatchNorm2d(1)).eval()
    images = torch.cat([torch.zeros(4, 1, 2, 2), torch.ones(4, 1, 2, 2)])
    calibrate(network, images, batch_size=4)
    torch.testing.assert_close(network[0].running_mean, torch.tensor([0.5]))


def test_networks_without_batch_norm_are_left_alone() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    before = network[1].weight.clone()
    calibrate(network, torch.rand(2, 1, 2, 2))
    assert torch.equal(network[1].weight, before)


def test_calibration_recovers_pruned_networks(digits: DigitsPruning, rng: np.random.Generator) -> None:
    """The reason that it is on by default: measured on validation images at 30 % of filters removed."""
    raw = DigitsPruning(calibrate=False, validation_images=300, test_images=40)
    calibrated = DigitsPruning(validation_images=300, test_images=40)
    images, labels = raw.images("validation")

    def accuracy(network: DirectCoding) -> float:
        with torch.no_grad():
            return float((network(images).argmax(1) == labels).float().mean())

    masks = raw.space.random(8, keep=0.7, rng=rng)
    before = np.array([accuracy(raw.network(mask)) for mask in masks])
    after = np.array([accuracy(calibrated.network(mask)) for mask in masks])
    assert np.median(after - before) > 0.05
    assert after.mean() > before.mean() + 0.05
