"""DVS128 Gesture: hands and arms before an event camera."""

from __future__ import annotations

from problems.events import EventPruning

__all__ = ["Dvs128GesturePruning"]


class Dvs128GesturePruning(EventPruning):
    """Events of gestures on 64x64, 352 filters in 4 layers, T=16, eps 8/255; bring the files, train first."""

    key = "dvs128-gesture"
    dataset_name = "dvs128-gesture"
    network_name = "dvs128-gesture"
    time_steps = 16
    largest_count = 16
    pool = 2
    eps = 8 / 255
    default_validation_images = 200
    default_test_images = 288
