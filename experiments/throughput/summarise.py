"""Lay out the results: summary.md and slopes.png.

python experiments/throughput/summarise.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from measure import RESULTS

HERE = Path(__file__).parent


def markdown(table: pd.DataFrame) -> str:
    """Write a table in Markdown, figures at four digits."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.4g}"
        return str(value)

    lines = ["| " + " | ".join(table.columns) + " |", "|" + " --- |" * table.shape[1]]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def stacks() -> str:
    """Average the masks of each keep rate."""
    rows = pd.read_csv(RESULTS / "stacks.csv")
    columns = [
        "peer_median",
        "standard_median",
        "sharp_median",
        "standard_speedup",
        "sharp_speedup",
        "peer_robust",
        "standard_robust",
        "sharp_robust",
    ]
    grouped = rows.groupby(["problem", "keep"], sort=False)[columns].mean().reset_index()
    return markdown(grouped)


def networks() -> str:
    """Pick the columns of the large networks."""
    rows = pd.read_csv(RESULTS / "networks.csv")
    columns = ["network", "images", "keep", "peer_median", "standard_median", "sharp_median"]
    return markdown(rows[[*columns, "standard_speedup", "sharp_speedup"]])


def bounds() -> str:
    """Compare hypervolumes seed by seed."""
    rows = pd.read_csv(RESULTS / "bounds.csv")
    wide = rows.pivot(index="seed", columns="early_stops")
    volume, seconds = wide["hypervolume"], wide["seconds"]
    difference = volume[True] - volume[False]
    stopped = (wide["stopped"][True] / wide["evaluations"][True]).median()
    table = pd.DataFrame(
        [
            {
                "seeds": len(wide),
                "evaluations": int(wide["evaluations"][True].median()),
                "hypervolume with": volume[True].median(),
                "without": volume[False].median(),
                "median difference": difference.median(),
                "better / worse": f"{(difference > 0).sum()} / {(difference < 0).sum()}",
                "stopped": stopped,
                "seconds with": seconds[True].median(),
                "seconds without": seconds[False].median(),
            }
        ]
    )
    return markdown(table)


def training() -> str:
    """Compare epochs."""
    rows = pd.read_csv(RESULTS / "training.csv")
    wide = rows.pivot(index="epoch", columns="side")
    table = pd.DataFrame(
        {
            "epoch": wide.index,
            "SpikingJelly eager, seconds": wide["seconds"]["eager"].to_numpy(),
            "ours, seconds": wide["seconds"]["ours"].to_numpy(),
            "ratio": (wide["seconds"]["eager"] / wide["seconds"]["ours"]).to_numpy(),
            "loss, eager": wide["loss"]["eager"].to_numpy(),
            "loss, ours": wide["loss"]["ours"].to_numpy(),
        }
    )
    return markdown(table)


def slopes_figure(rows: pd.DataFrame) -> Figure:
    """Draw seconds against what is varied, on logarithmic axes, with the slope between the ends."""
    made = Figure(figsize=(18 / 2.54, 6 / 2.54), layout="constrained")
    FigureCanvasAgg(made)
    kinds = list(rows["varied"].unique())
    for axis, kind in zip(made.subplots(1, len(kinds), sharey=True), kinds, strict=True):
        part = rows[rows["varied"] == kind]
        slope = np.polyfit(np.log(part["value"]), np.log(part["seconds"]), 1)[0]
        axis.loglog(part["value"], part["seconds"], "o-", markersize=3)
        axis.set_title(f"slope {slope:.2f}", fontsize=8)
        axis.set_xlabel(kind, fontsize=8)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=6, which="both")
        axis.minorticks_off()
        values = part["value"].tolist()
        axis.set_xticks(values[::2], [f"{value:g}" for value in values[::2]])
    made.axes[0].set_ylabel("seconds", fontsize=8)
    return made


def main() -> None:
    """Write both."""
    machine = pd.read_csv(RESULTS / "machine.csv").set_index("what")["value"]
    parts = [
        ("Seconds a mask on the networks that ship, mean over masks of the medians", stacks()),
        ("A whole search on Fashion-MNIST", markdown(pd.read_csv(RESULTS / "search.csv"))),
        ("The limit", markdown(pd.read_csv(RESULTS / "limit.csv"))),
        ("Its layers", markdown(pd.read_csv(RESULTS / "limit_layers.csv"))),
        ("Microseconds of a pass under attack, one thread", markdown(pd.read_csv(RESULTS / "shares.csv"))),
        ("SpikingJelly's networks at 32x32", networks()),
        ("Early stops", bounds()),
        ("Adversarial training", training()),
        ("Peak memory", markdown(pd.read_csv(RESULTS / "memory.csv"))),
    ]
    text = "# Throughput: the figures\n\n" + ", ".join(f"{k} {v}" for k, v in machine.items()) + ".\n"
    text += "".join(f"\n## {title}\n\n{table}\n" for title, table in parts)
    (HERE / "summary.md").write_text(text)
    slopes_figure(pd.read_csv(RESULTS / "slopes.csv")).savefig(HERE / "slopes.png", dpi=200)
    print(text)


if __name__ == "__main__":
    main()
