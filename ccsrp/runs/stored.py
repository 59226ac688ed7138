"""What a run store tells beside the files that people read: every network judged, time, a front so far."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ccsrp.coevolution.rounds import joined_histories
from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.evaluation.interface import OBJECTIVES
from ccsrp.runs.answers import COLUMNS
from ccsrp.runs.config import RunConfig, parse_stored
from ccsrp.runs.journal import RecordedRun
from ccsrp.runs.snapshots import latest_round, read_snapshot
from ccsrp.runs.store import RunStore
from ccsrp.space import BoolArray, FloatArray, lifted

__all__ = ["FrontSoFar", "Stored", "front_so_far", "stored"]

# Networks that are read at most: a picture shows no more, and a run may have judged a million.
MOST = 10_000
LAYER = re.compile(r"subpopulation-([0-9]{1,6})/parts")


@dataclass(frozen=True)
class Stored:
    """What a run store tells of a run, finished or not.

    Attributes
    ----------
    config : RunConfig
    evaluations : int
        Networks judged or given up on.
    evaluated : DataFrame
        Round, accuracy, robust accuracy and cost of networks that were judged in full, in the order of the
        search; of more than 10,000, every second, every third and so on.
    sizes : tuple of int
        Filters of each layer; empty if no generation has ended.
    seconds : float
        Time that the generations took.
    """

    config: RunConfig
    evaluations: int
    evaluated: pd.DataFrame
    sizes: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class FrontSoFar:
    """What an unfinished search has found by the time when its state was last written down.

    Attributes
    ----------
    front : DataFrame
        Member, accuracy, robust accuracy, cost and mask; of the round under way.
    history : DataFrame
        A row a generation, of all rounds.
    round : int
        The one under way, from 1.
    evaluations : int
        Of that round.
    ended : bool
        Whether all searches are over, so that only measuring and writing are left.
    """

    front: pd.DataFrame
    history: pd.DataFrame
    round: int
    evaluations: int
    ended: bool


def stored(folder: Path) -> Stored:
    """Look into a run store, also while another process writes to it.

    Raises
    ------
    RunError
        There is none, or a damaged one.
    """
    with RunStore(folder, read_only=True) as store:
        times = store.rows("SELECT round, generation, seconds, row, checksum FROM generations")
        evaluations = store.evaluations()
        return Stored(
            config=parse_stored(store.config, folder),
            evaluations=evaluations,
            evaluated=_evaluated(store, every=-(-evaluations // MOST) or 1),
            sizes=_sizes(store, read_snapshot(store, 1)),
            seconds=float(sum(seconds for _, _, seconds, _ in times)),
        )


def front_so_far(folder: Path) -> FrontSoFar:
    """Read the front of a search that has not finished.

    Raises
    ------
    RunError
        There is no run store, or a damaged one.
    """
    with RunStore(folder, read_only=True) as store:
        number = latest_round(store)
        snapshot = read_snapshot(store, number)
        masks, objectives = np.empty((0, 0), dtype=bool), np.empty((0, len(OBJECTIVES)))
        if snapshot is not None:
            archive = snapshot.inside("archive")
            objectives = archive.array("objectives", float, None, len(OBJECTIVES))
            masks = archive.array("masks", bool, len(objectives), None)
        if number > 1:
            masks = _of_the_first_network(store, number, masks)
        order = np.lexsort((objectives[:, 1], objectives[:, 0], -objectives[:, 2]))
        front = _figures(objectives[order])
        front.insert(0, "member", np.arange(len(order)))
        front["mask"] = ["".join("1" if kept else "0" for kept in mask) for mask in masks[order]]
        histories = [RecordedRun(store).search(n).history() for n in range(1, number + 1)]
        history = joined_histories(histories) if number > 1 else histories[0]
        return FrontSoFar(front, history, number, store.evaluations(number), store.ended)


def _figures(objectives: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "accuracy": 1 - objectives[:, 0],
            "robust_accuracy": 1 - objectives[:, 1],
            "cost": objectives[:, 2],
        }
    )


def _evaluated(store: RunStore, *, every: int) -> pd.DataFrame:
    rows = store.rows(
        f"SELECT {COLUMNS}, checksum FROM evaluations "
        "WHERE complete = 1 AND failure IS NULL AND id % ? = 0 ORDER BY id",
        every,
    )
    objectives = np.array([row[4:7] for row in rows], dtype=float).reshape(-1, len(OBJECTIVES))
    if not np.isfinite(objectives).all():
        raise store.damaged("an answer is no answer")
    table = _figures(objectives)
    table.insert(0, "round", np.array([row[0] for row in rows], dtype=int))
    return table


def _sizes(store: RunStore, snapshot: Snapshot | None) -> tuple[int, ...]:
    """Read how many filters each layer has from the state of the first round's search."""
    arrays = {} if snapshot is None else snapshot.arrays
    found = {int(hit[1]): arrays[name] for name in arrays if (hit := LAYER.fullmatch(name))}
    if sorted(found) != list(range(len(found))) or any(array.ndim != 2 for array in found.values()):
        raise store.damaged("the state of its search lacks a layer")
    return tuple(found[layer].shape[1] for layer in range(len(found)))


def _of_the_first_network(store: RunStore, number: int, masks: BoolArray) -> BoolArray:
    """Write masks of the network that round ``number`` began with as masks of the first network."""
    rows = store.rows(
        "SELECT round, mask, weights_sha256, checksum FROM networks WHERE round = ?", number - 1
    )
    base = np.array([kept == "1" for kept in rows[0][1]], dtype=bool) if rows else np.empty(0, dtype=bool)
    if base.sum() != masks.shape[1]:
        raise store.damaged(f"it does not know the network of round {number - 1}")
    return lifted(base, masks)
