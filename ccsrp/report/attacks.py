"""What each attack of an audit left of the members that were audited."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccsrp.report.record import RunRecord
from ccsrp.space import FloatArray

__all__ = ["AttacksInfo", "attacks_info", "sign_sentence"]

# In this order attacks are shown; what a later version adds comes last.
GROUPS = ("search", "white box", "black box", "transfer", "steps")
# Rows that are no attacks, and rows of attacks that could not be run.
CLEAN, WORST, NOT_RUN = "clean", "worst case", "skipped"
# Columns of audit.csv that are no signs of masked gradients.
FIGURES = (
    *("member", "images", "clean_accuracy", "search_robust_accuracy", "worst_case_accuracy", "gap_points"),
    "masked_gradients",
)
_SIGNS = {
    "black_box_alone": "the black-box attack fools many images that every white-box attack leaves",
    "black_box_stronger": "the black-box attack fools more than the best white-box attack",
    "steps_in_vain": "an attack does worse with more steps",
}
_ZERO = "zero_gradients_"


@dataclass(frozen=True)
class AttacksInfo:
    """Audited members, cheapest last, and attacks, strongest first within a group.

    Attributes
    ----------
    members, images : int64 [M]
        The members, and on how many test images each was audited.
    cost : float64 [M]
    clean, worst : float64 [M]
        Share of images that are right without an attack, and under every attack.
    names, groups, descriptions : tuple of str
        Attacks, A of them.
    left : float64 [M, A]
        Share of images that survive each attack alone; NaN where a member did not meet it.
    not_run : tuple of str
        For each member: attacks that could not be run, with their reasons; else empty.
    eps : float, optional
        How far every attack may change a pixel, of 1.
    signs : tuple of str
        Signs of masked gradients that were looked for, S of them, as sentences.
    found : float64 [M, S]
        1 where a sign was found, 0 where it was not, NaN where nobody looked.
    """

    members: NDArray[np.int64]
    images: NDArray[np.int64]
    cost: FloatArray
    clean: FloatArray
    worst: FloatArray
    names: tuple[str, ...]
    groups: tuple[str, ...]
    descriptions: tuple[str, ...]
    left: FloatArray
    not_run: tuple[str, ...]
    eps: float | None
    signs: tuple[str, ...]
    found: FloatArray


def attacks_info(record: RunRecord) -> AttacksInfo | None:
    """Collect the attacks of all audits of a run; ``None`` if it has no such tables."""
    costs = record.front.set_index("member")["cost"]
    members = sorted(record.attacks, key=lambda member: -float(costs[member]))
    if not members:
        return None
    tables = [record.attacks[member] for member in members]
    attacks = _attacks(tables)
    left = np.array([_left(table, attacks) for table in tables]).reshape(len(tables), len(attacks))
    order = _order(attacks, left)
    signs, found = _signs(record.audit.set_index("member").loc[members])
    eps = record.settings.get("attack", {}).get("eps")
    return AttacksInfo(
        members=np.array(members, dtype=np.int64),
        images=np.array([table["images"].iloc[0] for table in tables], dtype=np.int64),
        cost=costs.loc[members].to_numpy(dtype=float),
        clean=np.array([_only(table, CLEAN) for table in tables]),
        worst=np.array([_only(table, WORST) for table in tables]),
        names=tuple(attacks[place][0] for place in order),
        groups=tuple(attacks[place][1] for place in order),
        descriptions=tuple(attacks[place][2] for place in order),
        left=left[:, order],
        not_run=tuple(_not_run(table) for table in tables),
        eps=float(eps) if isinstance(eps, int | float) else None,
        signs=signs,
        found=found,
    )


def sign_sentence(column: str) -> str:
    """Say what a column of ``audit.csv`` looked for.

    >>> sign_sentence("zero_gradients_training")
    'too many images have no gradient at all under surrogate training'
    """
    if column.startswith(_ZERO):
        return f"too many images have no gradient at all under surrogate {column.removeprefix(_ZERO)}"
    return _SIGNS.get(column, column.replace("_", " "))


def _attacks(tables: list[pd.DataFrame]) -> list[tuple[str, str, str]]:
    """List the attacks of all tables; the same name with other parameters is another attack."""
    rows = (
        (str(row["attack"]), str(row["group"]), str(row["description"]))
        for table in tables
        for row in table.to_dict("records")
        if row["group"] not in (CLEAN, WORST, NOT_RUN)
    )
    return list(dict.fromkeys(rows))


def _left(table: pd.DataFrame, attacks: list[tuple[str, str, str]]) -> list[float]:
    keys = zip(table["attack"], table["group"], table["description"], strict=True)
    known = dict(zip(keys, table["accuracy"], strict=True))
    return [float(known.get(attack, np.nan)) for attack in attacks]


def _order(attacks: list[tuple[str, str, str]], left: FloatArray) -> list[int]:
    """Order attacks by group, then by strength; those that differ in steps alone stay as they are."""

    def key(place: int) -> tuple[int, float]:
        group = attacks[place][1]
        strength = 0.0 if group == "steps" else float(np.nanmean(left[:, place]))
        return GROUPS.index(group) if group in GROUPS else len(GROUPS), strength

    return sorted(range(len(attacks)), key=key)


def _only(table: pd.DataFrame, group: str) -> float:
    rows = table.loc[table["group"] == group, "accuracy"]
    return float(rows.iloc[0]) if len(rows) else float("nan")


def _not_run(table: pd.DataFrame) -> str:
    rows = table[table["group"] == NOT_RUN]
    return "; ".join(f"{name} ({why})" for name, why in zip(rows["attack"], rows["description"], strict=True))


def _signs(audit: pd.DataFrame) -> tuple[tuple[str, ...], FloatArray]:
    values = {"True": 1.0, "1": 1.0, "1.0": 1.0, "False": 0.0, "0": 0.0, "0.0": 0.0}
    columns = [str(name) for name in audit if name not in FIGURES]
    read = {name: audit[name].astype(str).map(values).to_numpy(dtype=float) for name in columns}
    known = [name for name in columns if np.isfinite(read[name]).any()]
    found = np.array([read[name] for name in known]).reshape(len(known), len(audit)).T
    return tuple(sign_sentence(name) for name in known), found
