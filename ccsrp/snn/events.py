"""Recordings of event cameras as frames, through SpikingJelly's loaders.

A frame counts the events of each pixel and polarity in its part of a recording. Counts above a largest one
are clipped to it, and it stands for 1.0, so that frames lie in [0, 1] as images do. An attack's eps is in
these units: with a largest count of 8, eps 0.125 is one event more or less for each pixel and polarity of
each frame.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ccsrp.checks import check_count
from ccsrp.errors import CcsrpError, DataError, OptionError, one_line
from ccsrp.files import missing_folders, remove_unused
from ccsrp.snn.data import Dataset, default_data_dir
from ccsrp.snn.downloads import downloads_allowed

__all__ = ["EVENTS", "EventFrames", "load_events"]

# What SpikingJelly makes in a data set's folder: recordings, and its mark on what is not whole.
RECORDINGS, UNFINISHED = "events_np", ".building"


@dataclass(frozen=True, kw_only=True)
class EventFrames:
    """How a recording becomes frames.

    Parameters
    ----------
    steps : int
        T. A recording is cut into that many parts of equally many events (SpikingJelly's
        ``split_by="number"``), one for each frame and time step.
    largest_count : int
        Counts above are clipped to it, and it stands for 1.0; from 1 to 255.
    pool : int
        Events of squares of ``pool`` x ``pool`` pixels are counted together.
    """

    steps: int
    largest_count: int
    pool: int = 1

    def __post_init__(self) -> None:
        check_count("steps (frames of a recording)", self.steps, most=10_000)
        check_count("largest_count", self.largest_count, most=255)
        check_count("pool", self.pool, most=1000)

    def pooled(self, frames: NDArray[Any]) -> NDArray[Any]:
        """Count events of squares together: [T, 2, H, W] -> [T, 2, H / pool, W / pool]."""
        steps, polarities, height, width = frames.shape
        if height % self.pool or width % self.pool:
            raise DataError(
                f"frames of {height}x{width} pixels have no squares of {self.pool}; choose pool 1"
            )
        squares = (height // self.pool, self.pool, width // self.pool, self.pool)
        counted: NDArray[Any] = frames.reshape(steps, polarities, *squares).sum(axis=(3, 5))
        return counted


@dataclass(frozen=True)
class _Source:
    """A data set of SpikingJelly's: its module and class, and the share held out for validation and test."""

    module: str
    name: str
    validation: float
    test: float | None = None  # where there is no official test part

    @property
    def kind(self) -> Any:
        return getattr(importlib.import_module(f"spikingjelly.datasets.{self.module}"), self.name)


EVENTS = {
    "nmnist": _Source("n_mnist", "NMNIST", validation=0.1),
    "cifar10-dvs": _Source("cifar10_dvs", "CIFAR10DVS", validation=0.1, test=0.1),
    "dvs128-gesture": _Source("dvs128_gesture", "DVS128Gesture", validation=0.2),
}


def load_events(name: str, frames: EventFrames, *, data_dir: Path | None = None) -> Dataset:
    """Load recordings of events as frames, uint8 [N, T, 2, H, W] inside, with fixed splits.

    What SpikingJelly can download, it does; the rest must be brought. It keeps recordings and frames on disk.

    Parameters
    ----------
    name : {"nmnist", "cifar10-dvs", "dvs128-gesture"}
    frames : EventFrames
    data_dir : Path, optional
        Folder of this data set, with the files as published in ``download``, or unpacked in ``extract``, or
        SpikingJelly's ``events_np``. By default a folder of its own in ``default_data_dir()``.

    Raises
    ------
    DataError
        The files are missing and cannot be downloaded, or are damaged.
    """
    if name not in EVENTS:
        raise OptionError(f"unknown data set of events {name!r}; choose one of {', '.join(EVENTS)}")
    source = EVENTS[name]
    root = data_dir or default_data_dir() / source.name
    made = f"frames_number_{frames.steps}_split_by_number"
    if not (root / made).is_dir() or os.path.exists(root / (made + UNFINISHED)):
        _check_source(name, source, root, may_write=data_dir is None or downloads_allowed())
    options = {
        "data_type": "frame",
        "frames_number": frames.steps,
        "split_by": "number",
        "transform": frames.pooled,
    }
    with _all_or_nothing(root, made):
        try:
            root.mkdir(parents=True, exist_ok=True)
            if not (root / RECORDINGS).is_dir() and (root / "extract").is_dir():
                _record(source.kind, root)
            if source.test is not None:
                data = Dataset.of(
                    train=source.kind(root, **options),
                    test=source.test,
                    validation=source.validation,
                    largest_count=frames.largest_count,
                )
            else:
                train, test = (source.kind(root, train=part, **options) for part in (True, False))
                if train.classes != test.classes:
                    raise DataError(f"{root} has other classes for training than for test; fetch {name} anew")
                data = Dataset.of(
                    train=train, test=test, validation=source.validation, largest_count=frames.largest_count
                )
        except CcsrpError:
            raise
        except Exception as error:  # SpikingJelly and the network raise many kinds
            raise DataError(
                f"cannot load {name} from {root} ({type(error).__name__}: {one_line(error)}); fetch it anew"
            ) from error
    said = {"events": name, "split_by": "number"} | asdict(frames)
    return replace(data, provenance=dict(data.provenance) | said)


def _check_source(name: str, source: _Source, root: Path, *, may_write: bool) -> None:
    """See that frames can be made from what is in a folder, before SpikingJelly begins to."""
    unfinished = sorted(root.glob(f"*{UNFINISHED}"))
    if unfinished:
        whole = unfinished[0].with_suffix("")
        raise DataError(f"{whole} is not whole: a process was stopped; remove it and {unfinished[0]}")
    if not may_write:
        raise DataError(f"{root} holds no frames of {name}; load it once with this folder as data_dir")
    if any((root / folder).is_dir() for folder in (RECORDINGS, "extract")) or source.kind.downloadable():
        return
    missing = [
        file for file, *_ in source.kind.resource_url_md5() if not os.path.isfile(root / "download" / file)
    ]
    if missing:
        address = source.kind.resource_url_md5()[0][1]
        raise DataError(
            f"{name} cannot be downloaded by SpikingJelly; get {', '.join(missing)} from {address} and put "
            f"them into {root / 'download'}"
        )


def _record(kind: Any, root: Path) -> None:
    """Turn published files that are unpacked already into SpikingJelly's recordings."""
    made = root / f"{RECORDINGS}.tmp"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    try:
        kind.create_raw_from_extracted(root / "extract", made)
        made.rename(root / RECORDINGS)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _all_or_nothing(root: Path, frames: str) -> Iterator[None]:
    """Take away what SpikingJelly has begun and not finished, where the ``with`` block fails.

    It leaves a mark that keeps it from beginning anew. Downloads stay: it checks them.
    """
    new = missing_folders(root / "download")
    absent = [name for name in (RECORDINGS, "extract", frames) if not (root / name).exists()]
    try:
        yield
    except BaseException:
        for name in (RECORDINGS, frames):
            mark = root / (name + UNFINISHED)
            if name in absent and mark.exists():
                shutil.rmtree(root / name, ignore_errors=True)
                if name == RECORDINGS and "extract" in absent:
                    shutil.rmtree(root / "extract", ignore_errors=True)
                mark.unlink()
        remove_unused(new)
        raise
