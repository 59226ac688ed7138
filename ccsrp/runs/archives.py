"""Arrays in a .npz file, read with care: it may come from anyone."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.files import read_regular

__all__ = ["read_arrays"]

# Bytes of a file at most, and of an array in it: flags of dozens of attacks on a million images fit in.
LARGEST = 1 << 27
# What numpy writes before an array of bits or text; its own reader takes this for Python, and memory by it.
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<kind>\|b1|<U[1-9][0-9]{0,8})', 'fortran_order': False, "
    rb"'shape': \((?P<shape>[0-9, ]{0,60})\), \} *\n",
    re.DOTALL,
)


def read_arrays(file: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Read arrays of bits or text; memory is asked for only as far as bytes are there.

    Raises
    ------
    OSError
        The file cannot be read, or is far larger than any.
    ValueError
        It does not hold these arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_regular(file, at_most=LARGEST))) as archive:
            return [_array(archive, f"{name}.npy") for name in names]
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"no archive of arrays ({error})") from None


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        content = member.read(LARGEST + 1)  # a zip file can stand for any number of bytes
    found = HEADER.match(content) if len(content) <= LARGEST else None
    if found is None:
        raise ValueError("no array of bits or text")
    dtype = np.dtype(found["kind"].decode())
    shape = [int(length) for length in found["shape"].decode().split(",") if length.strip()]
    if not all(shape) or len(content) - found.end() != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array is not as long as it says")
    return np.frombuffer(content, dtype=dtype, offset=found.end()).reshape(shape)
