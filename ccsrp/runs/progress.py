"""How far an unfinished search has come, as its run store tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.evaluation.interface import OBJECTIVES
from ccsrp.runs.config import parse_stored
from ccsrp.runs.journal import RecordedRun
from ccsrp.runs.snapshots import latest_round, read_snapshot
from ccsrp.runs.store import RunStore

__all__ = ["Progress", "known_before", "progress"]


@dataclass(frozen=True)
class Progress:
    """A search that goes on, or was interrupted.

    Attributes
    ----------
    evaluations, budget : int
        Of the round under way: how many are stored, and how many there will be at most.
    round : int
        From 1.
    ended : bool
        Whether all searches are over, so that only measuring and writing are left.
    front : DataFrame
        Member, accuracy, robust accuracy and cost of the archive when it was last written down.
    """

    evaluations: int
    budget: int
    round: int
    ended: bool
    front: pd.DataFrame


def progress(folder: Path) -> Progress:
    """Look into a run folder, also while another process writes to it.

    Raises
    ------
    RunError
        It holds no run store, or a damaged one.
    """
    with RunStore(folder, read_only=True) as store:
        config = parse_stored(store.config, folder)
        number = latest_round(store)
        snapshot = read_snapshot(store, number)
        objectives = np.empty((0, len(OBJECTIVES)))
        if snapshot is not None:
            objectives = snapshot.inside("archive").array("objectives", float, None, len(OBJECTIVES))
        objectives = objectives[np.lexsort((objectives[:, 1], objectives[:, 0], -objectives[:, 2]))]
        front = pd.DataFrame(
            {
                "member": np.arange(len(objectives)),
                "accuracy": 1 - objectives[:, 0],
                "robust_accuracy": 1 - objectives[:, 1],
                "cost": objectives[:, 2],
            }
        )
        return Progress(store.evaluations(number), config.search.budget, number, store.ended, front)


def known_before(store: RunStore) -> Earlier:
    """Return what a run knows that is about to go on: generations up to the latest state of each round.

    Raises
    ------
    RunError
        The store is damaged.
    """
    journal = RecordedRun(store)
    evaluations: dict[int, int] = {}
    generations: list[FinishedGeneration] = []
    for number in range(1, latest_round(store) + 2):
        judged = store.evaluations(number)
        if not judged:
            break
        evaluations[number] = judged
        generations += journal.search(number).generations()
    return Earlier(evaluations, tuple(generations))
