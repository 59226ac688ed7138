"""A whole search on Fashion-MNIST against the same search on the peer stack.

    python experiments/throughput/search.py [--budget 1000] [--sample 60]

The peer's time is that of a sample of the same masks, times their number. Writes results/search.csv.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from measure import save, seconds
from peer import PeerStack, shipped_network

import ccsrp
from ccsrp.evaluation.interface import Evaluation
from problems import FashionMnistPruning


class Timed:
    """A problem whose evaluations are timed, and whose masks are kept."""

    def __init__(self, problem: FashionMnistPruning) -> None:
        self.problem = problem
        self.space, self.reference_point = problem.space, problem.reference_point
        self.seconds = 0.0
        self.masks: list[np.ndarray] = []
        self.reporting = 0.0

    def _timed(self, masks: np.ndarray, call: Callable[[], object]) -> object:
        self.masks.extend(masks.copy())
        began = time.perf_counter()
        answer = call()
        self.seconds += time.perf_counter() - began
        return answer

    def exact_cost(self, masks: np.ndarray, /) -> np.ndarray | None:
        """Tell costs; that is the search's own time, for nothing is evaluated."""
        return self.problem.exact_cost(masks)

    def evaluate(self, masks: np.ndarray, /) -> object:
        """Evaluate, timed."""
        return self._timed(masks, lambda: self.problem.evaluate(masks))

    def evaluate_bounded(self, masks: np.ndarray, known: np.ndarray, /) -> Evaluation:
        """Evaluate within bounds, timed."""
        answer = self._timed(masks, lambda: self.problem.evaluate_bounded(masks, known))
        assert isinstance(answer, Evaluation)
        return answer

    def report(
        self,
        masks: np.ndarray,
        objectives: np.ndarray,
        *,
        on_member: Callable[[int, int], None] | None = None,
    ) -> pd.DataFrame:
        """Leave the test split out: it is no part of a search."""
        return pd.DataFrame({"mask": [self.space.to_string(mask) for mask in masks]})


def main() -> None:
    """Search with and without early stops, then time the peer on a sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=60)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="torchattacks")
    problem = FashionMnistPruning(test_images=10)
    problem.evaluate(problem.space.full()[None])  # kernels are loaded
    rows: list[dict[str, object]] = []
    masks: list[np.ndarray] = []
    for stop in (True, False):
        timed = Timed(problem)
        began = time.perf_counter()
        result = ccsrp.search(timed, budget=options.budget, seed=0, stop_dominated=stop)
        whole = time.perf_counter() - began
        rows.append(
            {
                "stack": "ours" if stop else "ours, no early stops",
                "evaluations": len(timed.masks),
                "seconds": round(whole, 2),
                "of_it_evaluation": round(timed.seconds, 2),
                "own_time_share": round(1 - timed.seconds / whole, 5),
                "seconds_a_mask": round(timed.seconds / len(timed.masks), 4),
                "hypervolume": result.archive.hypervolume(),
                "stopped": int(result.history["stopped"].iloc[-1]),
            }
        )
        print(rows[-1], flush=True)
        masks = masks or timed.masks
    images, labels = problem.images("validation")
    standard = FashionMnistPruning.named_attack("standard")
    peer = PeerStack(
        shipped_network(FashionMnistPruning),
        images,
        labels,
        attack=standard,
        calibration=FashionMnistPruning.dataset().split("train", 256)[0],
    )
    chosen = [masks[i] for i in np.linspace(0, len(masks) - 1, options.sample).round().astype(int)]
    times = [seconds(lambda mask=mask: peer.evaluate(mask)) for mask in chosen]
    own = float(rows[0]["seconds"]) - float(rows[0]["of_it_evaluation"])
    whole = float(np.mean(times)) * len(masks) + own
    error = float(np.std(times, ddof=1)) / len(times) ** 0.5 / float(np.mean(times))
    rows.append(
        {
            "stack": f"peer, from {len(chosen)} of the same masks",
            "evaluations": len(masks),
            "seconds": round(whole, 1),
            "of_it_evaluation": round(whole - own, 1),
            "seconds_a_mask": round(float(np.mean(times)), 4),
            "relative_standard_error": round(error, 4),
            "times_ours": round(whole / float(rows[0]["seconds"]), 1),
            "times_ours_without_stops": round(whole / float(rows[1]["seconds"]), 1),
        }
    )
    save("search", rows)


if __name__ == "__main__":
    main()
