"""Data sets and their fixed train, validation and test splits."""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ccsrp.errors import DataError, OptionError, one_line
from ccsrp.files import missing_folders, read_regular, remove_unused
from ccsrp.snn.downloads import downloads_allowed
from ccsrp.snn.splits import SPLIT_SEED, SPLITS, divide
from ccsrp.snn.torch_data import Examples, divided

__all__ = [
    "DATASETS",
    "SPLITS",
    "Dataset",
    "default_data_dir",
    "load_dataset",
]

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")

# Bytes that a file of Fashion-MNIST unpacks to at most: its largest has 60,000 images.
LARGEST = 60_000 * 28 * 28 + 16


@dataclass(frozen=True)
class Dataset:
    """Images and labels, int64 [N], by split.

    Images are uint8 [N, C, H, W] with ``scale`` standing for 1.0, or float32 in [0, 1] with a scale of 1.
    Those that differ from time step to time step, such as frames of events, are [N, T, C, H, W].
    ``provenance`` says what they are: the name that they were loaded by, or a hash of them.
    """

    images: dict[str, NDArray[Any]]
    labels: dict[str, NDArray[np.int64]]
    scale: int
    provenance: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        train: Examples,
        test: Examples | float,
        validation: Examples | float = 0.1,
        largest_count: int | None = None,
    ) -> Dataset:
        """Read data sets of torchvision's kind, once, and divide them once and for all.

        Everything is read into memory: a byte for each value of 8-bit images (PIL, uint8, or what
        ``ToTensor`` makes of them), four for other floats, and twice that while they are divided. Transforms
        must be fixed ones.

        Parameters
        ----------
        train : dataset
            Has a length, and gives (image, label) for each index from 0: a PIL image, or a tensor or array
            [C, H, W] (frames: [T, C, H, W]), uint8 or floats in [0, 1]; a class from 0. All of one shape.
        test, validation : dataset, or float
            Another data set of the kind, or the share or number of ``train`` to hold out, each class in
            proportion. Which ones is fixed: it depends on the labels alone.
        largest_count : int, optional
            Values are counts of events, whole numbers from 0: those above this one are clipped to it, and it
            stands for 1.0. From 1 to 255.

        Raises
        ------
        DataError
            Which item is wrong, and how.

        Examples
        --------
        >>> from torch.utils.data import TensorDataset
        >>> images, labels = torch.rand(40, 3, 8, 8), torch.arange(40) % 4
        >>> data = Dataset.of(train=TensorDataset(images, labels), test=0.2, validation=0.2)
        >>> [data.count(name) for name in SPLITS]
        [24, 8, 8]
        """
        made = divided(train=train, test=test, validation=validation, largest_count=largest_count)
        return cls(made.images, made.labels, made.scale, {"data_sha256": made.sha256})

    def split(self, name: str, count: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first ``count`` images of a split, float32 [N, C, H, W] in [0, 1], and labels.

        The order within a split is random but fixed, so the first images are a fair sample.
        """
        available = self.count(name)
        if count is not None and not (isinstance(count, int) and 1 <= count <= available):
            raise OptionError(f"the {name} split has {available} images; asked for {count}")
        images = torch.from_numpy(self.images[name][:count]).float() / self.scale
        # A copy: what a caller does to its labels must not reach the next caller.
        return images, torch.from_numpy(self.labels[name][:count].copy())

    def count(self, name: str) -> int:
        """Return how many images a split has."""
        if name not in SPLITS:
            raise OptionError(f"unknown split {name!r}; choose one of {', '.join(SPLITS)}")
        return len(self.labels[name])


def default_data_dir() -> Path:
    """Return where data sets are kept: ``$CCSRP_DATA``, or ``~/.cache/ccsrp``."""
    return Path(os.environ.get("CCSRP_DATA") or Path.home() / ".cache" / "ccsrp")


def load_dataset(name: str, *, data_dir: Path | None = None) -> Dataset:
    """Load a data set by name, downloading it by torchvision where it is not there yet.

    Parameters
    ----------
    name : {"digits", "fashion-mnist", "cifar10", "svhn"}
    data_dir : Path, optional
        Folder for downloads; by default ``default_data_dir()``.

    Raises
    ------
    DataError
        The files are missing and cannot be downloaded, or are damaged.
    """
    if name not in DATASETS:
        raise OptionError(f"unknown data set {name!r}; choose one of {', '.join(DATASETS)}")
    return replace(DATASETS[name](data_dir), provenance={"data_set": name})


def _digits(_data_dir: Path | None) -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images[:, None].astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    rest, test = divide(labels, 300)
    train, validation = divide(labels[rest], 300)
    parts = {"train": rest[train], "validation": rest[validation], "test": test}
    return Dataset(
        images={name: images[index] for name, index in parts.items()},
        labels={name: labels[index] for name, index in parts.items()},
        scale=16,
    )


def _fashion_mnist(data_dir: Path | None) -> Dataset:
    downloaded = default_data_dir() / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    if data_dir is None and DEBIAN_FASHION_MNIST.is_dir() and not downloaded.exists():
        data_dir = DEBIAN_FASHION_MNIST
    if data_dir is not None and os.path.exists(data_dir / "train-images-idx3-ubyte.gz"):
        pairs = [_read_idx_pair(data_dir, prefix) for prefix in ("train", "t10k")]
    else:
        hint = "or install the Debian package dataset-fashion-mnist"
        pairs = [
            (item.data.numpy()[:, None], item.targets.numpy())
            for item in _from_torchvision("FashionMNIST", data_dir, hint, [{"train": True}, {"train": False}])
        ]
    return _official(*pairs, held_out=5000, shape=(1, 28, 28))


def _cifar10(data_dir: Path | None) -> Dataset:
    pairs = [
        (item.data.transpose(0, 3, 1, 2), np.asarray(item.targets))
        for item in _from_torchvision("CIFAR10", data_dir, "", [{"train": True}, {"train": False}])
    ]
    return _official(*pairs, held_out=5000, shape=(3, 32, 32))


def _svhn(data_dir: Path | None) -> Dataset:
    pairs = [
        (item.data, item.labels)
        for item in _from_torchvision("SVHN", data_dir, "", [{"split": "train"}, {"split": "test"}])
    ]
    return _official(*pairs, held_out=5000, shape=(3, 32, 32))


def _from_torchvision(name: str, data_dir: Path | None, hint: str, parts: list[dict[str, Any]]) -> list[Any]:
    """Build torchvision's data set once a part, downloading what is missing."""
    import torchvision.datasets

    root = data_dir or default_data_dir()
    download = data_dir is None or downloads_allowed()
    if not download and not os.path.isdir(root):
        raise DataError(f"{root} does not exist; put the data set {name} there (data_dir says so)")
    new = missing_folders(root / name / "raw")  # where torchvision puts some of them
    try:
        root.mkdir(parents=True, exist_ok=True)
        return [getattr(torchvision.datasets, name)(root, download=download, **part) for part in parts]
    except Exception as error:  # torchvision and the network raise many kinds
        remove_unused(new)
        raise DataError(
            f"cannot load {name} from {root} ({one_line(error)}); put torchvision's files there or name "
            f"their folder with data_dir (--data-dir){', ' + hint if hint else ''}"
        ) from None


def _read_idx_pair(folder: Path, prefix: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", dimensions=3)
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", dimensions=1)
    return images[:, None], labels


def _read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Read a compressed idx file of bytes: magic 0 0 8 dimensions, then big-endian sizes, then data."""
    length = 4 + 4 * dimensions
    try:
        # Unpacked no further than its header says: some bytes of gzip can stand for any number.
        with gzip.open(io.BytesIO(read_regular(path, at_most=2 * LARGEST))) as file:
            header = file.read(length)
            sizes = np.frombuffer(header[4:], dtype=">u4").tolist() if len(header) == length else [0]
            count = math.prod(sizes)
            known = header[:4] == bytes([0, 0, 8, dimensions]) and length + count <= LARGEST
            content = file.read(count + 1) if known else b""
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path} ({one_line(error)}); fetch the data set anew") from None
    if known and len(content) == count:
        return np.frombuffer(content, dtype=np.uint8).reshape(sizes)
    raise DataError(f"{path} is not a whole idx file of {dimensions} dimensions; fetch the data set anew")


def _official(
    train: tuple[Any, Any], test: tuple[Any, Any], *, held_out: int, shape: tuple[int, int, int]
) -> Dataset:
    """Hold a validation split out of the official training images; the test images stay the official."""
    for part, (shown, classes) in (("train", train), ("test", test)):
        if shown.dtype != np.uint8 or shown.shape[1:] != shape:
            raise DataError(f"the {part} images are not {'x'.join(map(str, shape))}; fetch the data set anew")
        if len(shown) != len(classes):
            raise DataError(f"{len(shown)} {part} images have {len(classes)} labels; fetch the data set anew")
        if not len(classes) or np.min(classes) < 0 or np.max(classes) > 9:
            raise DataError(f"the {part} labels are not those of 10 classes; fetch the data set anew")
    images = np.ascontiguousarray(train[0], dtype=np.uint8)
    labels = np.asarray(train[1], dtype=np.int64)
    test_images = np.ascontiguousarray(test[0], dtype=np.uint8)
    test_labels = np.asarray(test[1], dtype=np.int64)
    held_out = min(held_out, len(labels) // 5)  # for the handful of images that tests make
    kept, validation = divide(labels, held_out)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(test_labels))
    parts = {"train": kept, "validation": validation}
    return Dataset(
        images={name: images[index] for name, index in parts.items()} | {"test": test_images[order]},
        labels={name: labels[index] for name, index in parts.items()} | {"test": test_labels[order]},
        scale=255,
    )


DATASETS: dict[str, Callable[[Path | None], Dataset]] = {
    "digits": _digits,
    "fashion-mnist": _fashion_mnist,
    "cifar10": _cifar10,
    "svhn": _svhn,
}
