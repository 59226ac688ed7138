"""What columns and settings are called where people read them."""

from __future__ import annotations

__all__ = ["brief", "label", "long_label"]

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


def brief(value: float) -> str:
    """Write a number for people: three digits, thousands as k, M and G.

    >>> brief(0.98765), brief(14010), brief(2961920), brief(1.0)
    ('0.988', '14k', '2.96M', '1')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
