"""What is said of a network that was picked from a front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccsrp.decision.pick import Concession, Pick

__all__ = ["picked_lines"]


def picked_lines(picked: Pick, figures: Mapping[str, Any]) -> list[str]:
    """Say which network it is, why, and what it gives up.

    Parameters
    ----------
    picked : Pick
    figures : mapping
        Its row of the front.
    """
    among = f"{picked.of} networks" if not picked.bounds else f"{picked.within} of {picked.of} networks"
    among += f" with {picked.bounds}" if picked.bounds else ""
    lines = [
        f"member {picked.member}, by {picked.method} among {among}: {picked.reason}",
        "",
        f"{'':<17}{'weight':>7}{'value':>8}{'best':>8}{'given up':>10}",
    ]
    lines += [_line(one, picked.member) for one in picked.concessions]
    lines.append("")
    tested = [
        f"{what} {float(figures[name]):.3f}"
        for name, what in (("test_accuracy", "accuracy"), ("test_robust_accuracy", "robust accuracy"))
        if name in figures
    ]
    if tested:
        lines += [f"Picked on validation images alone. On test images: {', '.join(tested)}.", ""]
    return lines


def _line(one: Concession, member: int) -> str:
    label = one.objective.replace("_", " ")
    whose = "" if one.best_member == member else f"  best: member {one.best_member}"
    return f"{label:<17}{one.weight:>7g}{one.value:>8.3f}{one.best:>8.3f}{one.given_up:>10.3f}{whose}"
