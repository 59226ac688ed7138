"""How far ten gradient steps flatter: figures of experiments/attack_strength."""

from __future__ import annotations

from collections.abc import Iterator

from figures.claims import Claim
from figures.reading import read

__all__ = ["claims"]

PAGE = "experiments/attack_strength/README.md"


def claims() -> Iterator[Claim]:
    """Yield what pages say of ``standard`` and ``sharp``."""
    rows = read("attack_strength/results.csv")
    standard = 100 * rows[rows["attack"].eq("standard")].groupby(["role", "steps"])["gap"].mean()
    yield Claim(
        PAGE,
        "`standard` reports {} points too much on the reported networks and {} on the tuning ones, and more "
        "steps hardly help: 50 steps are still {} and {} too high.",
        tuple(f"{standard[role, steps]:.0f}" for steps in (10, 50) for role in ("reported", "tuning")),
    )
    ours = (
        rows["loss"].eq("margin") & rows["schedule"].eq("falling") & rows["surrogate"].eq("ATan(alpha=6.0)")
    )
    sharp = 100 * rows[ours & rows["step_over_eps"].eq(1)].groupby(["role", "steps"])["gap"].mean()
    at_ten = {role: sharp[role, 10] for role in ("reported", "tuning")}
    yield Claim(
        PAGE,
        "`sharp` at the same cost reports {} and {} points too much, and gains with every step.",
        tuple(f"{gap:.0f}" for gap in at_ten.values()),
        holds=all(sharp[role].is_monotonic_decreasing for role in at_ten),
    )
    ten = rows[rows["steps"].eq(10) & rows["attack"].eq("candidate")]
    kind = ["loss", "schedule", "step_over_eps", "surrogate"]
    means = 100 * ten.groupby(["role", *kind])["gap"].mean()
    yield Claim(
        PAGE,
        "The optimum is flat: the best of {} candidates is within 2 points of `sharp`.",
        (f"{len(ten.groupby(kind))}",),
        holds=all(gap - means[role].min() <= 2 for role, gap in at_ten.items()),
    )
