"""What a report is told of a run: tables and plain values, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ccsrp.space import FilterSpace

__all__ = ["OBJECTIVE_COLUMNS", "RunRecord", "Setting"]

Setting = str | int | float | bool | list[float]
# What is known of every network that was judged.
OBJECTIVE_COLUMNS = ("accuracy", "robust_accuracy", "cost")


def _nothing() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run, as ``ccsrp.runs.reading`` finds it on disk; tables that it has not are empty.

    Attributes
    ----------
    name : str
        What tells it from other runs of a report.
    folder : str
        The run folder as commands should name it.
    problem : str
    settings : mapping of str to mapping
        Tables of ``config.toml``: options, search, attack, provenance, rounds, versions.
    front : DataFrame
        A row a member: ``member``, accuracy, robust accuracy, cost, ``mask`` and further numbers.
    cells : DataFrame of str
        The same table as it is written in ``front.csv``, to the letter.
    history : DataFrame
        A row a generation: at least ``evaluations`` and ``hypervolume``.
    rounds : DataFrame
        A row a finished round, in the columns of ``rounds.csv``.
    audit : DataFrame
        A row an audited member, in the columns of ``audit.csv``.
    attacks : mapping of int to DataFrame
        What each attack left of an audited member, in the columns of ``audit/member-ID.csv``.
    evaluated : DataFrame
        A row a network that was judged in full: ``round``, accuracy, robust accuracy, cost. Of very many,
        some that are evenly spread over the search.
    evaluations : int, optional
        How many networks were judged, or given up on, in all.
    layers : FilterSpace, optional
        Layers that the masks speak of.
    seconds : float, optional
        Time that the generations took, without what lies between rounds.
    has_network : bool
        Whether there is a network behind the masks.
    unfinished : str
        How far an unfinished search has come and how it goes on; empty if it is finished.
    """

    name: str
    folder: str
    problem: str
    settings: Mapping[str, Mapping[str, Setting]]
    front: pd.DataFrame
    cells: pd.DataFrame
    history: pd.DataFrame = field(default_factory=_nothing)
    rounds: pd.DataFrame = field(default_factory=_nothing)
    audit: pd.DataFrame = field(default_factory=_nothing)
    attacks: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    evaluated: pd.DataFrame = field(default_factory=_nothing)
    evaluations: int | None = None
    layers: FilterSpace | None = None
    seconds: float | None = None
    has_network: bool = False
    unfinished: str = ""
