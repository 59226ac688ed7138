"""Auditing the networks of a run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.attack.audit import Audit, Outcome
from ccsrp.attack.ensemble import AuditSettings
from ccsrp.errors import RunError
from ccsrp.files import inside
from ccsrp.runs.audit import run_audit
from ccsrp.runs.member import Run, open_run
from ccsrp.runs.tables import check_numbers, read_csv, write_csv

__all__ = ["RunToAudit", "audit_row"]


@dataclass(frozen=True)
class RunToAudit:
    """A run folder whose problem has been built again as the search had it.

    Parameters
    ----------
    run : Run
    """

    run: Run

    @classmethod
    def of(cls, path: Path, *, problem: str | None = None) -> RunToAudit:
        """Read a folder that ``ccsrp search`` wrote; ``problem`` as in ``open_run``.

        Raises
        ------
        RunError
            See ``ccsrp.runs.member.open_run``; or the problem's attack has changed since.
        OptionError
            A problem that is not installed.
        """
        run = open_run(path, problem=problem)
        if run.problem.attack.table() != run.config.attack:
            raise RunError(
                f"{path} was searched under another attack (see config.toml) than problem "
                f"{run.config.problem!r} has now; search it anew"
            )
        return cls(run)

    def members(self, chosen: int | None) -> list[int]:
        """Return the members to audit: one, or all.

        Raises
        ------
        RunError
            No such member.
        """
        if chosen is None:
            return [int(member) for member in self.run.front["member"]]
        return [int(self.run.row(chosen)["member"])]

    def audit(
        self,
        member: int,
        *,
        images: int | None = None,
        settings: AuditSettings | None = None,
        on_note: Callable[[str], None] | None = None,
        on_attack: Callable[[int, int, Outcome], None] | None = None,
    ) -> Audit:
        """Audit one member into ``audit/member-ID``, and write its row of ``audit.csv``.

        See ``ccsrp.runs.audit.run_audit``.
        """
        problem, mask = self.run.member(member)
        result = run_audit(
            inside(self.run.folder, "audit"),
            f"member-{member}",
            mask,
            problem.audit_case(mask, images=images),
            problem.attack,
            settings=settings,
            on_note=on_note,
            on_attack=on_attack,
        )
        self._add(audit_row(member, result))
        return result

    def _add(self, row: dict[str, Any]) -> None:
        """Put a member's row into ``audit.csv``, in place of an older one."""
        file = self.run.folder / "audit.csv"
        try:
            before = read_csv(file, then="") if file.exists() else pd.DataFrame({"member": []})
            check_numbers(before, "member", file, whole=True)
            kept = before[before["member"] != row["member"]].to_dict("records")
        except (RunError, KeyError):  # a damaged table holds nothing that member-ID.csv does not
            kept = []
        table = pd.DataFrame([*kept, row]).sort_values("member", kind="stable")
        write_csv(table, file)


def audit_row(member: int, result: Audit) -> dict[str, Any]:
    """Sum an audit up in a row of ``audit.csv``."""
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
    return row
