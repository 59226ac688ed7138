"""How long two members of a front take beside the dense network, on this machine.

    python experiments/latency/run.py

searches digits and Fashion-MNIST, exports two members of each front, and writes results.csv and summary.md.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch

import ccsrp
from ccsrp.export.folder import read_exported, save_network
from ccsrp.export.latency import Timing, measure, this_machine
from ccsrp.export.to_onnx import onnx_file, read_onnx
from problems import load_problem

HERE = Path(__file__).parent
# Evaluations of each search; the members nearest to these costs are measured.
BUDGETS = {"digits": 250, "fashion-mnist": 150}
COSTS = (0.7, 0.4)
BATCHES, SECONDS, THREADS = (1, 64), 30.0, 1


def forms(
    network: Any, name: str, image_shape: tuple[int, int, int], folder: Path
) -> dict[tuple[str, str], Any]:
    """Export a network and return what rebuilt it, and its ONNX model."""
    save_network(network, folder / name, image_shape=image_shape, title=name)
    exported = read_exported(folder / name)
    content = onnx_file(exported.network, exported.description)
    return {
        (name, "SpikingJelly"): exported.network,
        (name, "onnxruntime"): read_onnx(content, threads=THREADS),
    }


def study(key: str, folder: Path) -> list[dict[str, Any]]:
    """Measure a problem's dense network and two members of its front, all in turns."""
    torch.set_num_threads(os.cpu_count() or 1)
    problem = load_problem(key, device="cpu")
    front = ccsrp.search(problem, budget=BUDGETS[key], seed=0).front
    images, _ = problem.images("test")
    shape = tuple(images.shape[1:])
    dense = problem.space.full()
    networks = forms(problem.network(dense), "dense", shape, folder)
    costs = {"dense": 1.0}
    for target in COSTS:
        row = front.iloc[(front["cost"] - target).abs().argmin()]
        name = f"member of cost {row['cost']:.2f}"
        costs[name] = float(row["cost"])
        networks |= forms(problem.network(problem.space.from_string(row["mask"])), name, shape, folder)
    torch.set_num_threads(THREADS)
    load = os.getloadavg()[0]
    timings = measure(networks, images, batches=BATCHES, seconds=SECONDS)
    return [row_of(key, costs, timing, load) for timing in timings]


def row_of(key: str, costs: dict[str, float], timing: Timing, load: float) -> dict[str, Any]:
    """Return a row of results.csv; ``load`` is that of the machine when measuring began."""
    values = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(timing).items()
    }
    return {"problem": key, "cost": costs[timing.network]} | values | {"load": load} | asdict(this_machine())


def summary(rows: pd.DataFrame) -> str:
    """Write the times side by side, and how much longer the dense network takes at least."""
    lines = [
        "| problem | network | runtime | batch | least ms | median (quartiles) | dense, least |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    same = ["problem", "runtime", "batch"]
    dense = rows[rows["network"] == "dense"].set_index(same)["least_ms"]
    for row in rows.sort_values([*same, "cost"], ascending=[True, True, True, False]).to_dict("records"):
        gain = dense[tuple(row[name] for name in same)] / row["least_ms"]
        spread = f"{row['median_ms']:.2f} ({row['lower_ms']:.2f} to {row['upper_ms']:.2f})"
        cells = [*(row[name] for name in ("problem", "network", "runtime", "batch"))]
        cells += [f"{row['least_ms']:.2f}", spread, f"{gain:.2f} times as long"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study."""
    rows: list[dict[str, Any]] = []
    for key in BUDGETS:
        with TemporaryDirectory() as folder:
            rows += study(key, Path(folder))
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "results.csv", index=False, lineterminator="\n")
    (HERE / "summary.md").write_text(summary(table))
    print(summary(table))


if __name__ == "__main__":
    main()
