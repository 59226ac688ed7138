"""CIFAR10-DVS: images of objects before a moving event camera."""

from __future__ import annotations

from problems.events import EventPruning

__all__ = ["Cifar10DvsPruning"]


class Cifar10DvsPruning(EventPruning):
    """Events of objects on 64x64, 704 filters in 4 layers, T=10, eps 8/255; train it first.

    There is no official test part: a fixed tenth of each class is held out, at random. Many papers test on
    the first hundred recordings of each class instead, where accuracy is higher.
    """

    key = "cifar10-dvs"
    dataset_name = "cifar10-dvs"
    network_name = "cifar10-dvs"
    time_steps = 10
    largest_count = 16
    pool = 2
    eps = 8 / 255
