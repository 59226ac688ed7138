"""What each part of our search is worth, on the problems and seeds that defaults were chosen on.

    python experiments/search_quality/ablation.py [--seeds 15]

Writes results/ablation.csv and ablation.md: share of the true hypervolume, medians over seeds. Rows that are
there stand; delete results/ablation.csv to measure all anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from algorithms import coevolution
from metrics import Course, effect_size
from recorder import Recorder
from run import PROBLEMS

from problems import PruningProblem

HERE = Path(__file__).parent
ROWS = HERE / "results" / "ablation.csv"
FIRST_SEED = 1000
BUDGETS = {
    "digits-15": (100, 250, 500),
    "pathways-90": (100, 250, 500),
    "pathways-900": (250, 500),
    "pathways-9000": (100, 250),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "no first masks of every size": {"spread": False},
    "nothing screened": {"screening": "none"},
    "nothing screened, no recombination": {"screening": "none", "recombination": 0.0},
    "nothing screened, no survivor judged anew": {"screening": "none", "rejudged_share": 0.0},
    "no candidate guided": {"guided": False},
    "no recombination": {"recombination": 0.0},
    "recombination all but alone": {"recombination": 1.0},
    "no optimism": {"optimism": 0.0},
    "optimism 1.5": {"optimism": 1.5},
    "8 candidates each": {"candidates": 8},
    "batches of 40": {"batch": 40},
    "first masks keep 20 to 95 %": {"initial_keep": (0.2, 0.95)},
    "subpopulations of 5": {"subpopulation_size": 5},
    "elite as company": {"collaborators": "elite"},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=15)
    seeds = range(FIRST_SEED, FIRST_SEED + parser.parse_args().seeds)
    table = pd.read_csv(ROWS) if ROWS.exists() else pd.DataFrame({"problem": [], "variant": [], "seed": []})
    for name, budgets in BUDGETS.items():
        problem = PROBLEMS[name]()
        for variant, settings in VARIANTS.items():
            there = table[table["problem"].eq(name) & table["variant"].eq(variant)]["seed"]
            rows = [
                {"problem": name} | measured(problem, variant, settings, seed, budgets)
                for seed in seeds
                if seed not in set(there)
            ]
            table = pd.concat([table, pd.DataFrame(rows)]) if rows else table
            in_order(table).round(6).to_csv(ROWS, index=False)
            print(name, variant, flush=True)
    (HERE / "ablation.md").write_text(written(in_order(table)))
    print(written(in_order(table)))


def measured(
    problem: PruningProblem, variant: str, settings: dict[str, Any], seed: int, budgets: tuple[int, ...]
) -> dict[str, Any]:
    """Search once, and tell the share of the true hypervolume at each budget."""
    recorder = Recorder(problem, budget=budgets[-1])
    coevolution(**settings)(recorder, seed)
    course = Course.of(recorder.objectives, budget=budgets[-1])
    shares = {f"share_{budget}": course.at(budget) / problem.max_hypervolume for budget in budgets}
    return {"variant": variant, "seed": seed} | shares


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows as problems and variants are listed."""
    places = {"problem": list(BUDGETS), "variant": list(VARIANTS)}
    return table.sort_values(
        ["problem", "variant", "seed"],
        key=lambda column: column.map(places[column.name].index) if column.name in places else column,
        ignore_index=True,
    ).astype({"seed": int})


def written(table: pd.DataFrame) -> str:
    """Write medians, and how often the default is ahead at the last budget."""
    parts = ["# Ablation\n\nMedian share of the true hypervolume; A12: how often the default is ahead.\n"]
    for name, budgets in BUDGETS.items():
        mine = table[table["problem"] == name]
        last = f"share_{budgets[-1]}"
        default = mine.loc[mine["variant"] == "default", last].to_numpy()
        parts.append(f"## {name}, {len(default)} seeds\n")
        parts.append("| variant | " + " | ".join(f"at {budget}" for budget in budgets) + " | A12 |")
        parts.append("| --- |" + " --- |" * (len(budgets) + 1))
        for variant, group in mine.groupby("variant", sort=False):
            cells = [f"{np.median(group[f'share_{budget}']):.4f}" for budget in budgets]
            ahead = effect_size(default, group[last].to_numpy())
            parts.append(f"| {variant} | " + " | ".join(cells) + f" | {ahead:.2f} |")
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
