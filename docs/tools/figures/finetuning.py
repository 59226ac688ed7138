"""How much training a pruned network needs: figures of experiments/finetuning."""

from __future__ import annotations

from collections.abc import Iterator

from figures.claims import Claim, Rows
from figures.comparison import ACCURACY, AUDITED, ROBUST, Comparison
from figures.reading import read

__all__ = ["claims"]

PAGE = "experiments/finetuning/README.md"
COLUMNS = {"accuracy": ACCURACY, "robust_accuracy": ROBUST, "audited_robust_accuracy": AUDITED}


def claims() -> Iterator[Claim | Rows]:
    """Yield what the page says of longer and longer training."""
    rows = read("finetuning/results/amount.csv").sort_values("images")
    dense = Comparison("fashion-longer").dense
    cells = [
        (f"{row.epochs} epochs of {row.images:,} images", *(f"{getattr(row, name):.3f}" for name in COLUMNS))
        for row in rows.itertuples()
    ]
    cells.append(("the dense network", *(f"{dense[name]:.3f}" for name in COLUMNS.values())))
    heads = ("training", "accuracy", "`sharp`", "audited")
    yield Rows(PAGE, "## How much training?", heads, tuple(cells))
    longest = rows.iloc[-1]
    yield Claim(
        PAGE,
        "With half of the training that the dense network had, {} points of accuracy are lost, {} under the "
        "search's attack and {} in the audit (below 0 is a gain).",
        tuple(f"{100 * (dense[there] - longest[here]):.1f}" for here, there in COLUMNS.items()),
    )
