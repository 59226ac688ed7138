"""SVHN, 32x32 colour images of house numbers."""

from __future__ import annotations

from problems.shipped import ShippedPruning

__all__ = ["SvhnPruning"]


class SvhnPruning(ShippedPruning):
    """32x32 numbers, spiking VGG-16 (or vgg11, resnet18, sew_resnet18), T=4, eps 8/255; train it first."""

    key = "svhn"
    dataset_name = "svhn"
    network_name = "vgg16"
    eps = 8 / 255
