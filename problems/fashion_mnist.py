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
    weights_sha256 = "c229ad207fd2573c8b19fea8aac865adbc7052e76a49206f83d5385ca7b8d08c"
