"""A training on disk: settings, a checkpoint after every epoch, the curve, the weights."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import tomli_w
import torch
from safetensors.torch import save
from torch import nn

from ccsrp.attack.custom import AnyAttack
from ccsrp.differences import differences
from ccsrp.errors import CcsrpError, OptionError, RunError, one_line
from ccsrp.files import read_regular, write_atomically
from ccsrp.runs.config import parse_tables, read_config_text
from ccsrp.runs.tables import read_csv, write_csv
from ccsrp.snn.networks import coded
from ccsrp.snn.training import EpochReport, Trainer, TrainingSettings
from ccsrp.snn.tuning import trainer_for
from ccsrp.snn.weights import SLACK, read_tensors, save_weights

__all__ = ["Trainable", "other_settings", "run_training", "train_to_the_end"]

CHECKPOINT = "checkpoint.safetensors"


class Trainable(Protocol):
    """A problem class whose base network ``ccsrp train`` can make."""

    time_steps: int

    @classmethod
    def dataset(cls, *, data_dir: str | Path | None = None) -> Any:
        """Load the data set with its splits."""
        ...

    @classmethod
    def untrained(cls, *, network: str | None = None, seed: int = 0) -> Any:
        """Build the network before training."""
        ...

    @classmethod
    def named_attack(cls, attack: str, *, steps: int = 10, seed: int = 0) -> AnyAttack:
        """Describe the attack of that name."""
        ...


def run_training(
    problem: type[Trainable],
    folder: Path,
    *,
    settings: TrainingSettings,
    attack: str = "sharp",
    attack_steps: int = 5,
    images: int | None = None,
    network: str | None = None,
    data_dir: Path | None = None,
    device: str = "cpu",
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train a problem's base network in ``folder``, from its checkpoint if there is one.

    Returns
    -------
    Path
        ``folder/weights.safetensors``.

    Raises
    ------
    RunError
        The folder holds a training with other settings, or a damaged checkpoint.
    OptionError
        What the problem's class brings cannot be used.
    """
    with _of(problem, "dataset", "@classmethod def dataset(cls, *, data_dir=None)"):
        inputs, labels = problem.dataset(data_dir=data_dir).split("train", images)
    with _of(problem, "named_attack", "a class attribute such as eps = 8 / 255"):
        named = problem.named_attack(attack, steps=attack_steps, seed=settings.seed)
    with (
        _of(problem, "untrained", "@classmethod def untrained(cls, *, network=None, seed=0)"),
        torch.random.fork_rng(devices=[]),
    ):
        torch.manual_seed(settings.seed)  # for one that does not look at its seed
        untrained = problem.untrained(network=network, seed=settings.seed)
    if not isinstance(untrained, nn.Module):
        raise OptionError(
            f"{problem.__name__}.untrained must return a network, an nn.Module, got a "
            f"{type(untrained).__name__}"
        )
    base = coded(untrained, image_shape=tuple(inputs.shape[1:]), time_steps=problem.time_steps)
    trainer = trainer_for(base.to(device), inputs, labels, attack=named, settings=settings)
    with torch.no_grad():
        try:
            base.eval()(trainer.images[:1])
        except (RuntimeError, ValueError) as error:
            raise OptionError(
                f"network {network!r} does not take images {list(inputs.shape[1:])} ({one_line(error)})"
            ) from None
    config = {
        "training": asdict(settings) | {"images": len(labels), "network": network or "default"},
        "attack": named.table(),
    }
    train_to_the_end(trainer, folder, config, on_batch=on_batch, on_epoch=on_epoch)
    path = folder / "weights.safetensors"
    save_weights(base.network, path)
    return path


@contextmanager
def _of(problem: type[Trainable], method: str, wanted: str) -> Iterator[None]:
    """Say on one line what fails in a class that may be a user's own, and what was expected."""
    try:
        yield
    except CcsrpError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise OptionError(
            f"{problem.__name__}.{method} failed ({type(error).__name__}: {one_line(error)}); training wants "
            f"{wanted}, as problems.shipped.ShippedPruning has it"
        ) from error


def train_to_the_end(
    trainer: Trainer,
    folder: Path,
    config: dict[str, Any],
    *,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> None:
    """Run all epochs that are left, with a checkpoint and a row of the curve after each.

    Parameters
    ----------
    trainer : Trainer
    folder : Path
        With the checkpoint to go on from, if there is one.
    config : dict
        Tables of ``config.toml``: a training with others is not gone on with.

    Raises
    ------
    RunError
        The folder holds a training with other settings, or a damaged checkpoint.
    """
    rows = _resume(folder, config, trainer)
    while trainer.epoch < trainer.settings.epochs:
        report = trainer.run_epoch(on_batch)
        rows.append(report.row())
        write_csv(pd.DataFrame(rows), folder / "curve.csv")
        write_atomically(folder / CHECKPOINT, save(trainer.state()))
        if on_epoch is not None:
            on_epoch(report)


def other_settings(folder: Path, config: dict[str, Any]) -> str:
    """Say in which settings the training in a folder differs from ``config``; nothing if in none.

    Parameters
    ----------
    folder : Path
        With a ``config.toml``.
    config : dict
        Tables of settings.

    Raises
    ------
    RunError
        What the folder says of its settings cannot be read.
    """
    file = folder / "config.toml"
    return differences(parse_tables(read_config_text(file), file), tomllib.loads(tomli_w.dumps(config)))


def _resume(folder: Path, config: dict[str, Any], trainer: Trainer) -> list[dict[str, float]]:
    """Load the checkpoint and the curve up to it, if any; else write the settings."""
    file, checkpoint = folder / "config.toml", folder / CHECKPOINT
    if not checkpoint.exists():
        write_atomically(file, tomli_w.dumps(config).encode())
        return []
    if others := other_settings(folder, config):
        raise RunError(
            f"{folder} holds a training with other settings: {others}; say the same, or remove the folder"
        )
    try:
        largest = SLACK + 2 * sum(tensor.nbytes for tensor in trainer.expected_state().values())
        trainer.load_state(read_tensors(read_regular(checkpoint, at_most=largest), checkpoint))
        curve = read_csv(folder / "curve.csv", then="remove the folder and train anew")
        rows: list[dict[str, float]] = curve[curve["epoch"] <= trainer.epoch].to_dict("records")  # type: ignore[assignment]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{folder} holds a damaged checkpoint ({one_line(error)}); remove the folder and train anew"
        ) from None
    return rows
