"""Run folders: made for one process, read with care."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ccsrp.errors import RunError
from ccsrp.files import missing_folders, remove_unused
from ccsrp.runs.advice import resume_command
from ccsrp.runs.lock import LOCK, only_writer
from ccsrp.runs.store import STORE, RunStore
from ccsrp.runs.tables import check_numbers, read_csv

__all__ = ["MOST_MEMBERS", "member_row", "new_folder", "read_front", "refuse_comparison", "round_weights"]

# Numbers of members and rounds are counted on from 0; no table has as many.
MOST_MEMBERS = 1e9


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Create a folder for a run that no other process writes to meanwhile.

    It is taken away again if nothing was written before an error.

    Raises
    ------
    RunError
        The folder exists and is not empty, or cannot be made or written.
    """
    try:
        new = missing_folders(path)
        if path.exists() and (not path.is_dir() or not all(map(_left_over, path.iterdir()))):
            unfinished = f"go on with '{resume_command(path)}', " if (path / STORE).exists() else ""
            raise RunError(
                f"{path} exists and is not empty; {unfinished}name another folder with --out or remove it"
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write to {path} ({error.strerror}); name another folder with --out") from None
    try:
        with only_writer(path):
            yield path
    except BaseException:
        remove_unused(new)
        raise


def _left_over(file: Path) -> bool:
    """Tell whether a file is what a process leaves that is killed before its run begins."""
    return file.name == LOCK or file.name.startswith(STORE + ".tmp")


def round_weights(path: Path, number: int) -> Path:
    """Return where the network that round ``number`` of a run ended with is written."""
    return path / "rounds" / f"round-{number}.safetensors"


def refuse_comparison(path: Path) -> None:
    """Say of the folder of a comparison that it is one, and where its results are.

    Raises
    ------
    RunError
    """
    if not (path / STORE).exists() and os.path.isdir(path / "cells") and os.path.isfile(path / "config.toml"):
        raise RunError(
            f"{path} is a comparison ('ccsrp compare'), not a search, and has no front; read its summary.md, "
            f"comparison.png and table.csv, or give the folder that 'ccsrp search --out' wrote"
        )


def read_front(path: Path) -> pd.DataFrame:
    """Read the front of a run folder.

    Raises
    ------
    RunError
        No such folder, no finished run in it, or a damaged ``front.csv``.
    """
    file = path / "front.csv"
    if not os.path.isdir(path):  # unlike Path.is_dir, of any name
        raise RunError(f"{path} is not a run folder; give the folder that 'ccsrp search --out' wrote")
    if not os.path.isfile(file):
        if (path / STORE).is_file() and not (path / "config.toml").is_file():
            raise RunError(
                f"{path} has neither front.csv nor config.toml: it was made from Python (ccsrp.recorded), "
                f"where it goes on, or lost them; then 'ccsrp resume {path}' writes them anew"
            )
        if (path / STORE).is_file():
            with RunStore(path, read_only=True) as store:
                if store.ended:
                    raise RunError(
                        f"{path} has lost its front.csv, or never came to write it; '{resume_command(path)}' "
                        f"writes it"
                    )
            raise RunError(f"the search in {path} has not finished; go on with '{resume_command(path)}'")
        refuse_comparison(path)
        raise RunError(f"{path} holds no front.csv; give the folder that 'ccsrp search --out' wrote")
    anew = f"'{resume_command(path)}' writes it anew" if (path / STORE).is_file() else "run the search anew"
    front = read_csv(file, then=anew)
    missing = [
        name for name in ("member", "accuracy", "robust_accuracy", "cost", "mask") if name not in front
    ]
    if missing:
        raise RunError(f"{file} is damaged: column {missing[0]!r} is missing; {anew}")
    if front.empty:
        raise RunError(f"{file} holds no networks; {anew}")
    numbers = front.drop(columns="mask")
    wrong = [name for name in numbers if not pd.api.types.is_numeric_dtype(numbers[name])]
    if wrong:
        raise RunError(f"{file} is damaged: column {wrong[0]!r} holds text; {anew}")
    for name, most in (("accuracy", 1.0), ("robust_accuracy", 1.0), ("cost", float("inf"))):
        check_numbers(front, name, file, most=most)
    for name in ("member", "round"):
        if name in front:
            check_numbers(front, name, file, most=MOST_MEMBERS, whole=True)
    if front["member"].duplicated().any():
        raise RunError(f"{file} is damaged: two networks are the same member; {anew}")
    return front


def member_row(front: pd.DataFrame, member: int, folder: Path) -> pd.Series:
    """Return a member's row of the front of the run in ``folder``.

    Raises
    ------
    RunError
        No such member.
    """
    rows = front[front["member"] == member]
    if rows.empty:
        known = front["member"]
        raise RunError(
            f"{folder} has no member {member}; its members are {known.min()} to {known.max()} "
            f"(see 'ccsrp show {folder}')"
        )
    return rows.iloc[0]
