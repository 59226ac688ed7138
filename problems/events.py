"""Pruning of spiking networks that see recordings of event cameras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from problems.shipped import ShippedPruning

if TYPE_CHECKING:
    from ccsrp.snn.data import Dataset

__all__ = ["EventPruning"]


class EventPruning(ShippedPruning):
    """A named network on frames of events; subclasses fill in the class attributes.

    A recording is cut into ``time_steps`` frames of equally many events, one for each time step. Events of
    ``pool`` x ``pool`` pixels are counted together; counts above ``largest_count`` are clipped to it, and it
    stands for 1.0, which are the units of eps.

    Parameters
    ----------
    attack, steps, seed, cost, calibrate, validation_images, calibration_images, test_images
        See ``ShippedPruning``; an image is a recording.
    network, weights, device
        See ``ShippedPruning``.
    data_dir : path, optional
        Folder of this data set: see ``ccsrp.snn.events.load_events``.
    """

    largest_count: ClassVar[int]
    pool: ClassVar[int] = 1

    @classmethod
    def dataset(cls, *, data_dir: str | Path | None = None) -> Dataset:
        """Load the recordings as frames, with their fixed splits."""
        from ccsrp.snn.events import EventFrames, load_events

        frames = EventFrames(steps=cls.time_steps, largest_count=cls.largest_count, pool=cls.pool)
        return load_events(cls.dataset_name, frames, data_dir=None if data_dir is None else Path(data_dir))
