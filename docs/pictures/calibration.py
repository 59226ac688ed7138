"""Draw what calibration does to masks that were never trained, and what training makes of them.

python docs/pictures/calibration.py    (reads experiments/methods/results/predict.csv, writes calibration.svg)
"""

from __future__ import annotations

import pandas as pd
from canvas import GREY, ORANGE, STUDIES, TEAL, figure, save

STAGES = {
    "raw": ("as pruned", GREY, "o"),
    "calibrated": ("calibrated", TEAL, "s"),
    "fine-tuned (validation)": ("calibrated, then trained for 10 epochs", ORANGE, "^"),
}


def main() -> None:
    """Write the picture."""
    rows = pd.read_csv(STUDIES / "methods" / "results" / "predict.csv").sort_values("cost")
    made = figure(height=2.9)
    axes = made.subplots(1, 2, sharex=True, sharey=True)
    for axis, figure_of, title in zip(
        axes, ("accuracy", "robust"), ("accuracy", "robust accuracy"), strict=True
    ):
        for stage, (label, colour, marker) in STAGES.items():
            axis.plot(
                rows["cost"],
                rows[f"{stage}: {figure_of}"],
                marker,
                markersize=4.5,
                color=colour,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label=label,
            )
        axis.vlines(
            rows["cost"],
            rows[f"raw: {figure_of}"],
            rows[f"calibrated: {figure_of}"],
            color=TEAL,
            linewidth=0.7,
            zorder=0,
        )
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("cost, as a share of the dense network's FLOPs", fontsize=8)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=8)
    axes[0].set_ylabel("validation images", fontsize=8)
    made.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    save(made, "calibration")


if __name__ == "__main__":
    main()
