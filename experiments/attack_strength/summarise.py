"""Choose the surrogate of ``sharp`` on the tuning networks and report it on the others.

python experiments/attack_strength/summarise.py    (reads results.csv, writes summary.md and strength.png)
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

HERE = Path(__file__).parent
SETTING = ["loss", "schedule", "step_over_eps", "surrogate"]
STEPS = 10


def mean_gap(rows: pd.DataFrame, by: list[str]) -> pd.Series:
    """Average, over networks, how many points a figure lies above the worst case."""
    return 100 * rows.groupby(by)["gap"].mean()


def table(rows: pd.DataFrame, chosen: dict[str, object], role: str) -> str:
    """Lay out the figures of one role, one row a network."""
    part = rows[rows["role"] == role]
    pick = part["attack"].eq("candidate")
    for name, value in chosen.items():
        pick &= part[name].eq(value)
    lines = [
        "| network | images | clean | standard 10 | standard 50 | sharp 5 | sharp 10 | sharp 20 | worst |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for network in part["network"].unique():
        here = part["network"].eq(network)
        standard = part[here & part["attack"].eq("standard")].set_index("steps")["robust"]
        sharp = part[here & pick].set_index("steps")["robust"]
        first = part[here].iloc[0]
        cells = [standard[10], standard[50], *(sharp.get(n) for n in (5, 10, 20)), first["worst_case"]]
        numbers = " | ".join("-" if value is None else f"{100 * value:.1f}" for value in cells)
        lines.append(f"| {network} | {first['images']} | {100 * first['clean']:.1f} | {numbers} |")
    return "\n".join(lines)


def figure(rows: pd.DataFrame, chosen: dict[str, object]) -> Figure:
    """Draw points above the worst case against steps, for both attacks and roles."""
    made = Figure(figsize=(16 / 2.54, 8 / 2.54), layout="constrained")
    FigureCanvasAgg(made)
    for axis, role in zip(made.subplots(1, 2, sharey=True), ("tuning", "reported"), strict=True):
        part = rows[rows["role"] == role]
        sharp = part[part["attack"].eq("candidate")]
        for name, value in chosen.items():
            sharp = sharp[sharp[name].eq(value)]
        for label, drawn, style in (
            ("standard", part[part["attack"].eq("standard")], "o--"),
            ("sharp", sharp, "s-"),
        ):
            course = mean_gap(drawn, ["steps"])
            axis.plot(course.index, course.to_numpy(), style, label=label)
        axis.set_title(f"{role} networks", fontsize=9)
        axis.set_xlabel("gradient steps", fontsize=8)
        axis.set_xscale("log", base=2)
        axis.set_xticks([5, 10, 20, 50], ["5", "10", "20", "50"])
        axis.grid(alpha=0.3)
        axis.set_ylim(bottom=0)
    made.axes[0].set_ylabel("points above the worst case (mean)", fontsize=8)
    made.axes[0].legend(fontsize=8)
    return made


def main() -> None:
    """Write the summary."""
    rows = pd.read_csv(HERE / "results.csv")
    candidates = rows[rows["attack"].eq("candidate") & rows["steps"].eq(STEPS)]
    tuning = mean_gap(candidates[candidates["role"] == "tuning"], SETTING).sort_values()
    # Of the form margin, falling from eps to 0: the smallest gap at 10 steps, ties by that at 20.
    formed = rows[rows["attack"].eq("candidate") & rows["role"].eq("tuning") & rows["loss"].eq("margin")]
    formed = formed[formed["schedule"].eq("falling") & formed["step_over_eps"].eq(1)]
    by_steps = mean_gap(formed, ["surrogate", "steps"]).round(6).unstack("steps")
    surrogate = by_steps.sort_values([STEPS, 20]).index[0]
    chosen = {"loss": "margin", "schedule": "falling", "step_over_eps": 1.0, "surrogate": surrogate}
    ranking = "\n".join(
        f"| {loss} | {schedule} | {size:g} | {spike} | {gap:.2f} |"
        for (loss, schedule, size, spike), gap in tuning.head(12).items()
    )
    average = {
        role: (
            mean_gap(rows[rows["role"].eq(role) & rows["attack"].eq("standard")], ["steps"])[STEPS],
            mean_gap(candidates[candidates["role"] == role], SETTING)[tuple(chosen.values())],
            mean_gap(candidates[candidates["role"] == role], SETTING).min(),
        )
        for role in ("tuning", "reported")
    }
    text = f"""## Chosen on the tuning networks ({STEPS} steps)

Margin loss, step falling from eps to 0, {surrogate}. The best twelve of all candidates:

| loss | step | first step / eps | surrogate | mean points above the worst case |
| --- | --- | --- | --- | --- |
{ranking}

Mean points above the worst case at {STEPS} steps:

| networks | standard | sharp as chosen | best of all candidates, seen afterwards |
| --- | --- | --- | --- |
| tuning | {average["tuning"][0]:.1f} | {average["tuning"][1]:.1f} | {average["tuning"][2]:.1f} |
| reported | {average["reported"][0]:.1f} | {average["reported"][1]:.1f} | {average["reported"][2]:.1f} |

## Tuning networks

Accuracy left, in per cent.

{table(rows, chosen, "tuning")}

## Reported networks

{table(rows, chosen, "reported")}
"""
    (HERE / "summary.md").write_text(text)
    figure(rows, chosen).savefig(HERE / "strength.png", dpi=200)
    print(text)


if __name__ == "__main__":
    main()
