"""Committed results, and how figures of them are written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["STUDIES", "count", "percent", "read", "span", "summary"]

STUDIES = Path(__file__).parents[3] / "experiments"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def read(path: str) -> pd.DataFrame:
    """Read a table of a study."""
    return pd.read_csv(STUDIES / path, dtype={"mask": str})


def summary(path: str, title: str) -> pd.DataFrame:
    """Read a table of a study's ``summary.md``: the first one after a heading or sentence, all cells as text.

    Parameters
    ----------
    path : str
        From ``experiments``.
    title : str
        The text of the heading, or what the sentence begins with.
    """
    lines = (STUDIES / path).read_text(encoding="utf-8").splitlines()
    words = [line.lstrip("# ") for line in lines]
    begin = words.index(title) if title in words else [line.startswith(title) for line in words].index(True)
    rows: list[list[str]] = []
    for line in lines[begin:]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return pd.DataFrame(rows[2:], columns=rows[0])


def percent(value: float, digits: int = 0) -> str:
    """Write a share in per cent, without the sign."""
    return f"{100 * value:.{digits}f}"


def span(values: pd.Series, form: str = ".0f", *, scale: float = 1.0) -> tuple[str, str]:
    """Write the least and the greatest."""
    return f"{scale * values.min():{form}}", f"{scale * values.max():{form}}"


def count(number: int) -> str:
    """Write a count as text does: small ones as words."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
