"""Files of data sets from anyone: images and labels, or one line that says what is wrong."""

from __future__ import annotations

import gzip
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.errors import DataError
from ccsrp.snn.data import load_dataset
from tests.fuzz.helpers import ends_well, spoilt, tries
from tests.snn.test_data import idx, write_fashion

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
SIZES = st.one_of(st.sampled_from([0, 1, 10, 28, 50, 2**31, 2**32 - 1]), st.integers(0, 60))


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fashion")
    write_fashion(folder, count=50)
    return folder


def loaded(valid: Path, folder: Path, name: str, content: bytes) -> None:
    for other in NAMES:
        (folder / f"{other}.gz").write_bytes((valid / f"{other}.gz").read_bytes())
    (folder / f"{name}.gz").write_bytes(content)
    found = ends_well(lambda: load_dataset("fashion-mnist", data_dir=folder))
    if found is not None:
        assert all(images.shape[1:] == (1, 28, 28) for images in found.images.values())
        assert all(labels.min() >= 0 and labels.max() <= 9 for labels in found.labels.values())


@tries(60)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_spoilt_files_are_read_or_refused(
    valid: Path, tmp_path: Path, data: st.DataObject, name: str
) -> None:
    whole = (valid / f"{name}.gz").read_bytes()
    packed = spoilt(gzip.decompress(whole)).map(lambda content: gzip.compress(content, 1))
    loaded(valid, tmp_path, name, data.draw(st.one_of(spoilt(whole), packed)))


@tries(60)
@given(
    name=st.sampled_from(NAMES),
    magic=st.sampled_from([b"\0\0\x08\x03", b"\0\0\x08\x01", b"\0\0\x08\xff", b"\0\0\x0d\x03", b"\1\1\1\1"]),
    sizes=st.lists(SIZES, max_size=4),
    data=st.binary(max_size=100),
)
def test_headers_of_any_kind_are_read_or_refused(
    valid: Path, tmp_path: Path, name: str, magic: bytes, sizes: list[int], data: bytes
) -> None:
    header = magic + struct.pack(f">{len(sizes)}I", *sizes)
    loaded(valid, tmp_path, name, gzip.compress(header + data, 1))


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1)),
        gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 1_300_000, 28, 28) + bytes(1 << 27)),
        gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 50, 28, 28) + bytes(1 << 27)),
        gzip.compress(bytes(1 << 27)),
    ],
    ids=["2**96 images", "a billion pixels", "a bomb behind images", "a bomb"],
)
def test_a_small_file_never_takes_much_memory(valid: Path, tmp_path: Path, content: bytes) -> None:
    tracemalloc.start()
    try:
        loaded(valid, tmp_path, NAMES[0], content)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(60, 5, 5), (60, 28, 28)])
def test_unpacked_files_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """What torchvision unpacks it reads without a check."""
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix in ("train", "t10k"):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(np.zeros(shape, np.uint8)))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.full(60, 11, np.uint8)))
    with pytest.raises(DataError):
        load_dataset("fashion-mnist", data_dir=tmp_path)


def test_a_pipe_is_not_waited_for(valid: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{NAMES[0]}.gz")
    with pytest.raises(DataError, match="not a regular file"):
        load_dataset("fashion-mnist", data_dir=tmp_path)
