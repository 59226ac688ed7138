"""What layers are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping

from ccsrp.errors import printable

__all__ = ["displayed", "left_whole_line"]

# Characters for names and reasons of layers that a search leaves alone: one line, or two in a narrow window.
LONGEST = 140


def displayed(name: str) -> str:
    """Return what a layer is called in a table, on an axis or in a sentence.

    A layer's name is that of its module; in a ``Sequential`` this is a bare number, which says nothing by
    itself. Files and the Python interface keep the true name.

    >>> displayed("3"), displayed("features.0"), displayed("conv1")
    ('module 3', 'features.0', 'conv1')
    """
    return f"module {name}" if name.isdecimal() else name


def left_whole_line(left_whole: Mapping[str, str]) -> str:
    """Say which convolutions a search leaves alone and why, those of one reason together.

    Parameters
    ----------
    left_whole : mapping of str to str
        The name of each, with what stops its channels.

    Returns
    -------
    str
        One line of bounded length; empty if there are none.

    >>> left_whole_line({"stem.0": "add", "2": "the network's output", "block.conv2": "add"})
    "left whole: stem.0, block.conv2 (add); module 2 (the network's output)"
    """
    if not left_whole:
        return ""
    alike: dict[str, list[str]] = {}
    length = shown = 0
    for name, reason in left_whole.items():
        called, why = printable(displayed(name), most=LONGEST), printable(reason, most=LONGEST)
        length += len(called) + (0 if why in alike else len(why))
        if shown and length > LONGEST:
            break
        alike.setdefault(why, []).append(called)
        shown += 1
    parts = [f"{', '.join(names)} ({why})" for why, names in alike.items()]
    more = len(left_whole) - shown
    return "left whole: " + "; ".join(parts + ([f"and {more} more"] if more else []))
