"""Whether a folder of data may be filled from the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["downloads_allowed", "no_downloads"]

_DOWNLOADS: ContextVar[bool] = ContextVar("downloads", default=True)


@contextmanager
def no_downloads() -> Iterator[None]:
    """Only read from a folder that is named, inside the ``with`` block; the default one may be filled."""
    token = _DOWNLOADS.set(False)
    try:
        yield
    finally:
        _DOWNLOADS.reset(token)


def downloads_allowed() -> bool:
    """Tell whether a folder that is named may be filled: not inside ``no_downloads``."""
    return _DOWNLOADS.get()
