"""Lay out what ``run.py`` left: results/*.csv, summary.md, courses.png, ranks.png.

python experiments/search_quality/summarise.py

Of problems without runs here, the rows in results/ stand; courses.png is drawn where there are runs of all.
"""

from __future__ import annotations

from pathlib import Path

import moocore
import numpy as np
import pandas as pd
from metrics import BUDGETS, Course, effect_size
from pictures import draw_courses, draw_ranks
from run import PROBLEMS, RAW

from ccsrp.errors import OptionError
from ccsrp.space import FloatArray

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# IGD+ takes its time with longer fronts.
COMPARABLE = 5000
TUNED_ON = ("digits-15", "pathways-90", "pathways-900", "pathways-9000")


def read(problem: str) -> dict[str, dict[int, Course]]:
    """Read all runs on a problem: algorithm -> seed -> course."""
    runs: dict[str, dict[int, Course]] = {}
    for file in sorted((RAW / problem).glob("*.npz")):
        name, seed = file.stem.rsplit("-", 1)
        with np.load(file) as content:
            course = Course.of(content["objectives"], budget=int(content["budget"]))
            runs.setdefault(name, {})[int(seed)] = course
    return runs


def reference(problem: str, runs: dict[str, dict[int, Course]]) -> tuple[float, FloatArray | None]:
    """Return the hypervolume to reach and the front to come near to: the true ones, or the best known."""
    built = PROBLEMS[problem]() if problem not in ("digits", "fashion-mnist") else None
    if built is None:
        seen = np.concatenate([course.objectives for seeds in runs.values() for course in seeds.values()])
        front = seen[moocore.is_nondominated(seen)]
        return float(moocore.hypervolume(front, ref=np.ones(3))), front
    try:
        front = built.pareto_front()
        return built.max_hypervolume, front if len(front) <= COMPARABLE else None
    except OptionError:  # too many points to list
        return built.max_hypervolume, None


def measure(problem: str, runs: dict[str, dict[int, Course]]) -> pd.DataFrame:
    """Measure every run at every budget that it had."""
    best, front = reference(problem, runs)
    rows = []
    for name, seeds in runs.items():
        for seed, course in seeds.items():
            row = {"problem": problem, "algorithm": name, "seed": seed, "evaluations": len(course.objectives)}
            row |= {f"to_{goal}": course.until(goal / 100 * best) for goal in (95, 99)}
            for budget in BUDGETS:
                if budget <= course.budget:
                    row[f"share_{budget}"] = course.at(budget) / best
                    if front is not None:
                        row[f"igd_plus_{budget}"] = course.igd_plus(budget, front)
            rows.append(row)
    return pd.DataFrame(rows)


def medians(table: pd.DataFrame) -> str:
    """Write medians over seeds, and how often ours is ahead, for one problem."""
    ours = table[table["algorithm"] == "ours"]
    shares = [f"share_{budget}" for budget in BUDGETS if f"share_{budget}" in table]
    lines = [
        "| algorithm | seeds | "
        + " | ".join(f"at {s.split('_')[1]}" for s in shares)
        + " | IGD+ at the last | to 95 % | to 99 % | A12 of ours |",
        "| --- |" + " --- |" * (len(shares) + 5),
    ]
    by_name = table.groupby("algorithm")[shares].median()
    # Ordered by the budgets that all had.
    order = by_name.dropna(axis=1).mean(axis=1).sort_values(ascending=False).index
    for name in order:
        mine = table[table["algorithm"] == name]
        had = [share for share in shares if mine[share].notna().all()]
        cells = [f"{mine[share].median():.4f}" if share in had else "" for share in shares]
        near = had[-1].replace("share", "igd_plus") if had else ""
        cells.append(f"{mine[near].median():.4f}" if near in mine and mine[near].notna().all() else "")
        cells += [
            f"{value:.0f}" if np.isfinite(value) else "never"
            for value in (mine["to_95"].median(), mine["to_99"].median())
        ]
        sizes = [
            effect_size(ours[share].to_numpy(), mine[share].to_numpy())
            for share in had
            if ours[share].notna().all()
        ]
        cells.append("" if name == "ours" or not sizes else f"{min(sizes):.2f} to {max(sizes):.2f}")
        lines.append(f"| {name} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    sections, tables, courses = [], [], {}
    for problem in PROBLEMS:
        runs, file = read(problem), RESULTS / f"{problem}.csv"
        if problem in TUNED_ON or not ("ours" in runs or file.exists()):
            continue
        if "ours" in runs:
            measure(problem, runs).round(6).to_csv(file, index=False)
            best, _ = reference(problem, runs)
            courses[problem] = {name: list(seeds.values()) for name, seeds in runs.items()}, best
        table = pd.read_csv(file)
        tables.append(table)
        sections.append(f"## {problem}\n\n{medians(table)}\n")
    if len(courses) == len(tables):
        draw_courses(courses, HERE / "courses.png")
    draw_ranks(pd.concat(tables), HERE / "ranks.png")
    head = "# Results\n\nMedians over seeds of the share of the true (or best known) hypervolume.\n\n"
    (HERE / "summary.md").write_text(head + "\n".join(sections))
    print(head + "\n".join(sections))


if __name__ == "__main__":
    main()
