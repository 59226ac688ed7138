"""A change of pixels in words: exact, and as people write it."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["exact"]

# Steps of a pixel of eight bits, and denominators that people say without them, as in 1/3.
LEVELS, SMALL = 255, 9


def exact(value: float) -> str:
    """Write an eps or a step so that exactly this number can be read back: a short decimal, or a fraction.

    Parameters
    ----------
    value : float
        In units of pixels in [0, 1].

    Examples
    --------
    >>> exact(0.1), exact(8 / 255), exact(8 / 255 / 4), exact(1 / 3), exact(0.0313725)
    ('0.1', '8/255', '2/255', '1/3', '0.0313725')
    >>> exact(1.3 * 8 / 255)
    '10.4/255'
    """
    value = float(value)
    if not 0 < value <= 1:  # no change of pixels; a file may say anything
        return repr(value)
    if float(short := f"{value:.4g}") == value:
        return short
    for denominator in (*range(2, SMALL + 1), LEVELS):
        numerator = round(value * denominator)
        if numerator / denominator == value:
            return f"{numerator}/{denominator}"
    for digits in (1, 2):  # 1.3 times 8/255
        if float(level := f"{value * LEVELS:.{digits}f}") / LEVELS == value:
            return f"{level}/{LEVELS}"
    halved = Fraction(value).limit_denominator(16 * LEVELS)
    return str(halved) if halved.numerator / halved.denominator == value else repr(value)
