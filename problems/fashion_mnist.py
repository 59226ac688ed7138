"""Fashion-MNIST, 28x28 grey images of clothing."""

from __future__ import annotations

from problems.shipped import ShippedPruning

__all__ = ["FashionMnistPruning"]


class FashionMnistPruning(ShippedPruning):
    """28x28 clothing, 240 filters in 4 layers, T=4, eps 8/255; weights ship, images are downloaded."""

    key = "fashion-mnist"
    dataset_name = "fashion-mnist"
    network_name = "fashion"
    eps = 8 / 255
    weights_sha256 = "0d35280e95321963728fdaffc8340e8c9cb4521a7ce2424059bfba57df1f5904"
