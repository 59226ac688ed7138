"""The systems that are compared, one file each, behind one interface.

>>> from ccsrp.methods import METHODS
>>> sorted(METHODS)
['ccep', 'ccsrp', 'esl', 'hydra', 'magnitude', 'random', 'sca', 'slimming']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ccsrp.errors import OptionError

if TYPE_CHECKING:
    from ccsrp.methods.interface import Method

__all__ = ["METHODS", "method"]

# What each is, in one line; the module of that name has its ``prune``.
METHODS = {
    "ccsrp": "search of accuracy, robustness and cost by cooperative coevolution",
    "ccep": "per-layer evolution for accuracy alone, spliced, in small steps (IJCAI 2022)",
    "sca": "channels pruned by membrane potential and regrown while training (ICML 2024)",
    "esl": "connections pruned and regrown while training; saves parameters, not FLOPs (AAAI 2023)",
    "hydra": "scores of filters learned under the robust loss (NeurIPS 2020)",
    "slimming": "batch-norm scales under an L1 penalty (ICCV 2017)",
    "magnitude": "L1 norm of filters",
    "random": "chance",
}


def method(name: str) -> Method:
    """Return the method of that name.

    Raises
    ------
    OptionError
        No method has that name.
    """
    if name not in METHODS:
        raise OptionError(f"unknown method {name!r}; choose from {', '.join(METHODS)}")
    found: Method = import_module(f"ccsrp.methods.{name}").prune
    return found
