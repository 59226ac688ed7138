"""What is said of one member of a front: its figures, and the filters that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ccsrp.errors import printable
from ccsrp.report.labels import brief, label
from ccsrp.report.layer_names import displayed
from ccsrp.report.record import RunRecord
from ccsrp.report.records import records

__all__ = ["MemberInfo", "member_info", "member_lines"]

COUNTS = ("flops", "params", "synops")
# Of columns that are no figures of a network.
NO_FIGURES = ("member", "round", "mask")


@dataclass(frozen=True)
class MemberInfo:
    """One member.

    Attributes
    ----------
    member : int
    of : int
        Members of the front.
    round : int, optional
        The round that it comes from; ``None`` for a search without rounds.
    figures : dict of str to float
        Columns of ``front.csv``: accuracies and costs.
    mask : str
    layers : tuple of (str, int, int)
        Each layer's name, how many filters are kept and how many there are; empty where layers are not known.
    audit : dict of str to float
        Its row of ``audit.csv``; empty if it was not audited.
    """

    member: int
    of: int
    round: int | None
    figures: dict[str, float]
    mask: str
    layers: tuple[tuple[str, int, int], ...]
    audit: dict[str, Any]

    def table(self) -> dict[str, Any]:
        """Return all of it as plain values, with the true names of layers."""
        layers = [{"layer": name, "kept": kept, "filters": size} for name, kept, size in self.layers]
        return {"member": self.member, "of": self.of, "round": self.round, "figures": self.figures} | {
            "layers": layers,
            "audit": self.audit or None,
            "mask": self.mask,
        }


def member_info(record: RunRecord, member: int) -> MemberInfo:
    """Collect what a run says of a member that its front has."""
    row = records(record.front[record.front["member"] == member])[0]
    audited = record.audit[record.audit["member"] == member] if not record.audit.empty else record.audit
    layers: tuple[tuple[str, int, int], ...] = ()
    if record.layers is not None:
        counts = record.layers.counts(record.layers.from_string(row["mask"])[None])[0].tolist()
        layers = tuple(zip(record.layers.names, counts, record.layers.sizes, strict=True))
    return MemberInfo(
        member=member,
        of=len(record.front),
        round=int(row["round"]) if "round" in row else None,
        figures={name: value for name, value in row.items() if name not in NO_FIGURES},
        mask=row["mask"],
        layers=layers,
        audit=records(audited)[0] if len(audited) else {},
    )


def member_lines(info: MemberInfo) -> list[str]:
    """Say what a member is, a figure a line."""
    where = "" if info.round is None else f", of round {info.round}"
    lines = [f"member {info.member} of a front of {info.of} networks{where}", ""]
    width = max(map(len, map(label, info.figures))) + 2
    for name, value in info.figures.items():
        shown = brief(value) if name in COUNTS else f"{value:.3f}"
        lines.append(f"{label(name):<{width}}{shown:>8}{_of_what(name)}")
    if info.audit:
        worst, images = info.audit["worst_case_accuracy"], int(info.audit["images"])
        lines.append(
            f"{'worst case':<{width}}{worst:>8.3f}  of the audit, on {images} test image"
            f"{'s' if images != 1 else ''}"
        )
    return [*lines, "", *_layer_lines(info)]


def _of_what(name: str) -> str:
    if name == "cost":
        return "  of the dense network's"
    return "  on validation images" if name in ("accuracy", "robust_accuracy") else ""


def _layer_lines(info: MemberInfo) -> list[str]:
    kept = f"filters kept: {info.mask.count('1')} of {len(info.mask)}"
    names = [printable(displayed(name), most=60) for name, _, _ in info.layers]
    width = max(map(len, names), default=0)
    return [kept] + [
        f"  {name:<{width}}  {count:>5} of {size}"
        for name, (_, count, size) in zip(names, info.layers, strict=True)
    ]
