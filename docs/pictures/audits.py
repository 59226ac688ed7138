"""Draw what each attack leaves of the same networks, and how the order changes.

python docs/pictures/audits.py    (reads the studies of attacks and of methods, writes audits.svg)
"""

from __future__ import annotations

import pandas as pd
from canvas import BLUE, GREY, INK, ORANGE, STUDIES, TEAL, figure, save


def main() -> None:
    """Write the picture."""
    made = figure(height=3.1)
    left, right = made.subplots(1, 2, width_ratios=(1.15, 1))

    rows = pd.read_csv(STUDIES / "attack_strength" / "results.csv")
    digits = rows[rows["network"].str.startswith("digits") & rows["network"].str.endswith("dense")]
    settled = digits["loss"].eq("margin") & digits["schedule"].eq("falling") & digits["step_over_eps"].eq(1)
    sharp = digits[digits["attack"].eq("candidate") & settled & digits["surrogate"].eq("ATan(alpha=6.0)")]
    standard = digits[digits["attack"].eq("standard")]
    for label, part, style, colour in (
        ("standard", standard, "o--", GREY),
        ("sharp", sharp, "s-", TEAL),
    ):
        course = 100 * part.groupby("steps")["robust"].mean()
        left.plot(course.index, course.to_numpy(), style, color=colour, label=label, markersize=4.5)
    worst = 100 * digits.groupby("network")["worst_case"].first().mean()
    left.axhline(worst, color=ORANGE, linewidth=1.2, label="that study's ensemble")
    left.set_xscale("log", base=2)
    left.set_xticks([5, 10, 20, 50], ["5", "10", "20", "50"])
    left.set_ylim(50, 100)
    left.set_xlabel("gradient steps", fontsize=8)
    left.set_ylabel("images left, %", fontsize=8)
    left.set_title("three dense networks, mean", fontsize=9)
    left.legend(fontsize=7.5, loc="lower left")

    results = STUDIES / "methods" / "results"
    table = pd.read_csv(results / "methods-digits.csv")
    for rows, colour, marker, label in (
        (table, BLUE, "o", "taught by the dense network"),
        (pd.read_csv(results / "methods-digits-labels.csv"), TEAL, "s", "trained on labels"),
    ):
        part = rows[~rows["method"].isin(["esl", "dense"])]
        right.plot(
            100 * part["test_robust_accuracy"],
            100 * part["audited_robust_accuracy"],
            marker,
            color=colour,
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            label=label,
        )
    dense = table[table["method"].eq("dense")].iloc[0]
    right.plot(
        100 * dense["test_robust_accuracy"],
        100 * dense["audited_robust_accuracy"],
        "*",
        color=ORANGE,
        markersize=10,
        label="dense",
    )
    right.plot([20, 85], [20, 85], color=INK, linewidth=0.8, linestyle=":")
    right.annotate("not flattered", (83.6, 76), fontsize=7.5, color=INK, ha="right")
    right.set_xlim(66, 84)
    right.set_ylim(20, 84)
    right.set_xlabel("left by the search's attack, %", fontsize=8)
    right.set_ylabel("left by an audit, %", fontsize=8)
    right.set_title("fine-tuned networks of seven methods", fontsize=9)
    right.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(0.0, 0.86))
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=8)
    save(made, "audits")


if __name__ == "__main__":
    main()
