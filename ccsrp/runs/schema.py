"""The tables of a run store, and the checksums of their rows."""

from __future__ import annotations

import hashlib

__all__ = ["APPLICATION", "SCHEMA", "VERSION", "checksum"]

# "ccsr": tells our files from other SQLite files.
APPLICATION = 0x63637372
# Raised whenever a table changes.
VERSION = 1

SCHEMA = {
    # What the run is: "config" holds the text of config.toml.
    "run": "CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT",
    # One row an answer, never changed. A mask has several if it was given up on and judged again. Expected
    # objectives are there where the answer is a bound; the reason is there where it failed.
    "evaluations": (
        "CREATE TABLE evaluations (id INTEGER PRIMARY KEY, round INTEGER NOT NULL, "
        "generation INTEGER NOT NULL, digest INTEGER NOT NULL, mask BLOB NOT NULL, error REAL NOT NULL, "
        "robust_error REAL NOT NULL, cost REAL NOT NULL, complete INTEGER NOT NULL, expected_error REAL, "
        "expected_robust_error REAL, expected_cost REAL, failure TEXT, seconds REAL, worker TEXT, "
        "checksum INTEGER NOT NULL) STRICT"
    ),
    "evaluations_by_mask": "CREATE INDEX evaluations_by_mask ON evaluations (round, digest)",
    # One row a generation: a row of history.csv as JSON.
    "generations": (
        "CREATE TABLE generations (round INTEGER NOT NULL, generation INTEGER NOT NULL, "
        "seconds REAL NOT NULL, row TEXT NOT NULL, checksum INTEGER NOT NULL, "
        "PRIMARY KEY (round, generation)) STRICT, WITHOUT ROWID"
    ),
    # The network that each round ended with; its weights are in rounds/.
    "networks": (
        "CREATE TABLE networks (round INTEGER PRIMARY KEY, mask TEXT NOT NULL, "
        "weights_sha256 TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT"
    ),
    # One row a finished round: a row of rounds.csv as JSON.
    "rounds": (
        "CREATE TABLE rounds (round INTEGER PRIMARY KEY, row TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT"
    ),
    # The latest state of each round's search: arrays (dtype, shape, bytes; of booleans the bits) and values.
    "snapshots": (
        "CREATE TABLE snapshots (round INTEGER NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, "
        "shape TEXT NOT NULL, content BLOB NOT NULL, checksum INTEGER NOT NULL, "
        "PRIMARY KEY (round, name)) STRICT"
    ),
    # One row a network measured on test images: a row of front.csv as JSON.
    "members": (
        "CREATE TABLE members (round INTEGER NOT NULL, digest INTEGER NOT NULL, mask BLOB NOT NULL, "
        "row TEXT NOT NULL, checksum INTEGER NOT NULL, "
        "PRIMARY KEY (round, digest, mask)) STRICT, WITHOUT ROWID"
    ),
}


def checksum(*values: object) -> int:
    """Return a number that another row has only by a chance of 1 in 2**64.

    It tells damage, not malice: who can write the file can compute it too.

    >>> checksum(1, 0.5, b"mask", None) == checksum(1, 0.5, b"mask", "None")
    False
    """
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(b"%d %d:" % (isinstance(value, bytes), len(content)))
        digest.update(content)
    return int.from_bytes(digest.digest(), "big", signed=True)
