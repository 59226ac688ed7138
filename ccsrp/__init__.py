"""Robust pruning of spiking neural networks by cooperative coevolution.

>>> import ccsrp, problems
>>> result = ccsrp.search(problems.load_problem("digits"), budget=300, seed=0)  # doctest: +SKIP
>>> result.front, result.history, result.plot()  # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccsrp.attack.custom import CustomAttack
    from ccsrp.attack.pgd import Attack
    from ccsrp.coevolution.run import SearchResult, search
    from ccsrp.coevolution.settings import SearchSettings
    from ccsrp.decision.pick import pick
    from ccsrp.errors import CcsrpError
    from ccsrp.export.folder import load_network
    from ccsrp.runs.journal import recorded
    from ccsrp.runs.own_rounds import search_in_rounds
    from ccsrp.space import FilterSpace

__all__ = [
    "Attack",
    "CcsrpError",
    "CustomAttack",
    "FilterSpace",
    "SearchResult",
    "SearchSettings",
    "load_network",
    "pick",
    "recorded",
    "search",
    "search_in_rounds",
]

# Threads that wait for work by spinning take the cores from those that have some: beside other programs a
# search took seven times as long; alone, sleeping costs it 3 to 8 % (experiments/throughput). OpenMP reads
# this when torch and numba load, so it counts where ccsrp is imported first. What is set already stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"

_HOMES = {
    "Attack": "attack.pgd",
    "CcsrpError": "errors",
    "CustomAttack": "attack.custom",
    "FilterSpace": "space",
    "SearchResult": "coevolution.run",
    "SearchSettings": "coevolution.settings",
    "load_network": "export.folder",
    "pick": "decision.pick",
    "recorded": "runs.journal",
    "search": "coevolution.run",
    "search_in_rounds": "runs.own_rounds",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
