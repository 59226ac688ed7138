"""A course of values as a line of small bars."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["sparkline"]

BARS = "▁▂▃▄▅▆▇█"
# For terminals that have no other characters.
ASCII_BARS = "_.-=+*%#"


def sparkline(values: Sequence[float], *, width: int, ascii_only: bool = False) -> str:
    """Draw values as bars from the lowest to the highest, at most ``width`` of them.

    Where there are more values than that, each bar is the last of its share of them.

    >>> sparkline([0.0, 1.0, 2.0, 7.0], width=4)
    '▁▂▃█'
    >>> sparkline(range(100), width=8, ascii_only=True)
    '_.-=+*%#'
    >>> sparkline([0.5, 0.5], width=8)
    '▁▁'
    """
    bars = ASCII_BARS if ascii_only else BARS
    count = min(len(values), max(0, width))
    if not count:
        return ""
    shown = [values[(place + 1) * len(values) // count - 1] for place in range(count)]
    low, high = min(shown), max(shown)
    if not high > low:
        return bars[0] * count
    steps = len(bars) - 1
    return "".join(bars[round(steps * (value - low) / (high - low))] for value in shown)
