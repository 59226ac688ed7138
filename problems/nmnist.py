"""N-MNIST: handwritten digits before a moving event camera."""

from __future__ import annotations

from problems.events import EventPruning

__all__ = ["NMnistPruning"]


class NMnistPruning(EventPruning):
    """34x34 events of digits, 160 filters in 3 layers, T=5, eps 0.1; bring the files, train it first."""

    key = "nmnist"
    dataset_name = "nmnist"
    network_name = "nmnist"
    time_steps = 5
    largest_count = 8
    eps = 0.1
