"""What workers bring: figures of experiments/scale_out."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from figures.claims import Claim, Rows
from figures.reading import count, read, summary

__all__ = ["claims"]

PAGE, GUIDE = "experiments/scale_out/README.md", "docs/how-to/scale-out.md"
MEANS = "scale_out/summary.md"
DIGITS, FASHION = "digits", "fashion-mnist"
TITLES = {DIGITS: "digits", FASHION: "Fashion-MNIST"}
SIDES = ("one process, two threads", "one worker, one thread", "two workers, one thread each")


def claims() -> Iterator[Claim | Rows]:
    """Yield what pages say of workers."""
    batches = summary(MEANS, "Scale-out: results").set_index(["problem", "side"])
    yield from _speed(batches)
    shares = _shares()
    yield from _shared(shares, batches)
    yield from _beside(batches)
    kills = read("scale_out/results/kills.csv")
    workers, nodes = (kills[kills["killed"].eq(what)] for what in ("worker", "node"))
    yield Claim(
        PAGE,
        "**Kills**: {} searches on digits (900 evaluations each, a cluster of two nodes on this machine) "
        "end with the front of an undisturbed search: in {} of them {} workers were killed, in {} a third "
        "node was taken away.",
        (
            count(len(kills)),
            count(len(workers)),
            f"{workers['kills'].sum()}",
            count(len(nodes)),
        ),
        holds=bool(kills["identical"].all()),
    )


def _ratios(batches: pd.DataFrame, problem: str, column: str) -> list[float]:
    """Return medians of two workers, least batch first."""
    cells = batches.loc[(problem, SIDES[2]), column]
    return [float(cell.split()[0]) for cell in cells]


def _speed(batches: pd.DataFrame) -> Iterator[Claim]:
    one = {name: sorted(_ratios(batches, name, "against one worker")) for name in (DIGITS, FASHION)}
    process = {name: sorted(_ratios(batches, name, "against one process")) for name in (DIGITS, FASHION)}
    yield Claim(
        PAGE,
        "**Two workers against one**: {} to {} times as fast on Fashion-MNIST, {} to {} on digits. Against "
        "one process with two threads, {} to {} and {} to {} times:",
        tuple(
            f"{value:.2f}"
            for ratios in (one, process)
            for name in (FASHION, DIGITS)
            for value in ratios[name]
        ),
    )
    yield Claim(
        GUIDE,
        "on 2 cores two workers do {} to {} times as much as one process on digits, {} times on "
        "Fashion-MNIST",
        (*(f"{value:.1f}" for value in process[DIGITS]), f"{max(process[FASHION]):.1f}"),
        holds=f"{process[FASHION][0]:.1f}" == f"{process[FASHION][1]:.1f}",
    )


def _shares() -> dict[tuple[int, int], str]:
    """Return the median share of time that workers use, in per cent, by workers and masks each."""
    table = read("scale_out/results/scheduling.csv").groupby(["workers", "masks_each"])["efficiency"].median()
    return {(int(many), int(each)): f"{100 * share:.0f}" for (many, each), share in table.items()}  # type: ignore[misc]


def _shared(shares: dict[tuple[int, int], str], batches: pd.DataFrame) -> Iterator[Claim | Rows]:
    yield Claim(
        PAGE,
        "With 16 workers and masks of 50 ms, {} % of the workers' time is used when each has one mask in a "
        "batch, {} % with 5 and {} % with 20.",
        tuple(shares[16, each] for each in (1, 5, 20)),
    )
    yield Claim(
        GUIDE,
        "that scheduling was measured to leave ({} % for 8, {} % for 16, with 5 masks for each in a batch).",
        (shares[8, 5], shares[16, 5]),
    )
    projected = summary(MEANS, "Projected, not measured").set_index(["problem", "workers"])
    column = projected.columns[0]
    rows = [
        (f"measured: {side}", *(_rate(batches.loc[(problem, side), "masks an hour"]) for problem in TITLES))
        for side in SIDES
    ]
    rows += [
        (
            f"projected: {many} workers",
            *(projected.loc[(problem, many), column].split(" to ")[0] for problem in TITLES),
        )
        for many in ("8", "16")
    ]
    words = "Default problems, masks that keep 70 % of their filters:"
    yield Rows(GUIDE, words, ("", *TITLES.values()), tuple(rows))


def _beside(batches: pd.DataFrame) -> Iterator[Claim]:
    """Say what workers cost beside evaluation."""
    outside = {
        problem: [
            float(cell.split()[0]) for cell in batches.loc[(problem, SIDES[2]), "time outside evaluation"]
        ]
        for problem in TITLES
    }
    small, large = (sorted(round(shares[place]) for shares in outside.values()) for place in (0, 1))
    yield Claim(
        PAGE,
        "take {} to {} % of it in larger batches, {} to {} % in batches of 10,",
        tuple(map(str, (*large, *small))),
    )
    alone = [_seconds(batches.loc[(problem, SIDES[1])].iloc[-1]) for problem in TITLES]
    yield Claim(
        PAGE,
        "and more the shorter a mask is: digits take {} ms, Fashion-MNIST {} s.",
        (f"{1000 * alone[0]:.0f}", f"{alone[1]:.1f}"),
    )
    first = (
        read("scale_out/results/first_batch.csv")
        .groupby("problem")[["start_ray", "first_two_masks"]]
        .median()
    )
    ray, masks = (f"{first[column].mean():.0f}" for column in first)
    yield Claim(
        PAGE,
        "Once, a worker costs {} seconds until its first answers, and Ray on this machine another {}.",
        (masks, ray),
    )
    yield Claim(GUIDE, "and take {} seconds to start.", (count(int(ray) + int(masks)),))
    shipped = read("scale_out/results/batches.csv").groupby("problem")["shipped_bytes"].max() / 1e6
    yield Claim(
        GUIDE,
        "sent to each of them once ({} MB for digits, {} MB for Fashion-MNIST).",
        (f"{shipped[DIGITS]:.1f}", f"{shipped[FASHION]:.0f}"),
    )


def _seconds(row: pd.Series) -> float:
    """Return the seconds of a mask."""
    return float(row["seconds a batch"].split()[0]) / int(row["masks"])


def _rate(cells: pd.Series) -> str:
    """Write the rate in the largest batch with three digits."""
    rate = float(cells.iloc[-1].replace(",", ""))
    return f"{float(f'{rate:.3g}'):,.0f}"
