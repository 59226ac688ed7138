"""Auditing the networks of a run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.attack.audit import Audit, Outcome
from ccsrp.attack.ensemble import AuditSettings
from ccsrp.errors import OptionError, RunError
from ccsrp.registry import load_problem
from ccsrp.runs.audit import run_audit
from ccsrp.runs.config import read_config
from ccsrp.runs.folder import read_front, write_csv

__all__ = ["RunToAudit", "audit_row"]


@dataclass(frozen=True)
class RunToAudit:
    """A run folder whose problem has been built again as the search had it.

    Parameters
    ----------
    path : Path
    problem : SpikingPruning
    front : pd.DataFrame
        ``front.csv``.
    """

    path: Path
    problem: Any
    front: pd.DataFrame

    @classmethod
    def of(cls, path: Path) -> RunToAudit:
        """Read a folder that ``ccsrp search`` wrote.

        Raises
        ------
        RunError
            No finished search, or the problem's weights have changed since.
        OptionError
            A problem that is not installed, or that has no network to attack.
        """
        front, config = read_front(path), read_config(path)
        problem = load_problem(config.problem, **config.options)
        if not hasattr(problem, "audit_case"):
            raise OptionError(
                f"problem {config.problem!r} has no network to attack; audit a search of another"
            )
        expected = config.provenance.get("weights_sha256")
        found = problem.provenance["weights_sha256"]
        if expected is not None and found != expected:
            raise RunError(
                f"{path} was searched on other weights ({str(expected)[:12]}..., now {found[:12]}...); "
                f"restore them where config.toml says"
            )
        if asdict(problem.attack) != config.attack:
            raise RunError(
                f"{path} was searched under another attack (see config.toml) than problem "
                f"{config.problem!r} has now; search it anew"
            )
        return cls(path, problem, front)

    def members(self, chosen: int | None) -> pd.DataFrame:
        """Return the rows to audit: one member, or all.

        Raises
        ------
        OptionError
            No such member.
        """
        if chosen is None:
            return self.front
        rows = self.front[self.front["member"] == chosen]
        if rows.empty:
            known = ", ".join(map(str, self.front["member"]))
            raise OptionError(f"{self.path} has no member {chosen}; its members are {known}")
        return rows

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
        text = self.members(member)["mask"].iloc[0]
        mask = self.problem.space.from_string(text)
        result = run_audit(
            self.path / "audit",
            f"member-{member}",
            mask,
            self.problem.audit_case(mask, images=images),
            self.problem.attack,
            settings=settings,
            on_note=on_note,
            on_attack=on_attack,
        )
        self._add(audit_row(member, result))
        return result

    def _add(self, row: dict[str, Any]) -> None:
        """Put a member's row into ``audit.csv``, in place of an older one."""
        file = self.path / "audit.csv"
        try:
            before = pd.read_csv(file) if file.exists() else pd.DataFrame({"member": []})
            kept = before[before["member"] != row["member"]].to_dict("records")
        except (ValueError, KeyError, OSError):  # a damaged table holds nothing that member-ID.csv does not
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
