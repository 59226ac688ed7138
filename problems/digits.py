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
    weights_sha256 = "0ceb8ca90b7118e7f19f9dd1a8299c13c959475740d5d5adffe03113864bd234"
