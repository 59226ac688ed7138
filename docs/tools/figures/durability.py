"""What kills leave behind, and what a million evaluations take: figures of experiments/durability."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from figures.claims import Claim, Rows
from figures.reading import read

__all__ = ["claims"]

PAGE = "experiments/durability/README.md"


def claims() -> Iterator[Claim | Rows]:
    """Yield what the page says."""
    yield _kills(read("durability/kills.csv"))
    yield from _million(read("durability/million.csv"))


def _kills(rows: pd.DataFrame) -> Rows:
    known = [int(number) for cell in rows["evaluations_at_kills"].astype(str) for number in cell.split()]
    ends = [
        int(end)
        for cell, end in zip(
            rows["evaluations_at_kills"].astype(str), rows["evaluations_in_the_end"], strict=True
        )
        for _ in cell.split()
    ]
    before, after = known.count(0), sum(one == end for one, end in zip(known, ends, strict=True))
    during = len(known) - before - after
    identical = (
        "searches whose front, history, config, rounds and weights are, byte for byte, those of an "
        "undisturbed one"
    )
    cells = (
        ("searches", f"{len(rows)}"),
        ("kills", f"{len(known)}"),
        (
            "of them before the first evaluation, during the search, after the last evaluation",
            f"{before}, {during}, {after}",
        ),
        (
            "evaluations that were stored when the kill came and missing later",
            f"{rows['lost_evaluations'].sum()}",
        ),
        ("masks that were evaluated a second time", f"{rows['masks_paid_for_twice'].sum()}"),
        (identical, f"{rows['identical'].sum()} of {len(rows)}"),
    )
    return Rows(PAGE, "kills fall on work.", ("", ""), cells)


def _million(rows: pd.DataFrame) -> Iterator[Claim]:
    last, early = rows.iloc[-1], rows.iloc[(rows["evaluations"] - 100_000).abs().idxmin()]
    fifth = len(rows) // 5
    times = rows["ms_a_generation"]
    yield Claim(
        PAGE,
        "({} evaluations a second, on one of 2 cores of an AMD EPYC while tests ran on the other): resident "
        "memory {} MB after 100,000 evaluations and {} MB after a million, {} MB at most (the front grew "
        "from {} to {} networks of 1,000 filters); a generation of 46 evaluations takes {} ms in the first "
        "fifth and {} ms in the last (medians)",
        (
            f"{round(last['evaluations_per_second'], -2):,.0f}",
            f"{early['resident_mb']:.0f}",
            f"{last['resident_mb']:.0f}",
            f"{rows['resident_mb'].max():.0f}",
            f"{rows['front_size'].iloc[0]:,.0f}",
            f"{rows['front_size'].iloc[-1]:,.0f}",
            f"{times.iloc[:fifth].median():.1f}",
            f"{times.iloc[-fifth:].median():.1f}",
        ),
    )
    size = last["store_bytes_an_evaluation"]
    yield Claim(PAGE, "the store has {} bytes an evaluation, of which 125 are the mask.", (f"{size:.0f}",))
