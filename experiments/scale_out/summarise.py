"""Lay out the results: summary.md.

python experiments/scale_out/summarise.py
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def spread(values: pd.Series, digits: int) -> str:
    """Write median, least and greatest."""
    return f"{values.median():.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"


def batches() -> list[str]:
    """Compare the sides, round by round: what ran beside them then slowed all of them."""
    rows = pd.read_csv(HERE / "results" / "batches.csv")
    lines = [
        "| problem | masks | side | seconds a batch | masks an hour | time outside evaluation | "
        "against one worker | against one process |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = {
        "process": "one process, two threads",
        "one_worker": "one worker, one thread",
        "two_workers": "two workers, one thread each",
    }
    for (problem, masks), mine in rows.groupby(["problem", "masks"], sort=False):
        wide = mine.pivot(index="repeat", columns="side", values="seconds")
        for side, label in names.items():
            of_side = mine[mine["side"] == side]
            cells = [
                problem,
                str(masks),
                label,
                spread(of_side["seconds"], 2),
                f"{3600 * masks / of_side['seconds'].median():,.0f}",
                "" if side == "process" else spread(100 * of_side["outside_share"], 1) + " %",
                spread(wide["one_worker"] / wide[side], 2),
                spread(wide["process"] / wide[side], 2),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def first_batches() -> list[str]:
    """Say what it takes until the first answers."""
    rows = pd.read_csv(HERE / "results" / "first_batch.csv")
    lines = [
        "| problem | start Ray | first two masks | the same again | stop Ray |",
        "| --- | --- | --- | --- | --- |",
    ]
    for problem, mine in rows.groupby("problem", sort=False):
        columns = (("start_ray", 1), ("first_two_masks", 1), ("the_same_again", 2), ("stop_ray", 1))
        cells = [problem, *(spread(mine[column], digits) for column, digits in columns)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def scheduling() -> list[str]:
    """Say how much of many workers' time is used, by the masks that each has in a batch."""
    rows = pd.read_csv(HERE / "results" / "scheduling.csv")
    sizes = sorted(rows["masks_each"].unique())
    lines = [
        "| workers | " + " | ".join(f"{size} masks each" for size in sizes) + " |",
        "| --- |" + " --- |" * len(sizes),
    ]
    for workers, mine in rows.groupby("workers"):
        cells = [spread(100 * mine.loc[mine["masks_each"] == size, "efficiency"], 0) for size in sizes]
        lines.append(f"| {workers} | " + " | ".join(f"{cell} %" for cell in cells) + " |")
    return lines


def projected() -> list[str]:
    """Multiply the rate of one worker by workers and by the share of their time that scheduling leaves."""
    rows = pd.read_csv(HERE / "results" / "batches.csv")
    shares = pd.read_csv(HERE / "results" / "scheduling.csv")
    alone = rows[(rows["side"] == "one_worker") & (rows["masks"] > 10)]
    lines = [
        "| problem | workers | masks an hour, 5 to 20 for each worker in a batch |",
        "| --- | --- | --- |",
    ]
    for problem, mine in alone.groupby("problem", sort=False):
        rate = 3600 * (mine["masks"] / mine["seconds"]).median()
        for workers in (8, 16):
            of_them = shares[shares["workers"] == workers].groupby("masks_each")["efficiency"].median()
            low, high = (f"{round(workers * rate * of_them[each], -3):,.0f}" for each in (5, 20))
            lines.append(f"| {problem} | {workers} | {low} to {high} |")
    return lines


def main() -> None:
    """Write the page."""
    machine = pd.read_csv(HERE / "results" / "machine.csv").set_index("what")["value"]
    shipped = (
        pd.read_csv(HERE / "results" / "batches.csv").groupby("problem", sort=False)["shipped_bytes"].max()
    )
    lines = [
        "# Scale-out: results",
        "",
        "Written by `summarise.py`. Medians, with least and greatest; ratios are taken within each round.",
        "",
        *batches(),
        "",
        "Seconds from nothing to answers, two workers:",
        "",
        *first_batches(),
        "",
        "Share of the workers' time that is used, for masks that sleep 50 ms (so that this machine can hold "
        "more workers than it has cores):",
        "",
        *scheduling(),
        "",
        "Projected, not measured: the rate of one worker times their number times the share above, as if "
        "each had a core like this one to itself:",
        "",
        *projected(),
        "",
        "Shipped to each worker, once: "
        + ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in shipped.items())
        + ".",
        "",
        "Machine: " + ", ".join(f"{what} {value}" for what, value in machine.items()) + ".",
    ]
    (HERE / "summary.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
