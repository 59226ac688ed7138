"""What all measurements here share: alternating sides, medians, the machine they ran on."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch

__all__ = ["RESULTS", "alternate", "machine", "save", "seconds"]

RESULTS = Path(__file__).parent / "results"


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def alternate(sides: dict[str, Callable[[], object]], *, repeats: int) -> dict[str, list[float]]:
    """Time the sides in turn, after one call of each that is not counted."""
    for call in sides.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, call in sides.items():
            times[name].append(seconds(call))
    return times


def spread(times: dict[str, list[float]]) -> dict[str, float]:
    """Return median, least and greatest of each side, as columns."""
    return {
        f"{name}_{label}": round(float(summary(values)), 5)
        for name, values in times.items()
        for label, summary in (("median", np.median), ("min", np.min), ("max", np.max))
    }


def machine() -> dict[str, str]:
    """Describe processor and versions."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    family = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "cpu family" in line]
    return {
        "cpu": f"{names[0].split(':')[1].strip()}, family {family[0].split(':')[1].strip()}"
        if names
        else platform.processor(),
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "spikingjelly", "torchattacks", "numba", "numpy")},
    }


def save(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Write ``results/name.csv`` and the machine beside it."""
    RESULTS.mkdir(exist_ok=True)
    table = pd.DataFrame(rows)
    table.to_csv(RESULTS / f"{name}.csv", index=False)
    pd.Series(machine()).to_csv(RESULTS / "machine.csv", header=["value"], index_label="what")
    print(table.to_string())
    return table
