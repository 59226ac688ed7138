"""run.sqlite from anyone: gone on with, or refused in one line; nothing outside the folder is touched."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.errors import RunError
from ccsrp.runs.resuming import reopened
from ccsrp.runs.schema import checksum
from ccsrp.runs.store import STORE, RunStore
from tests.fuzz.helpers import NUMBERS, TEXTS, ends_well, said, spoilt, tries

TABLES = ("run", "evaluations", "generations", "snapshots", "members")


def copy_of(run: Path, folders: pytest.TempPathFactory) -> Path:
    folder = folders.mktemp("store") / "run"
    shutil.copytree(run, folder)
    return folder


def stored(number: Any) -> Any:
    """Return what SQLite can hold."""
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        return 2**62
    return number.encode(errors="replace").decode() if isinstance(number, str) else number


JSON = st.one_of(NUMBERS, TEXTS, st.lists(NUMBERS, max_size=2), st.just("9" * 5000)).map(json.dumps)


def rewrite(folder: Path, draw: Any) -> None:
    """Change a value of some row and give the row the checksum of what it is then."""
    with contextlib.closing(sqlite3.connect(folder / STORE)) as connection, connection:
        table = draw(st.sampled_from(TABLES))
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
        before = list(draw(st.sampled_from(rows)))
        row = list(before)
        told = [names.index(name) for name in ("row", "content", "shape", "value") if name in names]
        place = draw(st.one_of(st.integers(0, len(names) - 2), *[st.just(column) for column in told]))
        name = names[place]
        if name in ("row", "value") or (name == "content" and row[names.index("dtype")] == "json"):
            row[place] = draw(st.one_of(wrong_json(row[place]), wrong_json(row[place]), JSON, TEXTS))
        elif name == "shape":
            row[place] = json.dumps(draw(st.lists(st.integers(-1, 10**12), max_size=3)))
        elif isinstance(row[place], bytes):
            row[place] = draw(spoilt(row[place]))
        else:
            row[place] = draw(st.one_of(NUMBERS, TEXTS, st.just(None)))
        row = [stored(value) for value in row]
        if name == "content" and isinstance(row[place], str):
            row[place] = row[place].encode(errors="replace")
        # The store's checksums leave out the number that SQLite gives a row.
        content = row[1:-1] if table == "evaluations" else row[:-1]
        row[-1] = checksum(*content)
        with contextlib.suppress(sqlite3.IntegrityError):  # not a value that this table can have
            changes = ", ".join(f"{column} = ?" for column in names)
            connection.execute(f"UPDATE {table} SET {changes} WHERE checksum = ?", (*row, before[-1]))


def wrong_json(text: str | bytes) -> st.SearchStrategy[str]:
    """Change one entry of a JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        return TEXTS
    if not isinstance(found, dict) or not found:
        return JSON
    names = st.one_of(st.sampled_from([*sorted(found), "flops", "synops"]), TEXTS)
    return st.tuples(names, st.one_of(NUMBERS, TEXTS, st.just(10**400))).map(
        lambda pair: json.dumps(found | dict([pair]))
    )


@tries(40)
@given(data=st.data())
def test_a_spoilt_file_is_gone_on_with_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = copy_of(run, tmp_path_factory)
    (folder / STORE).write_bytes(data.draw(spoilt((run / STORE).read_bytes())))
    said("resume", str(folder))


@tries(30)
@given(data=st.data())
def test_wrong_rows_with_right_checksums_are_gone_on_with_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = copy_of(run, tmp_path_factory)
    for _ in range(data.draw(st.integers(1, 3))):
        with contextlib.suppress(sqlite3.DatabaseError):
            rewrite(folder, data.draw)
    if data.draw(st.booleans()):  # what was found until then is described anew
        with contextlib.closing(sqlite3.connect(folder / STORE)) as connection, connection:
            connection.execute("DELETE FROM members")
    said("resume", str(folder))


@tries(10)
@given(log=st.binary(max_size=5000), side=st.sampled_from(["-wal", "-shm"]))
def test_a_log_of_noise_is_gone_on_with_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, log: bytes, side: str
) -> None:
    folder = copy_of(run, tmp_path_factory)
    (folder / (STORE + side)).write_bytes(log)
    said("resume", str(folder))


def test_what_a_store_says_of_failures_reaches_no_terminal_unescaped(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    with contextlib.closing(sqlite3.connect(folder / STORE)) as connection, connection:
        (row,) = connection.execute("SELECT * FROM evaluations ORDER BY id DESC LIMIT 1").fetchall()
        new = [*row[1:12], "bad\x1b]0;owned\a\n[/red]", *row[13:-1]]
        connection.execute(
            "UPDATE evaluations SET failure = ?, checksum = ? WHERE id = ?", (new[11], checksum(*new), row[0])
        )
    assert "owned" in said("resume", str(folder)).out


def test_a_rollback_journal_removes_no_other_file(run: Path, tmp_path: Path) -> None:
    """SQLite removes the file that a journal names as that of a transaction over several databases."""
    folder, precious = tmp_path / "run", tmp_path / "precious"
    shutil.copytree(run, folder)
    precious.write_bytes(b"thesis")
    with contextlib.closing(sqlite3.connect(folder / STORE)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        size, pages = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count")
        )
    name = str(precious).encode()
    journal = bytes.fromhex("d9d505f920a163d7") + b"".join(
        number.to_bytes(4, "big") for number in (0, 0, pages, 512, size)
    )
    journal = journal.ljust(512, b"\0")
    locked = 2**30 // size + 1
    journal += locked.to_bytes(4, "big") + name + len(name).to_bytes(4, "big")
    journal += sum(name).to_bytes(4, "big") + bytes.fromhex("d9d505f920a163d7")
    (folder / (STORE + "-journal")).write_bytes(journal)
    assert said("resume", str(folder)).status == 2
    with pytest.raises(RunError, match="no part of a run store"):
        RunStore(folder)
    assert precious.read_bytes() == b"thesis"


def test_a_file_that_claims_a_trillion_bytes_is_refused_at_once(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    with (folder / STORE).open("r+b") as file:
        file.seek(28)
        file.write((2**31 - 1).to_bytes(4, "big"))  # pages, in the header
        file.truncate(10**12)  # a file with holes
    ends_well(lambda: reopened(folder))
    assert said("resume", str(folder)).status == 2
