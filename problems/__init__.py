"""Importable problem classes: pruning of spiking networks as multi-objective problems.

Every class is a pymoo ``Problem``. Importing this package stays light: torch loads when a network is
built.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccsrp.registry import load_problem, problem_names
    from problems.base import PruningProblem
    from problems.cifar10 import Cifar10Pruning
    from problems.cifar10_dvs import Cifar10DvsPruning
    from problems.digits import DigitsPruning
    from problems.dvs128_gesture import Dvs128GesturePruning
    from problems.fashion_mnist import FashionMnistPruning
    from problems.nmnist import NMnistPruning
    from problems.spiking import SpikingPruning
    from problems.svhn import SvhnPruning
    from problems.synthetic import PathwayPruning
    from problems.tabular import TabularPruning

__all__ = [
    "Cifar10DvsPruning",
    "Cifar10Pruning",
    "DigitsPruning",
    "Dvs128GesturePruning",
    "FashionMnistPruning",
    "NMnistPruning",
    "PathwayPruning",
    "PruningProblem",
    "SpikingPruning",
    "SvhnPruning",
    "TabularPruning",
    "load_problem",
    "problem_names",
]

_HOMES = {
    "Cifar10DvsPruning": "problems.cifar10_dvs",
    "Cifar10Pruning": "problems.cifar10",
    "DigitsPruning": "problems.digits",
    "Dvs128GesturePruning": "problems.dvs128_gesture",
    "FashionMnistPruning": "problems.fashion_mnist",
    "NMnistPruning": "problems.nmnist",
    "PathwayPruning": "problems.synthetic",
    "PruningProblem": "problems.base",
    "SpikingPruning": "problems.spiking",
    "SvhnPruning": "problems.svhn",
    "TabularPruning": "problems.tabular",
    "load_problem": "ccsrp.registry",
    "problem_names": "ccsrp.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
