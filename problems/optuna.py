"""Pruning problems for Optuna: an objective of the shape that ``study.optimize`` takes.

Optuna need not be installed to make one.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ccsrp.space import BoolArray
from problems.base import PruningProblem

__all__ = ["OptunaPruning"]


class Trial(Protocol):
    """What is asked of an Optuna trial."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Choose a value of a parameter."""
        ...


class OptunaPruning:
    """A pruning problem as an Optuna objective with one yes-or-no parameter a filter.

    A trial that leaves a layer without filters gets the worst value of every objective.

    Parameters
    ----------
    problem : PruningProblem

    Examples
    --------
    >>> from problems import TabularPruning
    >>> objective = OptunaPruning(TabularPruning("digits-14"))
    >>> objective.directions
    ['minimize', 'minimize', 'minimize']
    >>> objective.names[:2]
    ['conv1.0', 'conv1.1']
    """

    def __init__(self, problem: PruningProblem) -> None:
        self.problem = problem
        space = problem.space
        self.names = [
            f"{name}.{i}" for name, size in zip(space.names, space.sizes, strict=True) for i in range(size)
        ]

    @property
    def directions(self) -> list[str]:
        """For ``optuna.create_study``: every objective is minimised."""
        return ["minimize"] * int(self.problem.n_obj)

    def __call__(self, trial: Trial) -> tuple[float, ...]:
        """Judge the mask that a trial suggests."""
        mask = self.suggested(trial)[None]
        return tuple(np.asarray(self.problem.evaluate(mask, return_values_of=["F"]))[0].tolist())

    def suggested(self, trial: Trial) -> BoolArray:
        """Return the mask, bool [n_var], that a trial suggests."""
        return np.array([trial.suggest_categorical(name, (True, False)) for name in self.names], dtype=bool)

    def mask(self, parameters: dict[str, bool]) -> BoolArray:
        """Return the mask, bool [n_var], of a finished trial's ``params``."""
        return np.array([parameters[name] for name in self.names], dtype=bool)
