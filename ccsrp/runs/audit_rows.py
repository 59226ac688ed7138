"""Audits of a run folder's networks in one table each: a row a member, a row a fine-tuned member."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.attack.audit import Audit
from ccsrp.errors import RunError
from ccsrp.runs.folder import MOST_MEMBERS
from ccsrp.runs.tables import check_numbers, read_csv, write_csv

__all__ = ["audit_row", "known_row", "put_row", "remove_row"]

# Of a fine-tuned network: a hash of its tensors, so that no figure is read as that of other weights.
WEIGHTS = "weights_sha256"


def audit_row(member: int, result: Audit, *, weights: str | None = None) -> dict[str, Any]:
    """Sum an audit up in a row of ``audit.csv``.

    Parameters
    ----------
    member : int
    result : Audit
    weights : str, optional
        Hash of the tensors of a fine-tuned network: see ``weights_sha256``.
    """
    row: dict[str, Any] = {
        "member": member,
        "images": len(result.right),
        "clean_accuracy": result.clean_accuracy,
        "search_robust_accuracy": result.search_accuracy,
        "worst_case_accuracy": result.worst_case_accuracy,
        "gap_points": round(result.gap, 6),
        "masked_gradients": result.suspicious,
    }
    for verdict in result.verdicts:
        row[verdict.name.replace(",", "").replace(" ", "_")] = verdict.suspicious
    return row if weights is None else row | {WEIGHTS: weights}


def known_row(file: Path, member: int, *, weights: str | None = None) -> dict[str, Any] | None:
    """Return a member's row of a table of audits, if there is one that can be read.

    Parameters
    ----------
    file : Path
        ``audit.csv`` of the run, or of its folder ``finetuned``.
    member : int
    weights : str, optional
        A row of other weights is none.
    """
    table = _table(file)
    rows = table[table["member"] == member]
    if weights is not None:
        rows = rows[rows[WEIGHTS].astype(str) == weights] if WEIGHTS in rows else rows.iloc[:0]
    if rows.empty:
        return None
    return {
        str(name): value.item() if hasattr(value, "item") else value for name, value in rows.iloc[-1].items()
    }


def put_row(file: Path, row: dict[str, Any]) -> None:
    """Write a member's row, in place of an older one."""
    before = _table(file)
    kept = before[before["member"] != row["member"]].to_dict("records")
    write_csv(pd.DataFrame([*kept, row]).sort_values("member", kind="stable"), file)


def remove_row(file: Path, member: int, *, unless: str | None = None) -> bool:
    """Take a member's row away, unless it is of the weights with that hash; tell whether it went."""
    before = _table(file)
    mine = before["member"] == member
    if unless is not None and WEIGHTS in before:
        mine &= before[WEIGHTS].astype(str) != unless
    if not mine.any():
        return False
    write_csv(before[~mine], file)
    return True


def _table(file: Path) -> pd.DataFrame:
    """Read a table; a damaged one counts as empty, as it holds nothing that an audit cannot write anew."""
    nothing = pd.DataFrame({"member": []})
    if not file.is_file():
        return nothing
    try:
        table = read_csv(file, then="")
        check_numbers(table, "member", file, most=MOST_MEMBERS, whole=True)
    except (RunError, KeyError):
        return nothing
    return table
