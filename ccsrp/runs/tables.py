"""CSV files of a run folder, read with care: they may come from anyone."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ccsrp.errors import RunError, one_line
from ccsrp.files import read_regular, write_atomically

__all__ = ["check_numbers", "read_csv", "write_csv"]

# What a table has at most: a front of thousands of networks of thousands of filters fits in easily.
BYTES, ROWS, COLUMNS = 1 << 26, 1_000_000, 1000


def write_csv(table: pd.DataFrame, path: Path, *, then: str = "repeat the command") -> None:
    """Write a table with full precision; ``then``: see ``write_atomically``."""
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode(), then=then)


def read_csv(file: Path, *, then: str, as_text: bool = False) -> pd.DataFrame:
    """Read a table that ``write_csv`` wrote; masks are text.

    Parameters
    ----------
    file : Path
    then : str
        What a user can do if it is damaged, for the error.
    as_text : bool
        Whether all cells stay as they are written, so that they can be written again to the letter.

    Raises
    ------
    RunError
        It cannot be read, is no table, or is far larger than any.
    """
    try:
        content = read_regular(file, at_most=BYTES)
        lines = content.splitlines()
        if len(lines) > ROWS or max((line.count(b",") for line in lines), default=0) >= COLUMNS:
            raise RunError(f"{file} has more than {ROWS:,} rows or {COLUMNS:,} columns; {then}")
        if b'"' in content:  # nothing that is written needs any, and a quoted line break hides columns
            raise RunError(f"{file} is damaged: it has quotation marks; {then}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas warns of rows that do not fit
            table = pd.read_csv(
                io.BytesIO(content),
                dtype=str if as_text else {"mask": str},
                na_filter=not as_text,
                index_col=False,
                low_memory=False,
            )
    except OSError as error:
        raise RunError(f"{file} is damaged ({error.strerror}); {then}") from None
    except RunError:
        raise
    except (ValueError, OverflowError, RecursionError, Warning) as error:  # pandas' own are ValueErrors
        raise RunError(f"{file} is damaged ({one_line(error)}); {then}") from None
    return table


def check_numbers(
    table: pd.DataFrame, name: str, file: Path, *, most: float = np.inf, whole: bool = False
) -> None:
    """See that a column holds finite numbers from 0 to ``most``.

    Raises
    ------
    RunError
    """
    values = table[name]
    if not pd.api.types.is_numeric_dtype(values):
        raise RunError(f"{file} is damaged: column {name!r} holds text; run the search anew")
    numbers = values.to_numpy(dtype=float)
    good = np.isfinite(numbers) & (numbers >= 0) & (numbers <= most)
    if whole:
        good &= numbers == np.floor(numbers)
    if not good.all():
        what = "whole numbers from 0" if whole else "numbers from 0"
        upto = "" if most == np.inf else f" to {most:g}"
        raise RunError(f"{file} is damaged: column {name!r} should hold {what}{upto}; run the search anew")
