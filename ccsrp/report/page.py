"""Everything that the HTML report shows, as plain lists and numbers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from ccsrp.errors import printable
from ccsrp.importing import naming
from ccsrp.report.attacks import attacks_info
from ccsrp.report.audits import audit_info
from ccsrp.report.courses import hypervolume_course
from ccsrp.report.labels import label
from ccsrp.report.layer_names import displayed
from ccsrp.report.layers import layers_info
from ccsrp.report.parallel import parallel_axes
from ccsrp.report.record import OBJECTIVE_COLUMNS, RunRecord
from ccsrp.report.settings import attack_sentence, duration, settings_info
from ccsrp.report.stages import rounds_info

__all__ = ["page_data", "page_lead", "page_title"]

# Digits of an evaluated network's figures: a picture shows no more.
DIGITS = 6


def page_data(records: Sequence[RunRecord]) -> dict[str, Any]:
    """Collect what the page of one or more runs shows: lists, texts, finite numbers and None only."""
    columns = list(dict.fromkeys(str(name) for record in records for name in record.cells))
    together = pd.concat([record.front for record in records], ignore_index=True)
    return {
        "runs": [_run(record) for record in records],
        "columns": columns,
        "labels": {name: label(name) for name in [*columns, "run"]},
        "axes": [asdict(axis) for axis in parallel_axes(together)],
        "settings": asdict(settings_info(records)),
        "notes": _notes(records),
        "warnings": [
            printable(f"{record.name}: {record.unfinished}") for record in records if record.unfinished
        ],
    }


def page_title(records: Sequence[RunRecord]) -> str:
    """Return what the page is called."""
    return (
        " and ".join(printable(record.name) for record in records)
        if len(records) < 3
        else f"{len(records)} runs"
    )


def page_lead(records: Sequence[RunRecord]) -> str:
    """Return the line below the title."""
    problems = dict.fromkeys(record.problem for record in records)
    lead = f"Searched by ccsrp on {', '.join(problems)}"
    if len(records) == 1:
        search, rounds = records[0].settings.get("search", {}), records[0].settings.get("rounds", {})
        lead += f", budget {search.get('budget')}, seed {search.get('seed')}"
        lead += f", at most {rounds['rounds']} rounds" if "rounds" in rounds else ""
    return printable(lead)


def _run(record: RunRecord) -> dict[str, Any]:
    where = f"{shlex.quote(record.folder)}{naming(record.problem)}"
    command = f"ccsrp export {where} --member " if _exportable(record) else ""
    kept = layers_info(record)
    images = record.settings.get("provenance", {})
    return {
        "name": printable(record.name),
        "problem": record.problem,
        "columns": [str(name) for name in record.cells],
        "cells": record.cells.to_numpy(dtype=str).tolist(),
        "evaluated": _evaluated(record.evaluated),
        "evaluations": record.evaluations,
        "time": "" if record.seconds is None else duration(record.seconds),
        "export": command,
        "images": {split: images.get(f"{split}_images") for split in ("validation", "test")},
        "layers": None
        if kept is None
        else {
            "names": [displayed(name) for name in kept.names],
            "sizes": kept.sizes,
            "share": _plain(kept.share),
        },
        "course": _plain(hypervolume_course(record)),
        "rounds": _plain(rounds_info(record)),
        "audit": _plain(audit_info(record)),
        "attacks": _plain(attacks_info(record)),
    }


def _exportable(record: RunRecord) -> bool:
    printed = f"{record.folder}{record.problem}".isprintable()
    return record.has_network and not record.unfinished and printed


def _evaluated(table: pd.DataFrame) -> dict[str, list[float]] | None:
    if table.empty:
        return None
    return {name: np.round(table[name].to_numpy(dtype=float), DIGITS).tolist() for name in OBJECTIVE_COLUMNS}


def _notes(records: Sequence[RunRecord]) -> list[str]:
    """Say what robustness was judged under, and what the page leaves out."""
    sentences = [printable(attack_sentence(record.settings.get("attack", {}))) for record in records]
    notes = []
    if len({record.problem for record in records}) > 1:
        notes.append("The runs are of different problems: their figures do not compare.")
    if len(set(sentences)) == 1:
        notes.append(f"Robust accuracy is measured under {sentences[0]}.")
    for record, sentence in zip(records, sentences, strict=True):
        lead = f"{printable(record.name)}: " if len(records) > 1 else ""
        if len(set(sentences)) > 1:
            notes.append(f"{lead}robust accuracy is measured under {sentence}.")
        drawn, all_of_them = len(record.evaluated), record.evaluations or 0
        if drawn >= 2 and all_of_them >= 2 * drawn:
            notes.append(f"{lead}{drawn:,} of {all_of_them:,} evaluated networks are drawn, evenly spread.")
    return notes


def _plain(value: Any) -> Any:
    """Turn arrays and the info objects that hold them into lists; what is not finite becomes None."""
    if value is None:
        return None
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return np.where(np.isfinite(array), array.astype(object), np.array(None)).tolist()
    return array.tolist()
