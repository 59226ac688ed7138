"""Fine-tuning on disk: of one member of a front, or of any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from ccsrp.errors import RunError
from ccsrp.methods.interface import FineTuning, Pruned, Task
from ccsrp.methods.measure import measure
from ccsrp.runs.finetuned import CHECKPOINT, WEIGHTS, finetuned_folder
from ccsrp.runs.member import Run
from ccsrp.runs.own_cost import own_cost
from ccsrp.runs.set_aside import forget_audit, set_aside
from ccsrp.runs.tables import write_csv
from ccsrp.runs.training import other_settings, train_to_the_end
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.training import EpochReport
from ccsrp.snn.tuning import own_copy, with_weights_of
from ccsrp.snn.weights import save_weights, weights_sha256

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
    settings = task.tuning.table(task.problem.attack)
    return {
        "member": named | {"mask": mask, "seed": task.seed},
        "fine-tuning": {key: value for key, value in settings.items() if value is not None},
        "attack": task.training_attack.table(),
    }


def finetune_member(
    run: Run,
    member: int,
    tuning: FineTuning,
    *,
    seed: int = 0,
    again: bool = False,
    on_note: Callable[[str], None] = lambda _: None,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> tuple[Path, pd.DataFrame]:
    """Train a member's network in ``finetuned/member-ID`` of its run, from the checkpoint if there is one.

    Parameters
    ----------
    run : Run
    member : int
    tuning : FineTuning
    seed : int
    again : bool
        Whether a fine-tuning with other settings that lies there is put aside; else it is an error.
    on_note : callable, optional
        Told if one was, and where it lies.
    on_batch, on_epoch : callable, optional
        Called after every batch with (done, total), after every epoch with its report.

    Returns
    -------
    Path, DataFrame
        The folder, and its figures ``before`` and ``after``: see ``ccsrp.methods.measure``. ``cost`` is there
        where it is a function that the user brought.

    Raises
    ------
    RunError
        No such member, or a fine-tuning with other settings was begun.
    """
    problem, mask = run.member(member)
    before = problem.network(mask)
    # The dense network teaches, also where the member is of a later round.
    task = Task(problem, tuning, seed=seed, teacher=run.problem.base_network())
    task.training_images()  # before anything is put aside: there may not be as many
    folder, whole = finetuned_folder(run, member), run.whole_mask(member)
    config = training_config(task, whole, member=member)
    _make_room(member, folder, config, again=again, on_note=on_note)
    after = finetuned_in(folder, task, before, config, on_batch=on_batch, on_epoch=on_epoch)
    save_weights(after.network, folder / WEIGHTS, metadata={"mask": whole})
    forget_audit(folder.parent, member, unless=weights_sha256(after.network))
    cost = float(run.row(member)["cost"])
    rows = [
        {"network": name} | measure(run.problem, Pruned(cost, made, None, epochs=spent))
        for name, made, spent in (("before", before, 0), ("after", after, tuning.epochs))
    ]
    figures = pd.DataFrame(rows).drop(columns="evaluations").dropna(axis="columns")
    if (own := own_cost(run, member)) is not None:
        figures.insert(list(figures).index("epochs"), "cost", own.member)
    write_csv(figures, folder / "figures.csv")
    return folder, figures


def _make_room(
    member: int,
    folder: Path,
    config: dict[str, Any],
    *,
    again: bool,
    on_note: Callable[[str], None],
) -> None:
    """Put a fine-tuning with other settings aside, or refuse to."""
    if not any((folder / name).exists() for name in (WEIGHTS, CHECKPOINT)):
        return  # at most a part of a first epoch
    try:
        others = other_settings(folder, config)
    except RunError as error:
        others = str(error)
    if not others:
        return
    if not again:
        raise RunError(
            f"{folder} holds a fine-tuning with other settings ({others}); repeat it with those, or begin "
            f"anew with --again, which keeps it as member-{member}-earlier-N"
        )
    place = set_aside(folder)
    forget_audit(folder.parent, member)
    on_note(f"the earlier fine-tuning of member {member} lies in {place} now")
