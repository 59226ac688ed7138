"""Recordings of event cameras: real formats, SpikingJelly's loaders, frames in [0, 1]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ccsrp.errors import DataError, OptionError
from ccsrp.snn.data import SPLITS, Dataset
from ccsrp.snn.downloads import no_downloads
from ccsrp.snn.events import EventFrames, load_events
from tests.snn.recordings import Events, write_cifar10_dvs, write_dvs128_gesture, write_nmnist

FRAMES = EventFrames(steps=4, largest_count=3)


def counted(events: Events, steps: int, size: int) -> np.ndarray:
    """Count events by hand: parts of equally many, the rest in the last."""
    frames = np.zeros((steps, 2, size, size))
    each = len(events["t"]) // steps
    for index, (x, y, p) in enumerate(zip(events["x"], events["y"], events["p"], strict=True)):
        frames[min(index // each, steps - 1), p, y, x] += 1
    return frames


@pytest.fixture(scope="module")
def nmnist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list, Dataset]:
    root = tmp_path_factory.mktemp("nmnist")
    written = write_nmnist(root)
    return root, written, load_events("nmnist", FRAMES, data_dir=root)


def test_frames_of_nmnist_are_its_events_counted_clipped_and_scaled(nmnist) -> None:
    _, written, data = nmnist
    assert {name: data.count(name) for name in SPLITS} == {"train": 90, "validation": 10, "test": 30}
    expected = {
        (np.minimum(counted(events, 4, 34), 3) / 3).astype(np.float32).tobytes(): (part, label)
        for part, label, events in written
    }
    for name in SPLITS:
        images, labels = data.split(name)
        assert images.shape[1:] == (4, 2, 34, 34)
        assert float(images.max()) == 1
        for image, label in zip(images.numpy(), labels.tolist(), strict=True):
            part = "test" if name == "test" else "train"
            assert expected.pop(image.tobytes()) == (part, label)
    assert not expected
    assert data.provenance["largest_count"] == 3


def test_it_is_read_again_without_writing(nmnist) -> None:
    root, _, data = nmnist
    before = {file: file.stat().st_mtime_ns for file in root.rglob("*")}
    with no_downloads():
        again = load_events("nmnist", FRAMES, data_dir=root)
    assert again.provenance == data.provenance
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*")} == before
    with no_downloads(), pytest.raises(DataError, match="holds no frames of nmnist; load it once"):
        load_events("nmnist", EventFrames(steps=5, largest_count=3), data_dir=root)


def test_pooled_pixels_are_counted_together(nmnist) -> None:
    root, written, _ = nmnist
    data = load_events("nmnist", EventFrames(steps=4, largest_count=255, pool=17), data_dir=root)
    images = torch.cat([data.split(name)[0] for name in SPLITS])
    assert images.shape[1:] == (4, 2, 2, 2)
    assert float(images.sum()) * 255 == pytest.approx(sum(len(events["t"]) for *_, events in written))
    with pytest.raises(DataError, match="no squares of 4"):
        load_events("nmnist", EventFrames(steps=4, largest_count=3, pool=4), data_dir=root)


def test_gestures_and_objects_in_their_own_formats(tmp_path: Path) -> None:
    write_dvs128_gesture(tmp_path / "gesture")
    write_cifar10_dvs(tmp_path / "objects")
    frames = EventFrames(steps=2, largest_count=16, pool=2)
    gestures = load_events("dvs128-gesture", frames, data_dir=tmp_path / "gesture")
    assert {name: gestures.count(name) for name in SPLITS} == {"train": 44, "validation": 11, "test": 22}
    objects = load_events("cifar10-dvs", frames, data_dir=tmp_path / "objects")
    assert [objects.count(name) for name in SPLITS] == [96, 12, 12]
    for data, classes in ((gestures, 11), (objects, 10)):
        images, labels = data.split("train")
        assert images.shape[1:] == (2, 2, 64, 64)
        # The bar of a class is where it was drawn; folders are sorted as text, so 10 comes before 2.
        places = images.sum((1, 2, 3)).argmax(1)
        by_class = [places[labels == label].float().median() * 2 for label in range(classes)]
        drawn = sorted(range(classes), key=str) if classes == 11 else range(classes)
        for place, label in zip(by_class, drawn, strict=True):
            assert float(place) == pytest.approx((label + 1) * 128 / 12, abs=4)


def test_what_is_missing_is_asked_for_and_nothing_is_left_behind(tmp_path: Path) -> None:
    for _ in range(2):  # SpikingJelly's own mark would stop a second attempt
        with pytest.raises(DataError, match=r"get Train.zip, Test.zip from https://.* and put them"):
            load_events("nmnist", FRAMES, data_dir=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_damaged_files_are_refused_and_can_be_replaced(tmp_path: Path) -> None:
    write_nmnist(tmp_path, train=10, test=2)
    file = tmp_path / "extract" / "Train" / "3" / "00001.bin"
    whole = file.read_bytes()
    file.write_bytes(bytes([200]) * 100)  # events beyond the edge
    with pytest.raises(DataError, match="cannot load nmnist from") as caught:
        load_events("nmnist", FRAMES, data_dir=tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.building"))
    assert not list(tmp_path.glob("frames*"))
    file.write_bytes(whole)
    (tmp_path / "events_np").rename(tmp_path / "old")
    assert load_events("nmnist", FRAMES, data_dir=tmp_path).count("train") == 90


def test_a_stopped_process_leaves_a_mark_that_is_explained(tmp_path: Path) -> None:
    write_nmnist(tmp_path, train=1, test=1)
    (tmp_path / "events_np.building").touch()
    with pytest.raises(DataError, match=r"events_np is not whole: a process was stopped; remove it"):
        load_events("nmnist", FRAMES, data_dir=tmp_path)


def test_wrong_descriptions_are_refused() -> None:
    with pytest.raises(OptionError, match="unknown data set of events 'mnist'; choose one of nmnist"):
        load_events("mnist", FRAMES)
    for wrong in ({"steps": 0}, {"largest_count": 0}, {"largest_count": 256}, {"pool": 0}):
        with pytest.raises(OptionError):
            EventFrames(**({"steps": 2, "largest_count": 2} | wrong))
