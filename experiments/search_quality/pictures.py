"""Courses of hypervolume, and a critical-difference diagram of ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from metrics import BUDGETS, Course
from scipy.stats import studentized_range

__all__ = ["draw_courses", "draw_ranks"]

OURS = "#b3001b"


def draw_courses(problems: dict[str, tuple[dict[str, list[Course]], float]], path: Path) -> None:
    """Draw, for each problem, the median share of the best hypervolume against evaluations."""
    columns = min(3, len(problems))
    rows = -(-len(problems) // columns)
    figure = Figure(figsize=(6.0 * columns, 4.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    shown = sorted({name for algorithms, _ in problems.values() for name in algorithms} - {"ours"})
    colours = {name: f"C{index % 10}" for index, name in enumerate(shown)}
    styles = {name: "-" if index < 10 else "--" for index, name in enumerate(shown)}
    for axis, (problem, (algorithms, best)) in zip(axes, problems.items(), strict=False):
        for name, courses in algorithms.items():
            most = min(len(course.objectives) for course in courses)
            at = np.unique(np.geomspace(20, most, 80).astype(int))
            share = np.array([[course.at(number) / best for number in at] for course in courses])
            ours = name == "ours"
            axis.plot(
                at,
                np.median(share, axis=0),
                styles.get(name, "-"),
                color=OURS if ours else colours[name],
                linewidth=2.6 if ours else 1.1,
                label=name,
                zorder=3 if ours else 2,
            )
            if ours:
                low, high = np.quantile(share, [0.25, 0.75], axis=0)
                axis.fill_between(at, low, high, color=OURS, alpha=0.18, linewidth=0)
        axis.set_xscale("log")
        axis.set_title(f"{problem} (seeds >= {min(map(len, algorithms.values()))})")
        axis.set_xlabel("evaluations")
        axis.set_ylabel("share of the best hypervolume")
        axis.grid(alpha=0.25, linewidth=0.5)
    for axis in axes[len(problems) :]:
        axis.set_axis_off()
    handles = {
        label: handle
        for axis in axes[: len(problems)]
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6, fontsize=9)
    figure.savefig(path, dpi=110)


def draw_ranks(table: pd.DataFrame, path: Path, *, seeds: int = 15) -> None:
    """Draw mean ranks over problems and seeds, with Nemenyi's critical difference (Demšar 2006).

    Problems and algorithms with fewer seeds take no part. Budgets of one run are no new evidence: its ranks
    at all budgets that every algorithm had are averaged to one.
    """
    runs = table.groupby(["problem", "algorithm"])["seed"].nunique().unstack()
    runs = runs[runs["ours"] >= seeds]
    names = [name for name in runs if (runs[name] >= seeds).all()]
    blocks = []
    for problem in runs.index:
        mine = table[(table["problem"] == problem) & table["algorithm"].isin(names)]
        shares = [f"share_{budget}" for budget in BUDGETS if mine[f"share_{budget}"].notna().all()]
        ranks = [
            mine.pivot(index="seed", columns="algorithm", values=share).rank(axis=1, ascending=False)
            for share in shares
        ]
        blocks.append(sum(ranks) / len(ranks))
    together = pd.concat(blocks)
    means, count, k = together.mean().sort_values(), len(together), len(names)
    critical = studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * count))
    figure = Figure(figsize=(9, 0.32 * k + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    _diagram(figure.subplots(), means, critical, f"{', '.join(runs.index)}; {count} runs of each")
    figure.savefig(path, dpi=110)


def _diagram(axis: Axes, means: pd.Series, critical: float, what: str) -> None:
    places = np.arange(len(means))
    for place, (name, mean) in zip(places, means.items(), strict=True):
        colour = OURS if name == "ours" else "#333333"
        axis.plot([mean, mean + critical], [place, place], color=colour, alpha=0.3, linewidth=6)
        axis.plot(mean, place, "o", color=colour)
    axis.set_yticks(places, list(means.index))
    axis.invert_yaxis()
    axis.set_xlabel("mean rank by hypervolume (1 is best)")
    axis.set_title(
        f"bars: critical difference {critical:.2f} (Nemenyi, 5 %; {what});\n"
        f"on these problems, who begins right of a bar is worse by more than chance between seeds",
        fontsize=9,
    )
    axis.grid(axis="x", alpha=0.25, linewidth=0.5)
