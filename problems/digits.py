"""Handwritten digits, 8x8 (scikit-learn)."""

from __future__ import annotations

from problems.shipped import ShippedPruning

__all__ = ["DigitsPruning"]


class DigitsPruning(ShippedPruning):
    """8x8 digits, 80 filters in 3 layers, T=4, eps 0.1; everything ships."""

    key = "digits"
    dataset_name = "digits"
    network_name = "digits"
    eps = 0.1
    default_validation_images = 300
    default_test_images = 300
    weights_sha256 = "e53d159e97a3567666edb4d349b14039999e90ffd82e586985766caa57a67732"
