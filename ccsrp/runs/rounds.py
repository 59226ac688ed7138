"""The networks that rounds end with: fine-tuned once, on disk, and taken up from there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccsrp.coevolution.rounds import Round
from ccsrp.errors import RunError
from ccsrp.files import inside
from ccsrp.methods.interface import FineTuning, Task
from ccsrp.runs.finetuning import finetuned_in, training_config
from ccsrp.runs.folder import round_weights
from ccsrp.runs.journal import read_row
from ccsrp.runs.schema import checksum
from ccsrp.runs.store import RunStore
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.weights import load_weights, save_weights, weights_sha256
from ccsrp.space import BoolArray, lifted

__all__ = ["StoredRounds"]


class StoredRounds:
    """Fine-tunes the network of each round, unless that was done before.

    Parameters
    ----------
    folder : Path
        Of the run.
    store : RunStore
    """

    def __init__(self, folder: Path, store: RunStore) -> None:
        self._folder = folder
        self._store = store
        self._base: BoolArray | None = None

    def after(
        self, number: int, current: Any, mask: BoolArray, tuning: FineTuning, *, seed: int, first: Any
    ) -> Any:
        """Return the problem ``current`` on the network that a mask leaves, fine-tuned; called in order.

        The dense network of ``first``, the problem of the first round, teaches in all rounds.

        Raises
        ------
        RunError, WeightsError
            The weights on disk are not those that the round ended with.
        """
        task = Task(current, tuning, seed=seed % 2**63, teacher=first.base_network())
        training = inside(self._folder, "rounds", f"round-{number}-training")

        def train(network: DirectCoding, text: str) -> DirectCoding:
            return finetuned_in(training, task, network, training_config(task, text, round=number))

        made = self.after_training(number, current, mask, train)
        shutil.rmtree(training, ignore_errors=True)
        return made

    def after_training(
        self,
        number: int,
        current: Any,
        mask: BoolArray,
        train: Callable[[DirectCoding, str], DirectCoding],
    ) -> Any:
        """Return the problem ``current`` on the network that a mask leaves, trained by any means, once.

        Parameters
        ----------
        number : int
            The round; called in order.
        current : PrunableProblem
        mask : bool [n_var]
            Of ``current``.
        train : callable
            Gets the network and the mask of the first network's filters, as text; returns the trained one.

        Raises
        ------
        RunError, WeightsError
            The weights on disk are not those that the round ended with.
        """
        inside(self._folder, "rounds")
        file = round_weights(self._folder, number)
        self._base = mask if self._base is None else lifted(self._base, mask)
        text = "".join("1" if kept else "0" for kept in self._base)
        network = current.network(mask)
        done = self._store.rows(
            "SELECT round, mask, weights_sha256, checksum FROM networks WHERE round = ?", number
        )
        if done and done[0][1] == text:
            load_weights(network.network, file)
            if weights_sha256(network.network) != done[0][2]:
                raise RunError(f"{file} is not what round {number} ended with; restore it from a copy")
            return current.rebased(network, kept=mask)
        network = train(network, text)
        try:
            file.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write to {file.parent} ({error.strerror})") from None
        save_weights(network.network, file, metadata={"mask": text})
        row = (number, text, weights_sha256(network.network))
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO networks (round, mask, weights_sha256, checksum) VALUES (?, ?, ?, ?)",
                (*row, checksum(*row)),
            )
        return current.rebased(network, kept=mask)

    def add(self, finished: Round) -> list[dict[str, Any]]:
        """Store a finished round; return the rows of ``rounds.csv`` so far."""
        row = (finished.number, json.dumps(finished.row()))
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO rounds (round, row, checksum) VALUES (?, ?, ?)",
                (*row, checksum(*row)),
            )
        rows = self._store.rows("SELECT round, row, checksum FROM rounds ORDER BY round")
        return [read_row(self._store, text) for _, text in rows]
