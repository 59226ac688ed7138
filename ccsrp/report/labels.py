"""What columns and settings are called where people read them."""

from __future__ import annotations

__all__ = ["label", "long_label"]

_SHORT = {
    "robust_accuracy": "robust accuracy",
    "test_accuracy": "test accuracy",
    "test_robust_accuracy": "test robust accuracy",
    "flops": "FLOPs",
    "params": "parameters",
    "synops": "synaptic operations",
}
_LONG = {
    "cost": "kept cost (fraction of the dense network)",
    "accuracy": "accuracy (validation)",
    "robust_accuracy": "robust accuracy (validation)",
}


def label(name: str) -> str:
    """Return what a column is called in a table, a legend or on a narrow axis.

    >>> label("test_robust_accuracy")
    'test robust accuracy'
    >>> label("my_column")
    'my column'
    """
    return _SHORT.get(name, name.replace("_", " "))


def long_label(name: str) -> str:
    """Return what a column is called on an axis that has room.

    >>> long_label("cost")
    'kept cost (fraction of the dense network)'
    """
    return _LONG.get(name, label(name))
