"""How far the attack of a search flattered the networks: audits beside what the search said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccsrp.report.record import RunRecord
from ccsrp.space import BoolArray, FloatArray

__all__ = ["AuditInfo", "audit_info"]


@dataclass(frozen=True)
class AuditInfo:
    """Audited members, cheapest last.

    Attributes
    ----------
    members, images : int64 [N]
        The audited members, and on how many test images each was.
    cost : float64 [N]
    clean, search, worst : float64 [N]
        Share of these images that are right without an attack, under the attack of the search, and under
        every attack of the audit.
    suspicious : bool [N]
        Whether the audit saw a sign of masked gradients.
    """

    members: NDArray[np.int64]
    images: NDArray[np.int64]
    cost: FloatArray
    clean: FloatArray
    search: FloatArray
    worst: FloatArray
    suspicious: BoolArray


def audit_info(record: RunRecord) -> AuditInfo | None:
    """Collect the audits of a run; ``None`` if none of its members was audited."""
    if record.audit.empty:
        return None
    costs = record.front.set_index("member")["cost"]
    table = record.audit.assign(cost=costs.loc[record.audit["member"]].to_numpy(dtype=float))
    table = table.sort_values("cost", ascending=False, kind="stable")
    none = np.zeros(len(table), dtype=bool)
    return AuditInfo(
        members=table["member"].to_numpy(dtype=np.int64),
        images=table["images"].to_numpy(dtype=np.int64),
        cost=table["cost"].to_numpy(dtype=float),
        clean=table["clean_accuracy"].to_numpy(dtype=float),
        search=table["search_robust_accuracy"].to_numpy(dtype=float),
        worst=table["worst_case_accuracy"].to_numpy(dtype=float),
        suspicious=table["masked_gradients"].astype(str).isin(["1", "True"]).to_numpy(dtype=bool)
        if "masked_gradients" in table
        else none,
    )
