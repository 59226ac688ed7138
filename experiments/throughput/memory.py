"""Peak memory does not grow with the masks of a call nor with the length of a search.

    python experiments/throughput/memory.py

Each size runs in a process of its own, on digits with 60 images. Writes results/memory.csv.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import numpy as np
from measure import save

SIZES = (100, 1_000, 10_000)


def child(what: str, size: int) -> None:
    """Evaluate ``size`` masks in one call, or search with that budget; print the peak in MiB."""
    import ccsrp
    from problems import DigitsPruning

    problem = DigitsPruning(validation_images=60, calibration_images=64, test_images=10)
    if what == "one call":
        rng = np.random.default_rng(0)
        problem.evaluate(problem.space.random(size, keep=rng.uniform(0.3, 1, size), rng=rng))
    else:
        ccsrp.search(problem, budget=size)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "SIZE"))
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]))
        return
    rows: list[dict[str, object]] = []
    for what in ("one call", "search"):
        for size in SIZES:
            command = [sys.executable, __file__, "--child", what, str(size)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append({"what": what, "masks": size, "peak_rss_mib": round(float(out), 1)})
            print(rows[-1], flush=True)
    save("memory", rows)


if __name__ == "__main__":
    main()
