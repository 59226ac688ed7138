"""All that pages quote."""

from __future__ import annotations

from figures import (
    attack_strength,
    durability,
    finetuning,
    latency,
    methods,
    scale_out,
    search_quality,
    strong,
    throughput,
)
from figures.claims import Claim, Rows

__all__ = ["claims"]

STUDIES = (
    attack_strength,
    durability,
    finetuning,
    latency,
    methods,
    scale_out,
    search_quality,
    strong,
    throughput,
)


def claims() -> list[Claim | Rows]:
    """Return the claims of all studies."""
    return [claim for study in STUDIES for claim in study.claims()]
