"""A run folder as reports want it: everything that it tells, in one record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ccsrp.errors import MaskError, RunError
from ccsrp.report.record import RunRecord
from ccsrp.runs.advice import how_far, resume_command
from ccsrp.runs.attack_tables import read_attacks
from ccsrp.runs.config import RunConfig, read_config
from ccsrp.runs.folder import MOST_MEMBERS, read_front
from ccsrp.runs.store import STORE
from ccsrp.runs.stored import Stored, front_so_far, stored
from ccsrp.runs.tables import check_numbers, read_csv
from ccsrp.space import FilterSpace

__all__ = ["read_run", "read_runs"]

# What a network with weights has in its provenance, and a table has not.
WEIGHTS = "weights_sha256"
COUNTS = ("member", "round", "images")
STAGES = ("predicted", "spliced", "tuned")
AUDITED = ("images", "clean_accuracy", "search_robust_accuracy", "worst_case_accuracy")


def read_runs(folders: Sequence[Path]) -> list[RunRecord]:
    """Read several run folders; each is named by the end of its path that tells it from the others.

    Raises
    ------
    RunError
        One of them is no run folder, is damaged, or is named twice.
    """
    places = [Path(os.path.abspath(folder)) for folder in folders]
    for index, place in enumerate(places):
        if place in places[:index]:
            raise RunError(f"{folders[index]} is named twice; name every run folder once")
    names = [place.name for place in places]
    for length in range(2, max(len(place.parts) for place in places) + 1):
        if len(set(names)) == len(names):
            break
        names = ["/".join(place.parts[-length:]) for place in places]
    return [read_run(folder, name=name) for folder, name in zip(folders, names, strict=True)]


def read_run(folder: Path, *, name: str = "") -> RunRecord:
    """Read a folder that ``ccsrp search`` wrote, of an unfinished search too; nothing is loaded or run.

    Parameters
    ----------
    folder : Path
    name : str
        What the record is called; by default as the folder is.

    Raises
    ------
    RunError
        No run folder, a damaged one, or one of a search that has found nothing yet.
    """
    known = stored(folder) if os.path.isfile(folder / STORE) else None
    name = name or Path(os.path.abspath(folder)).name
    if known is not None and not os.path.isfile(folder / "front.csv"):
        return _unfinished(folder, name, known)
    front, config = _without_bits(read_front(folder)), read_config(folder)
    return _record(
        folder,
        name,
        config,
        known,
        front=front,
        cells=read_csv(folder / "front.csv", then="run the search anew", as_text=True),
        history=_history(folder / "history.csv"),
        rounds=_rounds(folder / "rounds.csv"),
        audit=_audit(folder / "audit.csv", front),
    )


def _unfinished(folder: Path, name: str, known: Stored) -> RunRecord:
    so_far = front_so_far(folder)
    if so_far.front.empty:
        raise RunError(f"the search in {folder} has found nothing yet; go on with '{resume_command(folder)}'")
    return _record(
        folder,
        name,
        known.config,
        known,
        front=so_far.front,
        cells=so_far.front.astype(object).map(str),
        history=so_far.history,
        rounds=_rounds(folder / "rounds.csv"),
        audit=pd.DataFrame(),
        unfinished=how_far(
            folder,
            ended=so_far.ended,
            evaluations=so_far.evaluations,
            budget=known.config.search.budget,
            round=so_far.round,
        ),
    )


def _record(
    folder: Path,
    name: str,
    config: RunConfig,
    known: Stored | None,
    *,
    front: pd.DataFrame,
    cells: pd.DataFrame,
    history: pd.DataFrame,
    rounds: pd.DataFrame,
    audit: pd.DataFrame,
    unfinished: str = "",
) -> RunRecord:
    settings = config.tables()
    problem = settings.pop("run")["problem"]
    settings.pop("layers", None)
    return RunRecord(
        name=name,
        folder=str(folder),
        problem=problem,
        settings=settings,
        front=front,
        cells=cells,
        history=history,
        rounds=rounds,
        audit=audit,
        attacks={} if audit.empty else _attacks(folder, audit["member"]),
        evaluated=pd.DataFrame() if known is None else known.evaluated,
        evaluations=None if known is None else known.evaluations,
        layers=_layers(folder, config, known, front["mask"]),
        seconds=None if known is None else known.seconds,
        has_network=WEIGHTS in config.provenance,
        unfinished=unfinished,
    )


def _history(file: Path) -> pd.DataFrame:
    if not os.path.isfile(file):
        return pd.DataFrame()
    return _checked(file, ("evaluations", "hypervolume"))


def _rounds(file: Path) -> pd.DataFrame:
    if not os.path.isfile(file):
        return pd.DataFrame()
    figures = [f"{stage}_{name}" for stage in STAGES for name in ("accuracy", "robust_accuracy")]
    return _checked(file, ("round", *figures, "cost"))


def _audit(file: Path, front: pd.DataFrame) -> pd.DataFrame:
    """Read ``audit.csv``; rows of members that a later search has replaced are none of this front."""
    if not os.path.isfile(file):
        return pd.DataFrame()
    table = _checked(file, ("member", *AUDITED), then="audit anew")
    return table[table["member"].isin(front["member"])].reset_index(drop=True)


def _attacks(folder: Path, members: pd.Series[int]) -> dict[int, pd.DataFrame]:
    """Read what each attack left of audited members; ``audit.csv`` may have come without these tables."""
    tables = {}
    for member in members.astype(int):
        file = folder / "audit" / f"member-{member}.csv"
        if os.path.isfile(file):
            anew = f"'ccsrp audit {folder} --member {member}' writes it anew"
            tables[member] = read_attacks(file, then=anew)
    return tables


def _checked(file: Path, numbers: Sequence[str], *, then: str = "run the search anew") -> pd.DataFrame:
    table = read_csv(file, then=then)
    for name in numbers:
        if name not in table:
            raise RunError(f"{file} is damaged: column {name!r} is missing; {then}")
        check_numbers(table, name, file)
    for name in COUNTS:
        if name in table:
            check_numbers(table, name, file, most=MOST_MEMBERS, whole=True)
    return _without_bits(table)


def _without_bits(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which ``True`` is 1: pandas takes it for a number, but picks rows by it."""
    return table.astype({name: int for name in table if table[name].dtype == bool})


def _layers(
    folder: Path, config: RunConfig, known: Stored | None, masks: pd.Series[str]
) -> FilterSpace | None:
    """Find the layers that masks speak of; a run that was made before they were named has numbers."""
    sizes = config.layers
    if not sizes and known is not None:
        sizes = {f"layer {number}": size for number, size in enumerate(known.sizes, start=1)}
    if not sizes:
        return None
    try:
        space = FilterSpace(names=tuple(sizes), sizes=tuple(sizes.values()))
        for mask in masks:
            space.from_string(str(mask))
    except MaskError as error:
        raise RunError(f"{folder} is damaged: its layers and its masks do not fit ({error})") from None
    return space
