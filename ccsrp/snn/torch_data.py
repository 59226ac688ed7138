"""From data sets of torchvision's kind to ours: read once, checked, divided once and for all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ccsrp.errors import DataError, one_line
from ccsrp.snn.splits import SPLIT_SEED, SPLITS, divide

__all__ = ["Divided", "Examples", "divided"]

Array: TypeAlias = NDArray[Any]
# What stands for 1.0 in images of 8 bits.
BYTE = 255
# Channels that an image has, if it is one.
CHANNELS = (1, 2, 3, 4)


class Examples(Protocol):
    """A data set of torchvision's kind, such as ``torchvision.datasets.ImageFolder``."""

    def __len__(self) -> int:
        """Return how many items there are."""
        ...

    def __getitem__(self, index: int, /) -> Any:
        """Return (image, label)."""
        ...


@dataclass(frozen=True)
class Divided:
    """Images, with ``scale`` standing for 1.0, and labels, by split; and a hash of all of it."""

    images: dict[str, Array]
    labels: dict[str, NDArray[np.int64]]
    scale: int
    sha256: str


def divided(
    *, train: Examples, test: Examples | float, validation: Examples | float, largest_count: int | None
) -> Divided:
    """Read and divide data sets: see ``ccsrp.snn.data.Dataset.of``."""
    if largest_count is not None and not (isinstance(largest_count, int) and 1 <= largest_count <= BYTE):
        raise DataError(f"largest_count must be a whole number from 1 to {BYTE}, got {largest_count}")
    parts = {"train": _read(train, "train", largest_count)}
    count = len(parts["train"].labels)
    for name, given in (("test", test), ("validation", validation)):
        if isinstance(given, int | float):
            whole = parts["train"]
            kept, held = divide(whole.labels, _number(name, given, count, left=len(whole.labels)))
            parts |= {"train": whole.chosen(kept), name: whole.chosen(held)}
        else:
            parts[name] = _read(given, name, largest_count).in_random_order()
    if not (isinstance(test, int | float) or isinstance(validation, int | float)):
        parts["train"] = parts["train"].in_random_order()
    for name, part in parts.items():
        if part.images.shape[1:] != parts["train"].images.shape[1:]:
            raise DataError(
                f"images of the {name} data are {_shape(part.images[0])}, those of the train data "
                f"{_shape(parts['train'].images[0])}; bring all to one shape, such as by Resize"
            )
    if len({part.scale for part in parts.values()}) > 1:
        parts = {name: part.as_floats() for name, part in parts.items()}
    return Divided(
        images={name: parts[name].images for name in SPLITS},
        labels={name: parts[name].labels for name in SPLITS},
        scale=parts["train"].scale,
        sha256=_sha256(parts),
    )


@dataclass(frozen=True)
class _Part:
    """Images with ``scale`` standing for 1.0, and labels."""

    images: Array
    labels: NDArray[np.int64]
    scale: int

    def chosen(self, places: NDArray[np.int64]) -> _Part:
        return _Part(self.images[places], self.labels[places], self.scale)

    def in_random_order(self) -> _Part:
        return self.chosen(np.random.default_rng(SPLIT_SEED).permutation(len(self.labels)))

    def as_floats(self) -> _Part:
        return _Part(self.images.astype(np.float32) / np.float32(self.scale), self.labels, 1)


def _number(name: str, given: float, count: int, *, left: int) -> int:
    """Return how many of ``count`` items a share or a number of them is."""
    number = given if isinstance(given, int) else round(count * given) if 0 < given < 1 else 0
    if isinstance(given, bool) or not 0 < number < left:
        raise DataError(
            f"{name} must be a data set, a share in (0, 1) of the {count} training images, or a number of "
            f"them below that; got {given}"
        )
    return number


