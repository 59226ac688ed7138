"""Let algorithms search problems, each with many seeds; goes on where it was interrupted.

    python experiments/search_quality/run.py digits-14 digits-16 --seeds 15
    python experiments/search_quality/run.py digits --budget 1000 --only ours nsga2

What each run saw, in order, goes to runs/search_quality/PROBLEM/ALGORITHM-SEED.npz, for ``summarise.py``.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from algorithms import ALGORITHMS, run
from recorder import Recorder

from ccsrp.files import write_atomically
from problems import (
    DigitsPruning,
    FashionMnistPruning,
    PathwayPruning,
    PruningProblem,
    TabularPruning,
)

RAW = Path(__file__).parents[2] / "runs" / "search_quality"
# Defaults were chosen on the first four, with seeds from 1000 on; the others are reported.
PROBLEMS: dict[str, Callable[[], PruningProblem]] = {
    "digits-15": lambda: TabularPruning("digits-15"),
    "pathways-90": lambda: PathwayPruning(n_var=90, n_layers=3, interaction=0.8, instance=11),
    "pathways-900": lambda: PathwayPruning(n_var=900, n_layers=5, interaction=0.3, instance=12),
    "pathways-9000": lambda: PathwayPruning(n_var=9000, n_layers=8, interaction=0.5, instance=13),
    "digits-14": lambda: TabularPruning("digits-14"),
    "digits-16": lambda: TabularPruning("digits-16"),
    "pathways-1e3": lambda: PathwayPruning(n_var=1000, n_layers=4, interaction=0.5),
    "pathways-1e4": lambda: PathwayPruning(n_var=10_000, n_layers=8, interaction=0.5),
    "digits": DigitsPruning,
    "fashion-mnist": FashionMnistPruning,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problems", nargs="+", choices=list(PROBLEMS))
    parser.add_argument("--budget", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(ALGORITHMS), default=list(ALGORITHMS))
    parser.add_argument("--without", nargs="+", choices=list(ALGORITHMS), default=[])
    options = parser.parse_args()
    names = [name for name in options.only if name not in options.without]
    for problem_name in options.problems:
        problem = PROBLEMS[problem_name]()
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for name in names:
                one(problem_name, problem, name, seed, options.budget)


def one(problem_name: str, problem: PruningProblem, name: str, seed: int, budget: int) -> None:
    """Run one algorithm once, unless it was run with as large a budget before."""
    file = RAW / problem_name / f"{name}-{seed}.npz"
    if file.exists():
        with np.load(file) as before:
            if before["budget"] >= budget:
                return
    recorder = Recorder(problem, budget=budget)
    began = time.perf_counter()
    run(name, recorder, seed)
    seconds = time.perf_counter() - began
    file.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez_compressed(
        content, objectives=recorder.objectives, budget=np.array(budget), seconds=np.array(seconds)
    )
    write_atomically(file, content.getvalue())
    print(f"{problem_name} {name} seed {seed}: {len(recorder.objectives)} masks, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
