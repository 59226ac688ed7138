"""Whether a pruned network is faster: figures of experiments/latency."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from figures.claims import Claim, Rows
from figures.reading import read

__all__ = ["claims"]

PAGE = "experiments/latency/README.md"
TITLES = {"digits": "digits", "fashion-mnist": "Fashion-MNIST"}
SIMULATED, TRANSLATED = "SpikingJelly", "onnxruntime"


def claims() -> Iterator[Claim | Rows]:
    """Yield what the page says of latency."""
    rows = read("latency/results.csv")
    # One cost of about 0.7 and one of about 0.4 on each problem.
    rows["cost"] = rows["cost"].round(1)
    median = rows.set_index(["problem", "runtime", "batch", "cost"])["median_ms"]
    times = median.unstack("cost")
    gains = pd.DataFrame({cost: times[1.0] / times[cost] for cost in (0.7, 0.4)})
    yield Rows(
        PAGE,
        "the median times, dense over pruned:",
        ("", "batch", "0.7 of the FLOPs", "0.4 of the FLOPs"),
        tuple(
            (f"{TITLES[str(problem)]}, {runtime}", str(batch), f"{row[0.7]:.2f}", f"{row[0.4]:.2f}")
            for (problem, runtime, batch), row in gains.iterrows()  # type: ignore[misc]
        ),
    )
    slow = gains.xs((SIMULATED, 1), level=("runtime", "batch"))
    fast = gains[0.4].drop(index=[(problem, SIMULATED, 1) for problem in TITLES])
    yield Claim(
        PAGE,
        "which would be 2.5 times, {} to {} times are left; at 0.7 next to nothing is ({} to {}).",
        (
            f"{fast.min():.1f}",
            f"{fast.max():.1f}",
            f"{gains[0.7].min():.2f}",
            f"{gains[0.7].max():.2f}",
        ),
    )
    yield Claim(
        PAGE,
        "hardly faster at any cost measured ({} to {}): what is left is the overhead of calls, about {} ms "
        "for digits and {} ms for Fashion-MNIST.",
        (
            f"{slow.min(axis=None):.2f}",
            f"{slow.max(axis=None):.2f}",
            *(f"{median[problem, SIMULATED, 1, 0.4]:.1f}" for problem in TITLES),
        ),
    )
    yield Claim(
        PAGE,
        "for one image onnxruntime takes {} instead of {} ms (digits, dense) and {} instead of {} ms "
        "(Fashion-MNIST).",
        tuple(
            f"{median[problem, runtime, 1, 1.0]:.2f}"
            for problem in TITLES
            for runtime in (TRANSLATED, SIMULATED)
        ),
    )
    many = [median[problem, SIMULATED, 64, 1.0] / median[problem, TRANSLATED, 64, 1.0] for problem in TITLES]
    yield Claim(
        PAGE,
        "For 64 images the difference is at most {} times.",
        (f"{max(many):.1f}",),
    )
