"""Fronts of all kinds: of one network, with equal columns, with networks that others beat."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

SHARES = st.integers(0, 20).map(lambda step: step / 20)
WEIGHTS = st.sampled_from([0.0, 1e-300, 0.3, 1.0, 2.0, 1e6])


def front_of(rows: list[tuple[float, float, float]]) -> pd.DataFrame:
    """Lay out (accuracy, robust accuracy, cost) of networks; test figures say the reverse."""
    table = pd.DataFrame(rows, columns=["accuracy", "robust_accuracy", "cost"], dtype=float)
    table.insert(0, "member", np.arange(len(table)) + 3)
    return table.assign(test_accuracy=1 - table["accuracy"], mask="101")


fronts = st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1, max_size=12).map(front_of)
preferences = st.dictionaries(
    st.sampled_from(["accuracy", "robust_accuracy", "cost"]), WEIGHTS, max_size=3
).filter(lambda weights: any(weights.get(name, 1) for name in ("accuracy", "robust_accuracy", "cost")))
