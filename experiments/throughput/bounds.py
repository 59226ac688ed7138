"""Do early stops cost hypervolume? Searches on digits with and without them, 15 seeds, equal masks.

    python experiments/throughput/bounds.py [--seeds 15] [--budget 400]

Writes results/bounds.csv.
"""

from __future__ import annotations

import argparse
import time

from measure import save

import ccsrp
from problems import DigitsPruning


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--budget", type=int, default=400)
    options = parser.parse_args()
    problem = DigitsPruning(test_images=1)
    problem.evaluate(problem.space.full()[None])
    rows: list[dict[str, object]] = []
    for seed in range(options.seeds):
        for stop in (True, False) if seed % 2 else (False, True):
            began = time.perf_counter()
            result = ccsrp.search(problem, budget=options.budget, seed=seed, stop_dominated=stop)
            rows.append(
                {
                    "seed": seed,
                    "early_stops": stop,
                    "evaluations": int(result.history["evaluations"].iloc[-1]),
                    "stopped": int(result.history["stopped"].iloc[-1]),
                    "hypervolume": result.archive.hypervolume(),
                    "seconds": round(time.perf_counter() - began, 2),
                }
            )
            print(rows[-1], flush=True)
    save("bounds", rows)


if __name__ == "__main__":
    main()
