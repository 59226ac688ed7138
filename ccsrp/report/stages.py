"""What the network of each round was promised to be, was, and became by fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccsrp.report.record import RunRecord
from ccsrp.space import FloatArray

__all__ = ["STAGES", "RoundsInfo", "rounds_info"]

STAGES = ("predicted", "spliced", "tuned")


@dataclass(frozen=True)
class RoundsInfo:
    """The networks that rounds ended with.

    Attributes
    ----------
    number : int64 [R]
        Rounds, from 1.
    cost : float64 [R]
        Share of the first network's cost that is kept.
    accuracy, robust_accuracy : float64 [R, 3]
        On validation images: as the search predicted, as measured of the pruned network, after fine-tuning.
    """

    number: NDArray[np.int64]
    cost: FloatArray
    accuracy: FloatArray
    robust_accuracy: FloatArray


def rounds_info(record: RunRecord) -> RoundsInfo | None:
    """Collect the rounds of a run; ``None`` if it has none."""
    table = record.rounds
    if table.empty:
        return None

    def stages(name: str) -> FloatArray:
        return table[[f"{stage}_{name}" for stage in STAGES]].to_numpy(dtype=float)

    return RoundsInfo(
        number=table["round"].to_numpy(dtype=np.int64),
        cost=table["cost"].to_numpy(dtype=float),
        accuracy=stages("accuracy"),
        robust_accuracy=stages("robust_accuracy"),
    )
