"""One process at a time writes into a run folder."""

from __future__ import annotations

import errno
import os
import platform
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccsrp.errors import RunError

__all__ = ["LOCK", "only_writer"]

LOCK = "run.lock"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder inside the ``with`` block; a process that dies lets go of it.

    Raises
    ------
    RunError
        Another process holds it, or it cannot be written to.
    """
    path = folder / LOCK
    try:
        held = _held(path, folder)
    except OSError as error:
        raise RunError(
            f"cannot write to {folder} ({error.strerror}); name another folder with --out"
        ) from None
    try:
        os.truncate(held, 0)
        os.write(held, f"process {os.getpid()} on {platform.node()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(held)


def _held(path: Path, folder: Path) -> int:
    """Open and lock the file."""
    while True:
        # Not through a link, which may lead out of the folder; a pipe is not waited for.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        file = os.open(path, flags, 0o644)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, f"{LOCK} is no regular file")
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            holder = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise RunError(f"{folder} is in use by {holder}; wait for it, or stop it first") from None
        # Who held it before may have taken the file away between the two calls.
        if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
            return file
        os.close(file)


def _lock(file: int) -> None:
    """Lock an open file, or raise BlockingIOError or PermissionError at once where another holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
