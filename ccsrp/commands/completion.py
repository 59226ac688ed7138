"""What the shell offers at the Tab key: names of problems, run folders, columns and members.

Whatever goes wrong here offers nothing: nobody wants to read an error in the middle of a line. Files may be
anyone's and shells evaluate what they are offered, so names of other than plain characters are left out.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import typer

from ccsrp.files import read_regular

__all__ = ["columns", "members", "problems", "run_folders"]

# Bytes of a front.csv that are read, folders that are looked into, and how deep.
LARGEST, MOST, DEEPEST = 1 << 24, 500, 3
PLAIN = re.compile(r"[\w./+@=,-]+")
# What tells a run folder; a run that has not finished has the first alone.
RUN_FILES = ("run.sqlite", "front.csv")


def problems(incomplete: str) -> list[str]:
    """Offer the problems that are installed."""
    from ccsrp.registry import problem_names

    return _plain(name for name in problem_names() if name.startswith(incomplete))


def run_folders(incomplete: str) -> list[str]:
    """Offer the run folders in and below the folder that has been typed so far."""
    folder, name = os.path.split(incomplete)
    with contextlib.suppress(OSError, ValueError):
        return _plain(islice(_runs(folder, name, DEEPEST), MOST))
    return []


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the columns of the front of the run that stands on the line."""
    with contextlib.suppress(OSError, ValueError, csv.Error):
        head, _ = _front(context)
        return _plain(name for name in head if name.startswith(incomplete) and name != "mask")
    return []


def members(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the members of the front of the run that stands on the line, with their figures."""
    with contextlib.suppress(OSError, ValueError, KeyError, csv.Error):
        head, rows = _front(context)
        named = [dict(zip(head, row, strict=False)) for row in islice(rows, MOST)]
        return [
            (
                str(int(row["member"])),
                f"accuracy {float(row['accuracy']):.3f}, robust {float(row['robust_accuracy']):.3f}, "
                f"cost {float(row['cost']):.3f}",
            )
            for row in named
            if row["member"].startswith(incomplete)
        ]
    return []


def _front(context: typer.Context) -> tuple[list[str], Iterator[list[str]]]:
    # A line that breaks off within an option is not parsed to its end: its arguments are left over.
    typed = [word for word in context.args if not word.startswith("-")]
    folder = context.params.get("folder") or next(iter(typed), "")
    rows = csv.reader(read_regular(Path(folder) / "front.csv", at_most=LARGEST).decode().splitlines())
    return next(rows, []), rows


def _runs(folder: str, prefix: str, deep: int) -> Iterator[str]:
    with os.scandir(folder or ".") as entries:
        names = sorted(
            entry.name
            for entry in islice(entries, MOST)
            if entry.name.startswith(prefix) and not entry.name.startswith(".") and entry.is_dir()
        )
    for name in names:
        path = os.path.join(folder, name)
        if any(os.path.isfile(os.path.join(path, file)) for file in RUN_FILES):
            yield path
        elif deep > 1:
            with contextlib.suppress(OSError):
                yield from _runs(path, "", deep - 1)


def _plain(names: Iterator[str]) -> list[str]:
    return [name for name in names if PLAIN.fullmatch(name)]