def _read(examples: Examples, name: str, largest_count: int | None) -> _Part:
    try:
        count = len(examples)
    except TypeError:
        raise DataError(
            f"the {name} data ({type(examples).__name__}) has no length; pass a data set with items "
            f"(image, label)"
        ) from None
    if not count:
        raise DataError(f"the {name} data is empty")
    first, _ = _item(examples, 0, name, largest_count)
    again, _ = _item(examples, 0, name, largest_count)
    if not np.array_equal(first, again):
        raise DataError(
            f"image 0 of the {name} data is another when it is read again; leave random transforms out: "
            f"images are read once"
        )
    images: Array = np.empty((count, *first.shape), dtype=np.uint8)
    labels = np.empty(count, dtype=np.int64)
    scale = largest_count or BYTE
    for index in range(count):
        image, labels[index] = _item(examples, index, name, largest_count)
        if image.shape != first.shape:
            raise DataError(
                f"image {index} of the {name} data is {_shape(image)}, image 0 {_shape(first)}; bring all to "
                f"one shape, such as by Resize"
            )
        if images.dtype == np.uint8 and image.dtype != np.uint8:
            exact = np.rint(image * BYTE).astype(np.uint8)
            if np.array_equal(exact.astype(np.float32) / np.float32(BYTE), image):
                image = exact
            else:  # no image of 8 bits: all are kept as floats, those before unchanged to the last bit
                images, scale = images.astype(np.float32) / np.float32(BYTE), 1
        elif images.dtype != np.uint8 and image.dtype == np.uint8:
            image = image.astype(np.float32) / np.float32(BYTE)
        images[index] = image
    return _Part(images, labels, scale)


def _item(examples: Examples, index: int, name: str, largest_count: int | None) -> tuple[Array, int]:
    """Return image and label of one item: uint8, or float32 in [0, 1]."""
    where = f"item {index} of the {name} data"
    try:
        item = examples[index]
    except Exception as error:  # a user's code may raise anything
        raise DataError(f"cannot read {where} ({type(error).__name__}: {one_line(error)})") from error
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise DataError(f"{where} is a {type(item).__name__}; it must be a pair (image, label)")
    return _image(item[0], where, largest_count), _label(item[1], where)


def _image(given: Any, where: str, largest_count: int | None) -> Array:
    array = _as_array(given, where)
    if largest_count is not None:
        if array.dtype.kind not in "fiu" or not bool(((array >= 0) & (array == np.rint(array))).all()):
            raise DataError(f"{where} holds other values than counts, which are whole numbers from 0")
        return np.minimum(array, largest_count).astype(np.uint8)
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise DataError(f"{where} has dtype {array.dtype}; images are uint8, or floats in [0, 1]")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise DataError(
            f"{where} holds values from {low:.4g} to {high:.4g}; pixels must lie in [0, 1], where "
            f"attacks look: leave Normalize out and let the network begin with it"
        )
    return array.astype(np.float32)


def _as_array(given: Any, where: str) -> Array:
    """Return a PIL image, a tensor or an array as [C, H, W] or [T, C, H, W]."""
    if isinstance(given, torch.Tensor):
        array: Array = given.detach().cpu().numpy()
    elif hasattr(given, "getbands"):  # PIL
        if given.mode not in ("L", "RGB"):
            raise DataError(f"{where} is a PIL image of mode {given.mode}; convert it to L or RGB")
        array = np.asarray(given)
        array = array if array.ndim == 2 else array.transpose(2, 0, 1)
    elif isinstance(given, np.ndarray):
        array = given
    else:
        raise DataError(
            f"{where} holds a {type(given).__name__}; an image is a PIL image, a tensor or an array [C, H, W]"
        )
    array = array[None] if array.ndim == 2 else array
    if array.ndim == 3 and array.shape[0] not in CHANNELS and array.shape[-1] in CHANNELS:
        raise DataError(f"{where} is {_shape(array)}: channels come first; add torchvision's ToTensor")
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(
            f"{where} is {_shape(array)}; an image is [C, H, W], a sequence of frames [T, C, H, W]"
        )
    return array


def _label(given: Any, where: str) -> int:
    value = np.asarray(given.detach().cpu() if isinstance(given, torch.Tensor) else given)
    if value.size != 1 or value.dtype.kind not in "iu" or int(value.item()) < 0:
        raise DataError(
            f"{where} has the label {str(given)[:40]}; a label is a whole number from 0, its class"
        )
    return int(value.item())


def _shape(array: Array) -> str:
    return "x".join(map(str, array.shape)) or "one number"


def _sha256(parts: dict[str, _Part]) -> str:
    digest = hashlib.sha256()
    for name in SPLITS:
        part = parts[name]
        digest.update(f"{name} {part.images.shape} {part.images.dtype} {part.scale}".encode())
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(part.labels.data)
    return digest.hexdigest()
