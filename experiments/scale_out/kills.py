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
BUDGET = 300


def searched(problem: DigitsPruning, seed: int, workers: RayWorkers | None = None) -> pd.DataFrame:
    """Search every candidate, so that generations are batches that take a while."""
    judged_by = problem if workers is None else workers.evaluator(problem)
    return ccsrp.search(judged_by, budget=BUDGET, seed=seed, screening="none").front


def kill_workers(stop: threading.Event, rng: np.random.Generator, killed: list[str]) -> None:
    """Kill one of the workers now and then; a new one takes three seconds to begin."""
    while not stop.wait(float(rng.uniform(4, 8))):
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and b"ray::Worker" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
        if found:
            with suppress(ProcessLookupError):
                os.kill(int(rng.choice(found)), signal.SIGKILL)
                killed.append("worker")


def lose_nodes(cluster: Cluster, stop: threading.Event, rng: np.random.Generator, killed: list[str]) -> None:
    """Take the second node away, without a word, and put another in its place."""
    node = cluster.add_node(**NODE)
    while not stop.wait(float(rng.uniform(4, 8))):
        cluster.remove_node(node, False)
        killed.append("node")
        node = cluster.add_node(**NODE)
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
    rows = []
    with RayWorkers(address=cluster.address, workers=2) as workers:
        for number in range(2 * options.trials):
            kind = ("worker", "node")[number % 2]
            alone = searched(problem, number)
            rng, stop, killed = np.random.default_rng(number), threading.Event(), []
            arguments = (stop, rng, killed) if kind == "worker" else (cluster, stop, rng, killed)
            thread = threading.Thread(
                target=kill_workers if kind == "worker" else lose_nodes, args=arguments, daemon=True
            )
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
