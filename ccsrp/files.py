"""Writing so that nothing is ever half written or left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from pathlib import Path

from ccsrp.errors import RunError, one_line

__all__ = ["inside", "missing_folders", "read_regular", "remove_unused", "write_atomically", "write_failed"]


def read_regular(path: Path, *, at_most: int) -> bytes:
    """Read a file of bounded size; never wait for a pipe, never read a device.

    Raises
    ------
    OSError
        It cannot be read, is no regular file, or is larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        opened = os.open(path, flags)
    except ValueError:  # a NUL character
        raise OSError(errno.EINVAL, "no file can have that name") from None
    try:
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if about.st_size > at_most:
            raise OSError(errno.EFBIG, f"larger than {at_most:,} bytes")
        with os.fdopen(opened, "rb", closefd=False) as file:
            return file.read(about.st_size)
    finally:
        os.close(opened)


def inside(folder: Path, *names: str) -> Path:
    """Return a path below a run folder, which no link on the way leads out of.

    Raises
    ------
    RunError
        One of the names is a link.
    """
    path = folder
    for name in names:
        path = path / name
        if path.is_symlink():
            raise RunError(f"{path} is a link, and nothing is written through links; put the folder there")
    return path


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
        # Made anew: what lies there may be a link to another file.
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
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
    return RunError(
        f"cannot write {path} ({getattr(error, 'strerror', None) or one_line(error)}); mend that, then {then}"
    )


def missing_folders(path: Path) -> list[Path]:
    """List the folders that making ``path`` would create, innermost first."""
    return [folder for folder in (path, *path.parents) if not os.path.exists(folder)]


def remove_unused(folders: list[Path]) -> None:
    """Take away folders, innermost first, as far as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # something lies in it, perhaps of another run
            return
