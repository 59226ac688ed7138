"""Writing so that nothing is ever half written or left behind."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from ccsrp.errors import RunError, one_line

__all__ = ["missing_folders", "remove_unused", "write_atomically", "write_failed"]


def write_atomically(path: Path, content: bytes, *, then: str = "repeat the command") -> None:
    """Write a file so that a reader, even after a power cut, finds the old or the new content.

    Parameters
    ----------
    path : Path
    content : bytes
    then : str
        What to do once a failure is mended, for its message.

    Raises
    ------
    RunError
        It cannot be written, as on a full disk; the old content is still there.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_failed(path, error, then=then) from None


def write_failed(path: Path, error: OSError | sqlite3.Error, *, then: str) -> RunError:
    """Return the error that says why a file could not be written and what to do.

    >>> str(write_failed(Path("a"), OSError(28, "No space left on device"), then="go on"))
    'cannot write a: the disk is full; free some space, then go on'
    """
    full = getattr(error, "errno", None) == errno.ENOSPC or (
        getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    )
    if full:
        return RunError(f"cannot write {path}: the disk is full; free some space, then {then}")
    return RunError(f"cannot write {path} ({one_line(error)}); mend that, then {then}")


def missing_folders(path: Path) -> list[Path]:
    """List the folders that making ``path`` would create, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]


def remove_unused(folders: list[Path]) -> None:
    """Take away folders, innermost first, as far as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # something lies in it, perhaps of another run
            return
