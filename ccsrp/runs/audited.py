"""Auditing the networks of a run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ccsrp.attack.audit import Audit, Outcome
from ccsrp.attack.ensemble import AuditSettings
from ccsrp.attack.subject import Subject
from ccsrp.errors import RunError
from ccsrp.files import inside
from ccsrp.runs.audit import run_audit
from ccsrp.runs.audit_rows import audit_row, known_row, put_row
from ccsrp.runs.finetuned import (
    FOLDER,
    check_finetuned,
    finetuned_folder,
    finetuned_members,
    load_finetuned,
)
from ccsrp.runs.member import Run, open_run
from ccsrp.snn.weights import weights_sha256
from ccsrp.space import BoolArray

__all__ = ["RunToAudit"]


@dataclass(frozen=True)
class RunToAudit:
    """A run folder whose problem has been built again as the search had it.

    Parameters
    ----------
    run : Run
    finetuned : bool
        Whether its fine-tuned members are audited, and not those of the front as they were searched. What
        is written of the ones and of the others lies apart.
    """

    run: Run
    finetuned: bool = False

    @classmethod
    def of(cls, path: Path, *, problem: str | None = None, finetuned: bool = False) -> RunToAudit:
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
        return cls(run, finetuned)

    @property
    def table(self) -> Path:
        """The file with a row an audited network."""
        return (self.run.folder / FOLDER if self.finetuned else self.run.folder) / "audit.csv"

    def members(self, chosen: int | None) -> list[int]:
        """Return the members to audit: one, or all.

        Raises
        ------
        RunError, WeightsError
            No such member; or none that was fine-tuned, if these are audited.
        """
        if chosen is not None:
            found = [int(self.run.row(chosen)["member"])]
        elif self.finetuned:
            found = finetuned_members(self.run)
        else:
            found = [int(member) for member in self.run.front["member"]]
        if self.finetuned:
            for member in found:
                check_finetuned(self.run, member)
        return found

    def audit(
        self,
        member: int,
        *,
        images: int | None = None,
        settings: AuditSettings | None = None,
        on_note: Callable[[str], None] | None = None,
        on_attack: Callable[[int, int, Outcome], None] | None = None,
    ) -> Audit:
        """Audit one member into a table of its own, and write its row of ``self.table``.

        The table is ``audit/member-ID.csv``, of a fine-tuned member ``finetuned/member-ID/audit.csv``. See
        ``ccsrp.runs.audit.run_audit``.
        """
        problem, mask = self.run.member(member)
        weights = None
        if self.finetuned:
            folder, name = finetuned_folder(self.run, member), "audit"
            case, weights = self._finetuned_case(problem, member, mask, images)
        else:
            folder, name = inside(self.run.folder, "audit"), f"member-{member}"
            case = problem.audit_case(mask, images=images)
        result = run_audit(
            folder,
            name,
            mask,
            case,
            problem.attack,
            settings=settings,
            on_note=on_note,
            on_attack=on_attack,
        )
        put_row(self.table, audit_row(member, result, weights=weights))
        return result

    def as_searched(self, member: int, *, images: int) -> tuple[float, float] | None:
        """Return what the member's own audit left on as many images, if there was one.

        Returns
        -------
        (float, float), or None
            Accuracy under the search's attack and at worst, before fine-tuning.
        """
        row = known_row(self.run.folder / "audit.csv", member)
        try:
            if row is None or row["images"] != images:
                return None
            search, worst = float(row["search_robust_accuracy"]), float(row["worst_case_accuracy"])
        except (KeyError, TypeError, ValueError):  # a damaged table: nothing is compared
            return None
        return (search, worst) if 0 <= worst <= search <= 1 else None

    def _finetuned_case(
        self, problem: Any, member: int, mask: BoolArray, images: int | None
    ) -> tuple[tuple[Subject, torch.Tensor, torch.Tensor], str]:
        """Return what is attacked, and the hash of its weights."""
        network = problem.network(mask)
        load_finetuned(self.run, member, network)
        return problem.audit_case_of(network, images=images), weights_sha256(network.network)
