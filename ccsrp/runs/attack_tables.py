"""What each attack of an audit left of a member: ``audit/member-ID.csv``, read with care."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from ccsrp.errors import RunError, one_line, printable
from ccsrp.files import read_regular

__all__ = ["ATTACK_COLUMNS", "read_attacks"]

ATTACK_COLUMNS = ("attack", "group", "accuracy", "images", "description")
# An audit has some forty attacks, each described in a line.
BYTES, ROWS = 1 << 20, 1000
MOST_IMAGES = 1e9
NOT_RUN = "skipped"


def read_attacks(file: Path, *, then: str) -> pd.DataFrame:
    """Read the table of one audited network, as ``ccsrp.runs.audit.audit_table`` lays it out.

    Parameters
    ----------
    file : Path
    then : str
        What a user can do if it is damaged, for the error.

    Returns
    -------
    DataFrame
        In ``ATTACK_COLUMNS``, texts printable; ``accuracy`` is NaN where an attack could not be run.

    Raises
    ------
    RunError
        It cannot be read, is no such table, or is far larger than any.
    """
    try:
        text = read_regular(file, at_most=BYTES).decode()
        # Descriptions hold commas, so they stand in quotation marks.
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except OSError as error:
        raise RunError(f"{file} is damaged ({error.strerror}); {then}") from None
    except (ValueError, csv.Error) as error:
        raise RunError(f"{file} is damaged ({one_line(error)}); {then}") from None
    head, rows = (lines[0] if lines else []), lines[1:]
    missing = [name for name in ATTACK_COLUMNS if name not in head]
    if missing:
        raise RunError(f"{file} is damaged: column {missing[0]!r} is missing; {then}")
    if not rows or len(rows) > ROWS or any(len(row) != len(head) for row in rows):
        raise RunError(f"{file} is damaged: an audit has 1 to {ROWS:,} rows of the same length; {then}")
    try:
        return pd.DataFrame([_row(dict(zip(head, row, strict=True))) for row in rows])
    except ValueError as error:
        raise RunError(f"{file} is damaged: {one_line(error)}; {then}") from None


def _row(cells: dict[str, str]) -> dict[str, str | float]:
    images, skipped = float(cells["images"]), cells["group"] == NOT_RUN
    accuracy = np.nan if skipped else float(cells["accuracy"])
    if not (1 <= images <= MOST_IMAGES and images == int(images)):
        raise ValueError("an audit has at least one image")
    if not skipped and not 0 <= accuracy <= 1:
        raise ValueError("an accuracy lies in [0, 1]")
    texts = {name: printable(cells[name]) for name in ("attack", "group", "description")}
    return texts | {"accuracy": accuracy, "images": images}
