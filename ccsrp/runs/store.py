"""The run store: one SQLite file that holds all that a run has paid for.

It is written a batch at a time, each in one transaction, so that a killed process loses no more than the
batch in flight. It is on the disk when the transaction ends, so that a power cut loses no more either; only
where evaluations are so cheap that waiting for the disk would take longer, up to a second's work may go.
What is read is checked: the file's schema, and a checksum of every row.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ccsrp.errors import RunError, one_line
from ccsrp.files import write_failed
from ccsrp.runs.advice import resume_command
from ccsrp.runs.schema import APPLICATION, SCHEMA, VERSION, checksum

__all__ = ["STORE", "RunStore"]

STORE = "run.sqlite"
# What SQLite keeps beside a store while it is written to, or after a power cut.
LOGS = ("-wal", "-shm")
# Bytes of a value or a row at most; SQLite allocates no more for what a file says.
LONGEST = 1 << 28
# Kibibytes of pages in memory, whatever the size of the file.
CACHE = 16_384
# Waiting for the disk may take up to this share of the time, but need not be done more often than this.
SHARE, SECONDS = 0.05, 1.0


class RunStore:
    """An open run store; close it, or use it in a ``with`` block.

    Parameters
    ----------
    folder : Path
        Of the run.
    read_only : bool
        Whether nothing will be written, as while another process runs the search.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.path = folder / STORE
        self._folder = folder
        self._synced, self._syncing = -math.inf, 0.0
        self._check_files()
        mode = "rw"
        if read_only:
            # Where no log of unfinished work lies beside it, nobody writes: then not even a lock is needed.
            written_to = self.path.with_name(STORE + "-wal").exists()
            mode = "ro" if written_to else "ro&immutable=1"
        with self._errors():
            self._connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
            )
        try:
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
            self._connection.text_factory = bytes.decode  # what is no text is damage, not a failed operation
            self._check(read_only)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, folder: Path, *, config: str) -> RunStore:
        """Make a new store in a folder that has none, for the run that ``config`` describes.

        Raises
        ------
        RunError
            It cannot be written.
        """
        path = folder / STORE
        if path.exists():
            raise RunError(f"{path} exists; go on with '{resume_command(folder)}' or name another folder")
        # Made under another name: a store that is there is whole.
        fresh = path.with_name(STORE + ".tmp")
        try:
            for left_over in folder.glob(STORE + ".tmp*"):
                left_over.unlink()
            connection = sqlite3.connect(fresh, isolation_level=None)
            try:
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN")
                for statement in SCHEMA.values():
                    connection.execute(statement)
                row = ("config", config)
                connection.execute("INSERT INTO run VALUES (?, ?, ?)", (*row, checksum(*row)))
                connection.execute("COMMIT")
            finally:
                connection.close()
            fresh.replace(path)
        except (sqlite3.Error, OSError) as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise write_failed(path, error, then="begin anew") from None
        return cls(folder)

    def __enter__(self) -> RunStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written is in one file then."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all that the ``with`` block writes, or, on an error, nothing of it.

        Raises
        ------
        RunError
            The disk is full, or the file is damaged.
        """
        with self._errors():
            # Without it a transaction is whole or not at all as well, but may be gone after a power cut.
            wait = time.perf_counter() - self._synced >= min(SECONDS, self._syncing / SHARE)
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if wait else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                before = time.perf_counter()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            if wait:
                self._synced = time.perf_counter()
                self._syncing = self._synced - before

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read rows, each of which ends with its checksum, and check it; the checksum is left out.

        Raises
        ------
        RunError
            A row is not as it was written.
        """
        with self._errors():
            found = self._connection.execute(query, values).fetchall()
        for row in found:
            if checksum(*row[:-1]) != row[-1]:
                raise self.damaged("a row is not as it was written")
        return [row[:-1] for row in found]

    @property
    def config(self) -> str:
        """What ``config.toml`` holds.

        Raises
        ------
        RunError
            It is damaged.
        """
        found = self.rows("SELECT name, value, checksum FROM run WHERE name = 'config'")
        if len(found) != 1:
            raise self.damaged("it does not say what the run is")
        return str(found[0][1])

    @property
    def empty(self) -> bool:
        """Whether no answer is stored."""
        with self._errors():
            return not self._connection.execute("SELECT EXISTS (SELECT 1 FROM evaluations)").fetchone()[0]

    @property
    def ended(self) -> bool:
        """Whether all searches are over: a network of the front has been measured on the test split."""
        with self._errors():
            return bool(self._connection.execute("SELECT EXISTS (SELECT 1 FROM members)").fetchone()[0])

    def evaluations(self, number: int | None = None) -> int:
        """Return how many different masks are stored, of round ``number`` or of all."""
        query = "SELECT count(*) FROM (SELECT DISTINCT round, mask FROM evaluations WHERE ? IN (round, -1))"
        with self._errors():
            found = self._connection.execute(query, (-1 if number is None else number,)).fetchone()
        return int(found[0])

    def damaged(self, what: str) -> RunError:
        """Return the error that says so."""
        return RunError(f"{self.path} is damaged ({what}); restore it from a copy, or search anew")

    def _check_files(self) -> None:
        """See that SQLite will touch nothing outside the folder, and wait for no pipe.

        It follows links; and a rollback journal, which no run store has, may name any file for removal.
        """
        for file in (self.path, *(self.path.with_name(STORE + end) for end in LOGS)):
            if file.is_symlink():
                raise RunError(f"{file} is a link, and nothing is written through links; put the file there")
            if file.exists() and not file.is_file():
                raise RunError(f"{self._folder} holds no run store ({STORE}); give the folder of a search")
        journal = self.path.with_name(STORE + "-journal")
        if journal.exists() or journal.is_symlink():
            raise self.damaged(f"{journal.name} is no part of a run store")

    def _check(self, read_only: bool) -> None:
        """See that this is a whole store of a version that is known, with nothing else in it."""
        ask = self._connection.execute
        with self._errors():
            ask("PRAGMA trusted_schema = OFF")
            ask("PRAGMA cell_size_check = ON")
            application, version = (
                int(ask(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version")
            )
            if application != APPLICATION:
                raise self.damaged("it is another kind of file")
            if version > VERSION:
                raise RunError(
                    f"{self.path} was written by a newer ccsrp (store version {version}, this one reads "
                    f"{VERSION}); update ccsrp"
                )
            found = dict(ask("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall())
            if version != VERSION or found != SCHEMA:
                raise self.damaged("its tables are not those of a run store")
            problems = ask("PRAGMA quick_check(1)").fetchone()[0]
            if problems != "ok":
                raise self.damaged(one_line(ValueError(problems)))
            ask(f"PRAGMA cache_size = -{CACHE}")
            if not read_only:
                ask("PRAGMA journal_mode = WAL")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if not os.access(self._folder, os.R_OK) or not self.path.is_file():
                raise RunError(
                    f"{self._folder} holds no run store ({STORE}); give the folder of a search"
                ) from None
            then = f"go on with '{resume_command(self._folder)}'"
            raise write_failed(self.path, error, then=then) from None
        except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError) as error:
            raise self.damaged(one_line(error)) from None
