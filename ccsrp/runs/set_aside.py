"""A fine-tuning put aside when one with other settings takes its place: nothing trained is lost."""

from __future__ import annotations

import contextlib
import os
from itertools import count
from pathlib import Path

from ccsrp.errors import RunError
from ccsrp.runs.audit_rows import remove_row

__all__ = ["forget_audit", "set_aside"]


def set_aside(folder: Path) -> Path:
    """Rename the folder of a fine-tuning, with its audit, to the first free ``member-ID-earlier-N``.

    Returns
    -------
    Path
        Where it lies now.

    Raises
    ------
    RunError
        It cannot be renamed.
    """
    names = (folder.with_name(f"{folder.name}-earlier-{number}") for number in count(1))
    place = next(name for name in names if not os.path.lexists(name))
    try:
        folder.rename(place)
    except OSError as error:
        raise RunError(
            f"cannot rename {folder} to {place.name} ({error.strerror}); nothing was lost"
        ) from None
    return place


def forget_audit(folder: Path, member: int, *, unless: str | None = None) -> None:
    """Take away what says how robust earlier weights of a fine-tuned member were.

    Parameters
    ----------
    folder : Path
        ``finetuned`` of the run.
    member : int
    unless : str, optional
        Hash of the weights that lie there now: an audit of these stays.
    """
    if remove_row(folder / "audit.csv", member, unless=unless):
        with contextlib.suppress(OSError):
            (folder / f"member-{member}" / "audit.csv").unlink()
