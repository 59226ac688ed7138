"""How pruned networks should be trained: from labels or from the dense network, in which box, at what heat.

    python experiments/finetuning/run.py             # results/rows.csv, goes on where it was interrupted
    python experiments/finetuning/run.py --summary   # summary.md alone

Random masks of digits at half of the FLOPs (seeds from 1000 on, which no comparison uses), the dense network,
20 epochs each, on one thread. Judged on validation images alone, as defaults rest on them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from ccsrp.methods.interface import FineTuning, Task
from ccsrp.methods.ranking import best_at_cost
from problems import DigitsPruning

HERE = Path(__file__).parent
ROWS = HERE / "results" / "rows.csv"
EPOCHS = 20
SEEDS = range(1000, 1003)
FIGURES = ["accuracy", "sharp", "strong"]


@dataclass(frozen=True)
class Recipe:
    """One way to train; ``target`` is the share of FLOPs that is kept, 1 for the dense network."""

    training: str
    reach: float
    temperature: float = 4.0
    steps: int = 5
    target: float = 0.5

    def tuning(self) -> FineTuning:
        return FineTuning(
            training=self.training,
            epochs=EPOCHS,
            attack_steps=self.steps,
            attack_reach=self.reach,
            temperature=self.temperature,
        )


RECIPES = [
    *(Recipe("pgd-at", reach) for reach in (1.0, 1.3, 1.6)),
    Recipe("pgd-at", 1.0, steps=10),
    *(Recipe("distillation", reach, heat) for heat in (1.0, 2.0, 4.0, 8.0) for reach in (1.0, 1.3, 1.6)),
    Recipe("distillation", 1.3, 4.0, steps=10),
    Recipe("pgd-at", 1.0, target=1.0),
    Recipe("pgd-at", 1.3, target=1.0),
    Recipe("distillation", 1.3, 4.0, target=1.0),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--summary", action="store_true", help="only lay out the rows that are there")
    if not parser.parse_args().summary:
        torch.set_num_threads(1)  # trainings round differently with more
        measure()
    (HERE / "summary.md").write_text(summary(pd.read_csv(ROWS)))


def measure() -> None:
    rows = pd.read_csv(ROWS).to_dict("records") if ROWS.exists() else []
    done = {(*(row[key] for key in Recipe.__dataclass_fields__), row["seed"]) for row in rows}
    sharp, strong = DigitsPruning(), DigitsPruning(attack="strong")
    ROWS.parent.mkdir(exist_ok=True)
    for seed in SEEDS:
        for recipe in RECIPES:
            if (*vars(recipe).values(), seed) in done:
                continue
            task = Task(sharp, recipe.tuning(), seed=seed)
            mask = best_at_cost(sharp, task.rng().random(sharp.space.n_var), recipe.target)
            network = task.finetuned(sharp.network(mask))
            judged = sharp.judge_network(network)
            rows.append(
                vars(recipe)
                | {
                    "seed": seed,
                    "accuracy": judged.accuracy,
                    "sharp": judged.robust_accuracy,
                    "strong": strong.judge_network(network).robust_accuracy,
                }
            )
            pd.DataFrame(rows).to_csv(ROWS, index=False)
            print(rows[-1], flush=True)


def summary(rows: pd.DataFrame) -> str:
    """Lay out means and spreads over seeds."""
    sharp, strong = DigitsPruning(), DigitsPruning(attack="strong")
    network = sharp.base_network()
    dense = sharp.judge_network(network)
    seeds = rows["seed"].nunique()
    lines = [
        "# Fine-tuning: figures",
        "",
        f"Digits, {EPOCHS} epochs, {seeds} seeds, mean ± standard deviation, validation images; "
        f"eps {sharp.attack.eps:g}, `sharp` and `strong` with seed 0.",
        "",
        "| FLOPs | learns from | eps, times | temperature | steps | accuracy | `sharp` | `strong` |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| 1 | as it ships | | | | {dense.accuracy:.3f} | {dense.robust_accuracy:.3f} | "
        f"{strong.judge_network(network).robust_accuracy:.3f} |",
    ]
    keys = ["target", "training", "reach", "temperature", "steps"]
    for key, group in rows.groupby(keys, sort=False):
        target, training, reach, heat, steps = key
        taught = training == "distillation"
        figures = [f"{group[name].mean():.3f} ± {group[name].std():.3f}" for name in FIGURES]
        cells = [
            f"{target:g}",
            "the dense network" if taught else "labels",
            f"{reach:g}",
            f"{heat:g}" if taught else "",
            f"{steps}",
            *figures,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
