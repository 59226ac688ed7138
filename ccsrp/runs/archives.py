"""Arrays in a .npz file, read with care: it may come from anyone."""

from __future__ import annotations

import io
import math
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


def read_arrays(file: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Read arrays of text or numbers; memory is asked for after their sizes have proved true.

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
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        EOFError,
        RuntimeError,
        TypeError,
        SyntaxError,
    ) as error:
        raise ValueError(f"no archive of arrays ({error})") from None


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        content = member.read(LARGEST + 1)  # a zip file can stand for any number of bytes
    if len(content) > LARGEST:
        raise ValueError("an array is too large")
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version of the format")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or in_columns or len(content) - stream.tell() != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array is not as long as it says")
    if dtype.itemsize == 0 or any(length < 0 for length in shape):
        raise ValueError("an array of nothing")
    return np.frombuffer(content, dtype=dtype, offset=stream.tell()).reshape(shape)
