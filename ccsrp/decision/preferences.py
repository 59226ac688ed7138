"""How much each objective matters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ccsrp.decision.objectives import OBJECTIVES
from ccsrp.errors import OptionError
from ccsrp.space import FloatArray

__all__ = ["Preferences", "parse_preferences"]

# "robust" is what tables print above the column.
NAMES = {objective.column: objective.column for objective in OBJECTIVES} | {"robust": "robust_accuracy"}
# Weights beyond it are infinite to any method.
HEAVIEST = 1e6


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Weights of the objectives, each finite and at least 0, one of them above 0.

    Only their ratios count: an objective of weight 2 has to give up half as much of its range as one of
    weight 1. One of weight 0 does not matter.
    """

    accuracy: float = 1.0
    robust_accuracy: float = 1.0
    cost: float = 1.0

    def __post_init__(self) -> None:
        for name, weight in self.table().items():
            if not (math.isfinite(weight) and 0 <= weight <= HEAVIEST):
                raise OptionError(
                    f"the weight of {name} must be a number from 0 to {HEAVIEST:g}, got {weight:g}"
                )
        if not any(self.table().values()):
            raise OptionError("all weights are 0; give one objective a weight above 0, such as accuracy=1")

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> Preferences:
        """Take weights by name; those left out are 1, and ``robust`` is short for ``robust_accuracy``.

        Raises
        ------
        OptionError
            An unknown name, one that stands twice, or a weight out of range.
        """
        taken: dict[str, float] = {}
        for name, weight in weights.items():
            if name not in NAMES:
                raise OptionError(f"unknown objective {name!r}; choose among {', '.join(NAMES)}")
            if NAMES[name] in taken:
                raise OptionError(f"{NAMES[name]} has two weights; leave one of them out")
            taken[NAMES[name]] = float(weight)
        return cls(**taken)

    def table(self) -> dict[str, float]:
        """Return the weights by column."""
        return {objective.column: float(getattr(self, objective.column)) for objective in OBJECTIVES}

    def weights(self) -> FloatArray:
        """Return the weights in the order of the objectives, float64 [3]."""
        return np.array(list(self.table().values()))

    def __str__(self) -> str:
        return ", ".join(f"{name}={weight:g}" for name, weight in self.table().items())


def parse_preferences(text: str) -> Preferences:
    """Read weights as the command line has them.

    >>> parse_preferences("accuracy=2, robust=0")
    Preferences(accuracy=2.0, robust_accuracy=0.0, cost=1.0)

    Raises
    ------
    OptionError
    """
    taken: dict[str, float] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        name, equals, number = (part.strip() for part in item.partition("="))
        try:
            weight = float(number) if equals else None
        except ValueError:
            weight = None
        if weight is None:
            raise OptionError(
                f"preferences are names with weights, such as accuracy=2,robust=1,cost=1, got {item!r}"
            )
        if name in taken:
            raise OptionError(f"{name!r} has two weights; leave one of them out")
        taken[name] = weight
    return Preferences.of(taken)
