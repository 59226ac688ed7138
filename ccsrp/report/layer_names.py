"""What layers are called where people read them."""

from __future__ import annotations

__all__ = ["displayed"]


def displayed(name: str) -> str:
    """Return what a layer is called in a table, on an axis or in a sentence.

    A layer's name is that of its module; in a ``Sequential`` this is a bare number, which says nothing by
    itself. Files and the Python interface keep the true name.

    >>> displayed("3"), displayed("features.0"), displayed("conv1")
    ('module 3', 'features.0', 'conv1')
    """
    return f"module {name}" if name.isdecimal() else name
