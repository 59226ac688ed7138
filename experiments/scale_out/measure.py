"""Evaluation by Ray workers against evaluation in one process, on this machine.

    python experiments/scale_out/measure.py [--repeats 5]

Sides take turns on the same masks; answers are compared before anything is timed. Writes results/.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import ray

from ccsrp.evaluation.bound import nothing_known
from ccsrp.evaluation.interface import Evaluation
from ccsrp.evaluation.ray import RayWorkers
from ccsrp.space import FilterSpace
from problems import DigitsPruning, FashionMnistPruning, SpikingPruning

RESULTS = Path(__file__).parent / "results"
SIDES = ("process", "one_worker", "two_workers")
WORKERS = {"one_worker": 1, "two_workers": 2}
# Masks of a batch: that of a search by default, and one that keeps workers busy for longer.
BATCHES = {DigitsPruning: (10, 100), FashionMnistPruning: (10, 24)}
SLEEPERS = (2, 4, 8, 16)


def timed(call: Callable[[], Evaluation]) -> tuple[float, Evaluation]:
    """Time one call."""
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer


def steady(problem: SpikingPruning, name: str, masks: np.ndarray, *, repeats: int) -> list[dict[str, object]]:
    """Time batches on workers that hold the problem already; the sides take turns."""
    rows: list[dict[str, object]] = []
    # Room for both sides at once: those who wait for masks sleep.
    ray.init(address="local", num_cpus=3, include_dashboard=False, logging_level=logging.ERROR)
    with RayWorkers(workers=1) as one, RayWorkers(workers=2) as two:
        evaluators = {
            "process": problem,
            "one_worker": one.evaluator(problem),
            "two_workers": two.evaluator(problem),
        }
        answers = {
            side: evaluator.evaluate_bounded(masks, nothing_known()) for side, evaluator in evaluators.items()
        }
        for side, answer in answers.items():
            assert (answer.objectives == answers["process"].objectives).all(), side
            assert len(set(answer.workers)) == WORKERS.get(side, 0), side
        for repeat, size, side in product(range(repeats), BATCHES[type(problem)], SIDES):
            part = masks[:size]
            seconds, answer = timed(
                lambda e=evaluators[side], part=part: e.evaluate_bounded(part, nothing_known())
            )
            inside = seconds if answer.seconds is None else float(answer.seconds.sum()) / WORKERS[side]
            rows.append(
                {
                    "problem": name,
                    "repeat": repeat,
                    "side": side,
                    "masks": len(part),
                    "seconds": round(seconds, 5),
                    "outside_share": round(1 - inside / seconds, 5),
                    "shipped_bytes": getattr(evaluators[side], "shipped_bytes", 0),
                }
            )
    ray.shutdown()
    return rows


def first_batch(
    problem: SpikingPruning, name: str, masks: np.ndarray, *, repeats: int
) -> list[dict[str, object]]:
    """Time from nothing to answers: Ray started, two workers started and given the problem, one mask each."""
    rows: list[dict[str, object]] = []
    for repeat in range(repeats):
        began = time.perf_counter()
        with RayWorkers(workers=2) as workers:
            connected = time.perf_counter()
            evaluator = workers.evaluator(problem)
            evaluator.evaluate(masks[:2])
            first = time.perf_counter()
            evaluator.evaluate(masks[:2])
            second = time.perf_counter()
        rows.append(
            {
                "problem": name,
                "repeat": repeat,
                "start_ray": round(connected - began, 3),
                "first_two_masks": round(first - connected, 3),
                "the_same_again": round(second - first, 4),
                "stop_ray": round(time.perf_counter() - second, 3),
            }
        )
    return rows


@dataclass(frozen=True)
class Sleeper:
    """An evaluator that takes its time and no processor, so that one machine can hold many workers."""

    space: FilterSpace
    seconds: float = 0.05

    def evaluate(self, masks: np.ndarray, /) -> np.ndarray:
        """Sleep."""
        time.sleep(self.seconds * len(masks))
        return np.repeat(masks.mean(axis=1)[:, None], 3, axis=1)


def scheduling(*, repeats: int) -> list[dict[str, object]]:
    """Time what sharing out costs more workers than this machine has cores."""
    sleeper = Sleeper(FilterSpace(names=("a", "b"), sizes=(60, 60)))
    rows: list[dict[str, object]] = []
    for count in SLEEPERS:
        with RayWorkers(workers=count) as workers:
            evaluator = workers.evaluator(sleeper)
            masks = sleeper.space.random(20 * count, keep=0.7, rng=np.random.default_rng(0))
            while len(set(evaluator.evaluate_bounded(masks, nothing_known()).workers)) < count:
                pass  # some are still on their way
            for repeat, size in product(range(repeats), (count, 5 * count, 20 * count)):
                seconds, _ = timed(
                    lambda e=evaluator, part=masks[:size]: e.evaluate_bounded(part, nothing_known())
                )
                ideal = sleeper.seconds * size / count
                rows.append(
                    {
                        "workers": count,
                        "masks_each": size // count,
                        "repeat": repeat,
                        "seconds": round(seconds, 5),
                        "ideal_seconds": ideal,
                        "efficiency": round(ideal / seconds, 4),
                    }
                )
    return rows


def machine() -> pd.Series:
    """Describe processor, versions and what else ran."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    found = {
        key: line.split(":")[1].strip()
        for key in ("model name", "cpu family")
        for line in lines
        if key in line
    }
    return pd.Series(
        {
            "cpu": f"{found.get('model name', platform.processor())}, family {found.get('cpu family', '?')}",
            "cores": os.cpu_count(),
            "load_before": os.getloadavg()[0],
            "python": platform.python_version(),
            **{package: version(package) for package in ("ray", "torch", "numba", "numpy", "spikingjelly")},
        },
        name="value",
    )


def main() -> None:
    """Measure both problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    described = machine()
    batches, firsts = [], []
    for kind, sizes in BATCHES.items():
        problem = kind(test_images=10)
        rng = np.random.default_rng(0)
        masks = problem.space.random(max(sizes), keep=0.7, rng=rng)
        problem.evaluate(masks[:1])  # kernels are compiled and kept for all
        batches += steady(problem, kind.key, masks, repeats=options.repeats)
        firsts += first_batch(problem, kind.key, masks, repeats=min(3, options.repeats))
    shared = scheduling(repeats=options.repeats)
    RESULTS.mkdir(exist_ok=True)
    pd.DataFrame(shared).to_csv(RESULTS / "scheduling.csv", index=False)
    pd.DataFrame(batches).to_csv(RESULTS / "batches.csv", index=False)
    pd.DataFrame(firsts).to_csv(RESULTS / "first_batch.csv", index=False)
    described.to_csv(RESULTS / "machine.csv", index_label="what")


if __name__ == "__main__":
    main()
