"""CIFAR-10, 32x32 colour images of objects."""

from __future__ import annotations

from problems.shipped import ShippedPruning

__all__ = ["Cifar10Pruning"]


class Cifar10Pruning(ShippedPruning):
    """32x32 objects, spiking VGG-16 (or vgg11, resnet18, sew_resnet18), T=4, eps 8/255; train it first."""

    key = "cifar10"
    dataset_name = "cifar10"
    network_name = "vgg16"
    eps = 8 / 255
