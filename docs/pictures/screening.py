"""Draw what screening is worth: hypervolume that equal numbers of evaluations reach, and evaluations saved.

python docs/pictures/screening.py    (reads experiments/search_quality/results, writes screening.svg)
"""

from __future__ import annotations

import pandas as pd
from canvas import BLUE, GREY, INK, ORANGE, STUDIES, TEAL, figure, save

BUDGETS = (100, 250, 500, 1000, 2000, 4000)
SIDES = {
    "ours": ("screened", TEAL, "s-"),
    "ours-unscreened": ("not screened", BLUE, "o--"),
    "nsga2-20": ("flat NSGA-II, 20", ORANGE, "^:"),
    "random": ("chance", GREY, "v:"),
}
PROBLEMS = {"digits-16": "digits-16, 16 filters", "pathways-1e3": "pathways, 1,000 filters"}


def main() -> None:
    """Write the picture."""
    made = figure(height=3.0)
    axes = made.subplots(1, 2)
    for axis, (problem, title) in zip(axes, PROBLEMS.items(), strict=True):
        rows = pd.read_csv(STUDIES / "search_quality" / "results" / f"{problem}.csv")
        for algorithm, (label, colour, style) in SIDES.items():
            part = rows[rows["algorithm"].eq(algorithm)]
            shares = {budget: part[f"share_{budget}"].dropna() for budget in BUDGETS}
            shares = {budget: values for budget, values in shares.items() if len(values)}
            axis.plot(
                list(shares),
                [values.median() for values in shares.values()],
                style,
                color=colour,
                label=label,
                markersize=4.5,
            )
            axis.fill_between(
                list(shares),
                [values.quantile(0.25) for values in shares.values()],
                [values.quantile(0.75) for values in shares.values()],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        axis.set_xscale("log")
        axis.set_xticks(BUDGETS, [f"{budget:,}" for budget in BUDGETS])
        axis.minorticks_off()
        axis.set_title(title, fontsize=9, color=INK)
        axis.set_xlabel("evaluations", fontsize=8)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=8)
    axes[0].set_ylabel("share of the true hypervolume", fontsize=8)
    made.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    save(made, "screening")


if __name__ == "__main__":
    main()
