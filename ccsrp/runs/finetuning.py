"""Fine-tuning on disk: of one member of a front, or of any network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.errors import RunError
from ccsrp.files import inside
from ccsrp.methods.interface import FineTuning, Pruned, Task
from ccsrp.methods.measure import measure
from ccsrp.runs.member import Run
from ccsrp.runs.tables import write_csv
from ccsrp.runs.training import train_to_the_end
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.training import EpochReport
from ccsrp.snn.tuning import own_copy, with_weights_of
from ccsrp.snn.weights import save_weights

__all__ = ["finetune_member", "finetuned_in", "training_config"]


def finetuned_in(
    folder: Path,
    task: Task,
    network: DirectCoding,
    config: dict[str, Any],
    *,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> DirectCoding:
    """Return a trained copy of ``network``, as ``Task.finetuned`` does, with checkpoints in ``folder``.

    Raises
    ------
    RunError
        The folder cannot be written, or holds a training with another ``config``.
    """
    trained = own_copy(network)
    trainer = task.trainer(trained, epochs=task.tuning.epochs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write to {folder} ({error.strerror})") from None
    train_to_the_end(trainer, folder, config, on_batch=on_batch, on_epoch=on_epoch)
    return with_weights_of(network, trained)


def training_config(task: Task, mask: str, **named: int) -> dict[str, Any]:
    """Describe a fine-tuning of the network of a mask, for its ``config.toml``."""
    return {
        "member": named | {"mask": mask, "seed": task.seed},
        "fine-tuning": {key: value for key, value in asdict(task.tuning).items() if value is not None},
        "attack": task.training_attack.table(),
    }


def finetune_member(
    run: Run,
    member: int,
    tuning: FineTuning,
    *,
    seed: int = 0,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> tuple[Path, pd.DataFrame]:
    """Train a member's network in ``finetuned/member-ID`` of its run, from the checkpoint if there is one.

    Returns
    -------
    Path, DataFrame
        The folder, and its figures ``before`` and ``after``: see ``ccsrp.methods.measure``.

    Raises
    ------
    RunError
        No such member, or a fine-tuning with other settings was begun.
    """
    problem, mask = run.member(member)
    before = problem.network(mask)
    # The dense network teaches, also where the member is of a later round.
    task = Task(problem, tuning, seed=seed, teacher=run.problem.base_network())
    folder = inside(run.folder, "finetuned", f"member-{member}")
    whole = run.problem.space.to_string(run.problem.space.from_string(str(run.row(member)["mask"])))
    config = training_config(task, whole, member=member)
    after = finetuned_in(folder, task, before, config, on_batch=on_batch, on_epoch=on_epoch)
    save_weights(after.network, folder / "weights.safetensors", metadata={"mask": whole})
    cost = float(run.row(member)["cost"])
    rows = [
        {"network": name} | measure(run.problem, Pruned(cost, made, None, epochs=spent))
        for name, made, spent in (("before", before, 0), ("after", after, tuning.epochs))
    ]
    figures = pd.DataFrame(rows).drop(columns="evaluations").dropna(axis="columns")
    write_csv(figures, folder / "figures.csv")
    return folder, figures
