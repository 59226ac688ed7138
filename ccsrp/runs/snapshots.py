"""States of searches in the run store: arrays as bytes, values as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.errors import one_line
from ccsrp.runs.schema import checksum
from ccsrp.runs.store import RunStore

__all__ = ["latest_round", "read_snapshot", "write_snapshot"]

# By the name in the store. Booleans are stored as bits.
DTYPES = {"bool": bool, "int64": np.int64, "float64": np.float64}
VALUE = "json"


def write_snapshot(store: RunStore, number: int, snapshot: Snapshot) -> None:
    """Put a state in the place of the one before it of round ``number``."""
    rows = [(number, name, *_encoded(array)) for name, array in snapshot.arrays.items()]
    rows += [
        (number, name, VALUE, "[]", json.dumps(value).encode()) for name, value in snapshot.values.items()
    ]
    with store.writing() as connection:
        connection.execute("DELETE FROM snapshots WHERE round = ?", (number,))
        connection.executemany(
            "INSERT INTO snapshots (round, name, dtype, shape, content, checksum) VALUES (?, ?, ?, ?, ?, ?)",
            [(*row, checksum(*row)) for row in rows],
        )


def read_snapshot(store: RunStore, number: int) -> Snapshot | None:
    """Return the latest state of round ``number``; ``None`` if there is none.

    Raises
    ------
    RunError
        It is damaged.
    """
    rows = store.rows(
        "SELECT round, name, dtype, shape, content, checksum FROM snapshots WHERE round = ?", number
    )
    if not rows:
        return None
    arrays: dict[str, NDArray[Any]] = {}
    values: dict[str, Any] = {}
    try:
        for _, name, dtype, shape, content in rows:
            if dtype == VALUE:
                values[name] = json.loads(content)
            else:
                arrays[name] = _decoded(dtype, shape, content)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise store.damaged(f"the state of its search, {one_line(error)}") from None
    return Snapshot(arrays, values)


def latest_round(store: RunStore) -> int:
    """Return the round that the latest state is of; 1 if there is none."""
    rows = store.rows(
        "SELECT round, name, dtype, shape, content, checksum FROM snapshots "
        "WHERE name = 'search/generation' ORDER BY round DESC LIMIT 1"
    )
    return int(rows[0][0]) if rows else 1


def _encoded(array: NDArray[Any]) -> tuple[str, str, bytes]:
    bits = np.packbits(array) if array.dtype == bool else array
    assert array.dtype.name in DTYPES
    return array.dtype.name, json.dumps(array.shape), bits.tobytes()


def _decoded(dtype: str, shape: str, content: bytes) -> NDArray[Any]:
    """Build an array out of bytes that are there: a wrong shape allocates nothing."""
    wanted = tuple(int(length) for length in json.loads(shape))
    if any(length < 0 for length in wanted):
        raise ValueError("a negative length")
    kind, count = DTYPES[dtype], math.prod(wanted)
    if kind is bool:
        if len(content) != -(-count // 8):
            raise ValueError("an array of another length")
        return np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=count).astype(bool).reshape(wanted)
    return np.frombuffer(content, dtype=kind).reshape(wanted)
