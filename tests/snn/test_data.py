"""Data sets: fixed splits, real loaders, damaged files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.datasets
from sklearn.datasets import load_digits

from ccsrp.errors import DataError, OptionError
from ccsrp.snn.data import SPLITS, load_dataset


def test_digits_are_scikit_learns_divided_once_and_for_all() -> None:
    first, again = load_dataset("digits"), load_dataset("digits")
    assert [len(first.labels[name]) for name in SPLITS] == [1197, 300, 300]
    for name in SPLITS:
        assert torch.equal(first.split(name)[0], again.split(name)[0])
    everything = np.concatenate([first.images[name] for name in SPLITS]).reshape(1797, -1)
    bunch = load_digits()
    assert sorted(map(tuple, everything.tolist())) == sorted(map(tuple, bunch.data.astype(int).tolist()))


def test_images_lie_between_zero_and_one_and_every_class_has_its_share() -> None:
    data = load_dataset("digits")
    for name in SPLITS:
        images, labels = data.split(name)
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert float(images.min()) == 0
        assert float(images.max()) == 1
        shares = torch.bincount(labels, minlength=10) / len(labels)
        assert float(shares.min()) > 0.08


def test_a_smaller_count_is_the_beginning_of_the_split() -> None:
    data = load_dataset("digits")
    assert torch.equal(data.split("test", 50)[0], data.split("test")[0][:50])


@pytest.mark.parametrize(("split", "count"), [("dev", None), ("test", 301), ("test", 0)])
def test_impossible_splits_are_refused(split: str, count: int | None) -> None:
    with pytest.raises(OptionError):
        load_dataset("digits").split(split, count)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_fashion(folder: Path, *, count: int = 200) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {
        f"{prefix}-{kind}": array
        for prefix in ("train", "t10k")
        for kind, array in (
            ("images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)),
            ("labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8)),
        )
    }
    for name, array in arrays.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    return arrays


def test_fashion_mnist_is_read_from_compressed_idx_files(tmp_path: Path) -> None:
    arrays = write_fashion(tmp_path)
    data = load_dataset("fashion-mnist", data_dir=tmp_path)
    assert {name: len(data.labels[name]) for name in SPLITS} == {"train": 160, "validation": 40, "test": 200}
    shown = {image.tobytes() for image in data.images["test"]}
    assert shown == {image.tobytes() for image in arrays["t10k-images-idx3-ubyte"]}
    pool = {image.tobytes() for name in ("train", "validation") for image in data.images[name]}
    assert pool == {image.tobytes() for image in arrays["train-images-idx3-ubyte"]}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:1000], id="truncated"),
        pytest.param(lambda content: b"not a gzip file", id="not compressed"),
        pytest.param(lambda content: gzip.compress(gzip.decompress(content)[:-1]), id="a byte short"),
        pytest.param(lambda content: gzip.compress(b""), id="empty"),
        pytest.param(
            lambda content: gzip.compress(idx(np.zeros((3, 28, 28), np.uint8))), id="fewer than labels"
        ),
    ],
)
def test_damaged_fashion_mnist_is_refused_in_one_line(tmp_path: Path, damage) -> None:
    write_fashion(tmp_path)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataError) as caught:
        load_dataset("fashion-mnist", data_dir=tmp_path)
    assert "\n" not in str(caught.value)
    assert "anew" in str(caught.value)


class MadeCifar:
    def __init__(self, root, *, train: bool, download: bool) -> None:
        rng = np.random.default_rng(int(train))
        self.data = rng.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
        self.targets = (np.arange(60) % 10).tolist()


class MadeSvhn:
    def __init__(self, root, *, split: str, download: bool) -> None:
        rng = np.random.default_rng(len(split))
        self.data = rng.integers(0, 256, (60, 3, 32, 32), dtype=np.uint8)
        self.labels = np.arange(60) % 10


@pytest.mark.parametrize(
    ("name", "theirs", "made"), [("cifar10", "CIFAR10", MadeCifar), ("svhn", "SVHN", MadeSvhn)]
)
def test_colour_images_come_from_torchvision(tmp_path, monkeypatch, name, theirs, made) -> None:
    monkeypatch.setattr(torchvision.datasets, theirs, made)
    images, labels = load_dataset(name, data_dir=tmp_path).split("validation")
    assert images.shape == (12, 3, 32, 32)
    assert sorted(set(labels.tolist())) == list(range(10))


def test_data_that_cannot_be_had_is_refused_with_advice(tmp_path, monkeypatch) -> None:
    def offline(*args, **kwargs):
        raise RuntimeError("network is down\nsecond line")

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", offline)
    with pytest.raises(
        DataError, match=r"cannot load CIFAR10 .*network is down second line.*data_dir"
    ) as caught:
        load_dataset("cifar10", data_dir=tmp_path / "new" / "folder")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir()), "an empty folder was left behind"
