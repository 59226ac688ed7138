"""Audit files from anyone: used if they are those of this audit, else begun anew."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ccsrp.attack.audit import Outcome
from ccsrp.runs.audit import AuditStore
from tests.fuzz.helpers import TEXTS, spoilt, tries

KEY = "k" * 64
IMAGES = 5
LABELS = ["PGD: ", "FGSM: "]


def valid(folder: Path) -> bytes:
    store = AuditStore(folder / "valid.npz", KEY)
    for name in ("PGD", "FGSM"):
        store.add(Outcome(name, "white box", "", np.arange(IMAGES) % 2 == 0))
    return (folder / "valid.npz").read_bytes()


def packed(**content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in content.items():
            archive.writestr(f"{name}.npy", array)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin1", "replace") + data


def opened(file: Path, content: bytes) -> AuditStore:
    file.write_bytes(content)
    store = AuditStore(file, KEY, labels=LABELS, images=IMAGES)
    assert store.note or set(store.known) <= set(LABELS)
    assert all(flags.shape == (IMAGES,) and flags.dtype == bool for flags in store.known.values())
    return store


@tries(80)
@given(data=st.data())
def test_a_spoilt_file_is_used_or_begun_anew(tmp_path: Path, data: st.DataObject) -> None:
    opened(tmp_path / "a.npz", data.draw(spoilt(valid(tmp_path))))


@tries(80)
@given(
    key=st.one_of(st.just(KEY), TEXTS.map(lambda text: text.replace("\0", ""))),
    names=st.one_of(arrays.arrays(st.sampled_from(["U4", "S4", "i8", "f8", "?"]), st.integers(0, 3)),
                    st.just(np.array(LABELS)), st.just(np.array([object()]))),
    flags=st.one_of(arrays.arrays(st.sampled_from(["?", "f8", "U3", "c16"]), arrays.array_shapes(max_side=6)),
                    st.just(np.zeros((2, IMAGES), bool)), st.just(np.zeros((2, IMAGES + 1), bool))),
)  # fmt: skip
def test_arrays_of_any_kind_are_used_or_begun_anew(tmp_path: Path, key: str, names: Any, flags: Any) -> None:
    key = key.encode(errors="replace").decode()
    opened(tmp_path / "a.npz", packed(key=npy(np.array(key)), attacks=npy(names), flags=npy(flags)))


@tries(60)
@given(
    shape=st.lists(st.sampled_from([-1, 0, 1, 2, 5, 10**12, 2**63, 10**30]), max_size=4).map(tuple),
    descr=st.sampled_from(["|b1", "<f8", "|O", "<U1000000000", "|V0", "<U0", "x", "<M8[ns]", ""]),
    wrong=st.sampled_from(["flags", "attacks", "key"]),
)
def test_headers_of_any_kind_are_used_or_begun_anew(
    tmp_path: Path, shape: Any, descr: str, wrong: str
) -> None:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}) + "\n"
    content = {
        "key": npy(np.array(KEY)),
        "attacks": npy(np.array(["PGD: "])),
        "flags": npy(np.ones((1, 5), bool)),
    }
    opened(tmp_path / "a.npz", packed(**content | {wrong: header(text, b"\1" * 10)}))


class Bomb:
    """Pickled, it would run when it is read."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("code of a file was run",)


@pytest.mark.parametrize(
    "flags",
    [
        header("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1000000000000)}\n"),
        header("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1000000000)}\n", b"\1" * 1_000_000),
        header("(" * 60_000),
        header("[" * 9_000),
        npy(np.array([Bomb()])),
        bytes(1 << 28),  # a quarter of a megabyte, packed
    ],
    ids=["a trillion", "a billion", "nested", "nested lists", "pickled", "zip bomb"],
)
def test_a_small_file_never_takes_much_memory(tmp_path: Path, flags: bytes) -> None:
    content = packed(key=npy(np.array(KEY)), attacks=npy(np.array(["PGD: "])), flags=flags)
    tracemalloc.start()
    try:
        assert opened(tmp_path / "a.npz", content).note
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()
