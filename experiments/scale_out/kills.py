"""Searches on digits over a cluster of two nodes, whose workers and nodes are killed: is the front the same?

    python experiments/scale_out/kills.py [--trials 10]

writes results/kills.csv, a row a search.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from ray.cluster_utils import Cluster

import ccsrp
from ccsrp.evaluation.ray import RayWorkers
from problems import DigitsPruning

RESULTS = Path(__file__).parent / "results"
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
BUDGET = 900
# Seconds that a worker needs to begin.
BEGUN = 3.0


def searched(problem: DigitsPruning, seed: int, workers: RayWorkers | None = None) -> pd.DataFrame:
    """Search every candidate, so that generations are batches that take a while."""
    judged_by = problem if workers is None else workers.evaluator(problem)
    return ccsrp.search(judged_by, budget=BUDGET, seed=seed, screening="none").front


def kill_workers(stop: threading.Event, rng: np.random.Generator, killed: list[str]) -> None:
    """Kill one of the workers now and then, once it has had the time to begin."""
    seen: dict[int, float] = {}
    while not stop.wait(float(rng.uniform(1, 3))):
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and b"ray::Worker" in (folder / "cmdline").read_bytes():
                    seen.setdefault(int(folder.name), time.monotonic())
        for number, since in list(seen.items()):
            if time.monotonic() - since > BEGUN:
                del seen[number]
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
                    killed.append("worker")
                break


def lose_node(
    cluster: Cluster, node: object, stop: threading.Event, rng: np.random.Generator, killed: list[str]
) -> None:
    """Take a node away, without a word, in the middle of a search."""
    if not stop.wait(float(rng.uniform(0.5, 2 * BEGUN))):
        killed.append("node")
    cluster.remove_node(node, False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10, help="of each kind")
    options = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    problem = DigitsPruning(validation_images=150, test_images=20)
    cluster = Cluster(
        initialize_head=True,
        head_node_args=NODE
        | {
            "include_dashboard": False,
            "_system_config": {"health_check_period_ms": 500, "health_check_failure_threshold": 3},
        },
    )
    cluster.add_node(**NODE)
    rows = []
    with RayWorkers(address=cluster.address, workers=3) as workers:
        for number in range(2 * options.trials):
            kind = ("worker", "node")[number % 2]
            alone = searched(problem, number)
            rng, stop, killed = np.random.default_rng(number), threading.Event(), []
            if kind == "worker":
                thread = threading.Thread(target=kill_workers, args=(stop, rng, killed), daemon=True)
            else:
                node = cluster.add_node(**NODE)
                arguments = (cluster, node, stop, rng, killed)
                thread = threading.Thread(target=lose_node, args=arguments, daemon=True)
            began = time.perf_counter()
            thread.start()
            front = searched(problem, number, workers)
            stop.set()
            thread.join()
            rows.append(
                {
                    "trial": number,
                    "killed": kind,
                    "kills": len(killed),
                    "seconds": round(time.perf_counter() - began, 1),
                    "identical": front.equals(alone),
                }
            )
            print(rows[-1], flush=True)
            pd.DataFrame(rows).to_csv(RESULTS / "kills.csv", index=False)
    cluster.shutdown()


if __name__ == "__main__":
    main()
