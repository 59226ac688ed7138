"""A user's own data: read once, kept to the last bit, divided once and for all, or refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import Subset, TensorDataset
from torchvision.transforms import ToTensor

from ccsrp.errors import DataError
from ccsrp.snn.data import SPLITS, Dataset


class Listed:
    """The least that a data set can be."""

    def __init__(self, items: list) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int):
        return self.items[index]


def floats(count: int = 30, classes: int = 3, shape: tuple[int, ...] = (2, 5, 4)) -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    return TensorDataset(torch.rand(count, *shape, generator=generator), torch.arange(count) % classes)


def test_an_image_folder_as_torchvision_reads_it_is_kept_to_the_last_bit(tmp_path) -> None:
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog", "eel"):
        (tmp_path / kind).mkdir()
        for number in range(10):
            pixels = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / f"{number}.png")
    plain = torchvision.datasets.ImageFolder(tmp_path)
    as_tensors = torchvision.datasets.ImageFolder(tmp_path, transform=ToTensor())
    one = Dataset.of(train=plain, test=0.2, validation=6)
    other = Dataset.of(train=as_tensors, test=0.2, validation=6)
    assert {name: one.count(name) for name in SPLITS} == {"train": 18, "validation": 6, "test": 6}
    expected = {image.numpy().tobytes(): label for image, label in as_tensors}
    for name in SPLITS:
        images, labels = one.split(name)
        assert torch.equal(images, other.split(name)[0])
        assert one.images[name].dtype == other.images[name].dtype == np.uint8
        assert torch.bincount(labels).unique().numel() == 1, "every class has its share"
        for image, label in zip(images, labels, strict=True):
            assert expected.pop(image.numpy().tobytes()) == label
    assert not expected, "every image is in one split"
    assert one.provenance == other.provenance


def test_other_floats_stay_floats_and_mixed_data_too() -> None:
    data = Dataset.of(train=floats(), test=Listed([(torch.full((2, 5, 4), 51, dtype=torch.uint8), 1)] * 3))
    assert {array.dtype for array in data.images.values()} == {np.dtype(np.float32)}
    assert torch.equal(data.split("test")[0], torch.full((3, 2, 5, 4), 51 / 255))
    given = {image.numpy().tobytes() for image, _ in floats()}
    kept = {image.numpy().tobytes() for name in ("train", "validation") for image in data.split(name)[0]}
    assert kept == given
    data.split("train")[0].zero_()
    assert float(data.split("train")[0].max()) > 0, "a caller's images are its own"


@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(4, 12), min_size=1, max_size=6), held=st.floats(0.3, 0.4))
def test_the_division_is_a_partition_that_depends_on_the_labels_alone(counts, held) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    values = (np.arange(len(labels)) / len(labels)).astype(np.float32)
    items = [(np.full((1, 1, 1), value), label) for value, label in zip(values, labels, strict=True)]
    made = Dataset.of(train=Listed(items), test=held, validation=held)
    seen = torch.cat([made.split(name)[0].flatten() for name in SPLITS])
    np.testing.assert_array_equal(seen.sort().values, values)
    darker = Listed([(image / 2, label) for image, label in items])
    other = Dataset.of(train=darker, test=held, validation=held)
    for name in SPLITS:
        assert torch.equal(made.split(name)[0], other.split(name)[0] * 2)
    assert made.provenance != other.provenance


def test_counts_of_events_are_clipped_and_scaled() -> None:
    frames = np.random.default_rng(0).poisson(2.0, (20, 3, 2, 4, 4)).astype(np.float32)
    data = Dataset.of(
        train=Listed([(frame, index % 2) for index, frame in enumerate(frames)]), test=4, largest_count=4
    )
    assert data.images["train"].dtype == np.uint8
    images = torch.cat([data.split(name)[0] for name in SPLITS])
    assert images.shape == (20, 3, 2, 4, 4)
    assert sorted(images.unique().tolist()) == [0, 0.25, 0.5, 0.75, 1]
    assert float(images.sum()) == pytest.approx(np.minimum(frames, 4).sum() / 4)


class Noisy(Listed):
    def __getitem__(self, index: int):
        return torch.rand(1, 4, 4), 0


class Broken(Listed):
    def __getitem__(self, index: int):
        raise OSError("disk\nfull")


PIXELS = torch.zeros(1, 4, 4)


@pytest.mark.parametrize(
    ("train", "says"),
    [
        (Listed([]), "the train data is empty"),
        (iter([]), "has no length"),
        (Listed([PIXELS]), "item 0 of the train data is a Tensor; it must be a pair"),
        (
            Listed([(PIXELS, 0), (torch.zeros(1, 5, 4), 0)]),
            "image 1 of the train data is 1x5x4, image 0 1x4x4",
        ),
        (Listed([(PIXELS - 1, 0)]), r"from -1 to -1; pixels must lie in \[0, 1\].*leave Normalize out"),
        (Listed([(PIXELS / 0, 0)]), "values from nan to nan"),
        (Listed([(PIXELS.long(), 0)]), "dtype int64; images are uint8, or floats"),
        (Listed([(torch.zeros(4), 0)]), r"is 4; an image is \[C, H, W\]"),
        (Listed([(np.zeros((8, 8, 3)), 0)]), "channels come first; add torchvision's ToTensor"),
        (Listed([("cat.png", 0)]), "holds a str"),
        (Listed([(Image.new("RGBA", (4, 4)), 0)]), "mode RGBA; convert it to L or RGB"),
        (Listed([(PIXELS, -1)]), "has the label -1"),
        (Listed([(PIXELS, 1.5)]), "has the label 1.5"),
        (Listed([(PIXELS, "cat")]), "has the label cat"),
        (Noisy([0]), "another when it is read again; leave random transforms out"),
        (Broken([0]), "cannot read item 0 of the train data .OSError: disk full"),
        (floats(10, classes=9), "cannot be divided by class"),
    ],
)
def test_wrong_items_are_named(train, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        Dataset.of(train=train, test=0.2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 1.0, -3, 30, True, 2.5])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(DataError, match="test must be a data set, a share"):
        Dataset.of(train=floats(), test=share)


def test_parts_of_other_shapes_and_wrong_counts_are_refused() -> None:
    with pytest.raises(DataError, match="images of the test data are 2x4x4, those of the train data 2x5x4"):
        Dataset.of(train=floats(), test=floats(shape=(2, 4, 4)))
    with pytest.raises(DataError, match="other values than counts"):
        Dataset.of(train=floats(), test=0.2, largest_count=3)
    with pytest.raises(DataError, match="largest_count must be a whole number from 1 to 255"):
        Dataset.of(train=floats(), test=0.2, largest_count=256)


def test_parts_that_are_given_stay_whole() -> None:
    whole = floats(40)
    places = {"train": (0, 20), "validation": (20, 30), "test": (30, 40)}
    data = Dataset.of(**{name: Subset(whole, range(*ends)) for name, ends in places.items()})
    for name, (first, last) in places.items():
        images = {image.numpy().tobytes() for image in data.split(name)[0]}
        assert images == {whole[index][0].numpy().tobytes() for index in range(first, last)}
