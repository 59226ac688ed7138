"""What a generation costs outside evaluation: our engine and pymoo's flat NSGA-II, equal offspring.

    python experiments/search_quality/overhead.py

Writes results/overhead.csv and overhead.png. Sides alternate; medians of ten generations after five,
the screened search's after 1,100 masks.
"""

from __future__ import annotations

import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation

from ccsrp.coevolution.search import Coevolution
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.space import BoolArray, FilterSpace, FloatArray
from problems import PathwayPruning

HERE = Path(__file__).parent
OFFSPRING = 40
SIZES = (100, 1000, 10_000, 100_000)
GENERATIONS = range(5, 15)
# Beyond, a screened generation takes half a minute.
MOST_SCREENED = 10_000


class Free:
    """A problem whose evaluations are not counted."""

    def __init__(self, problem: PathwayPruning) -> None:
        self._problem = problem
        self.spent = 0.0

    @property
    def space(self) -> FilterSpace:
        return self._problem.space

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        began = time.perf_counter()
        answers: FloatArray = self._problem.evaluate(masks)
        self.spent += time.perf_counter() - began
        return answers

    def exact_cost(self, masks: BoolArray, /) -> FloatArray:
        return self._problem.exact_cost(masks)


def ours(problem: PathwayPruning, screening: str) -> tuple[Free, object]:
    free = Free(problem)
    settings = SearchSettings(
        budget=10**9,
        screening=screening,
        batch=OFFSPRING,
        subpopulation_size=OFFSPRING // problem.space.n_layers,
        rejudged_share=0.0,
    )
    engine = Coevolution(free, reference_point=np.ones(3), settings=settings)
    while engine.evaluations < 1100 and screening == "gp":
        engine.run_generation()  # its time grows with what it has learned
    return free, engine.run_generation


def flat(problem: PathwayPruning) -> tuple[Free, object]:
    free = Free(problem)

    class Flat(Problem):
        def __init__(self) -> None:
            super().__init__(n_var=problem.n_var, n_obj=3, xl=0, xu=1, vtype=bool)

        def _evaluate(self, x, out, *args, **kwargs) -> None:
            out["F"] = free.evaluate(x)

    rng = np.random.default_rng(0)
    algorithm = NSGA2(
        pop_size=OFFSPRING,
        sampling=problem.space.random(OFFSPRING, keep=np.linspace(0.95, 0.5, OFFSPRING), rng=rng),
        crossover=UniformCrossover(),
        mutation=BitflipMutation(),
    )
    algorithm.setup(Flat(), termination=NoTermination(), seed=0, verbose=False)
    return free, algorithm.next


def main() -> None:
    rows = []
    for size in SIZES:
        problem = PathwayPruning(n_var=size, n_layers=4)
        sides = {
            "pymoo NSGA-II, flat": flat(problem),
            "ours, unscreened": ours(problem, "none"),
        }
        if size <= MOST_SCREENED:
            sides["ours, screened"] = ours(problem, "gp")
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(GENERATIONS.stop):
            for name, (free, generation) in sides.items():
                began, before = time.perf_counter(), free.spent
                generation()
                times[name].append(time.perf_counter() - began - (free.spent - before))
        for name, values in times.items():
            counted = 1000 * np.array(values[GENERATIONS.start :])
            rows.append(
                {
                    "bits": size,
                    "side": name,
                    "milliseconds": round(float(np.median(counted)), 2),
                    "least": round(float(counted.min()), 2),
                    "most": round(float(counted.max()), 2),
                }
            )
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    table["cpu"] = names[0].split(":")[1].strip() if names else platform.processor()
    for package in ("numpy", "pymoo", "scipy"):
        table[package] = version(package)
    (HERE / "results").mkdir(exist_ok=True)
    table.to_csv(HERE / "results" / "overhead.csv", index=False)
    draw(table)


def draw(table: pd.DataFrame) -> None:
    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for name, rows in table.groupby("side", sort=False):
        axis.errorbar(
            rows["bits"],
            rows["milliseconds"],
            yerr=[rows["milliseconds"] - rows["least"], rows["most"] - rows["milliseconds"]],
            marker="o",
            capsize=3,
            label=name,
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("filters")
    axis.set_ylabel(f"milliseconds a generation of {OFFSPRING}, outside evaluation")
    axis.grid(alpha=0.3, which="both", linewidth=0.4)
    axis.legend()
    figure.savefig(HERE / "overhead.png", dpi=110)


if __name__ == "__main__":
    main()
