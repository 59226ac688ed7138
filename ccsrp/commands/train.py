"""``ccsrp train``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccsrp.commands.options import (
    AttackChoice,
    DataDirOption,
    DeviceOption,
    MethodChoice,
    NetworkOption,
    ProblemArgument,
)
from ccsrp.errors import OptionError, printable

__all__ = ["train"]


def train(
    problem: ProblemArgument,
    out: Annotated[
        Path, typer.Option(help="New or empty folder for weights.safetensors, curve.csv, config.toml.")
    ],
    method: Annotated[
        MethodChoice, typer.Option(help="Clean images, attacked images (PGD-AT), or both (TRADES).")
    ] = MethodChoice.pgd_at,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 20,
    batch_size: Annotated[int, typer.Option(help="Images in one step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate (AdamW, warm-up, cosine).")] = 3e-3,
    attack: Annotated[
        AttackChoice, typer.Option(help="Attack of adversarial training; of strong, one round.")
    ] = AttackChoice.sharp,
    steps: Annotated[int, typer.Option(help="Gradient steps of that attack.")] = 5,
    images: Annotated[int | None, typer.Option(help="Training images to use. [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Fixes weights, order of images and attack.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted training in --out.")
    ] = False,
    network: NetworkOption = None,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
) -> None:
    """Train a problem's base network, for 'ccsrp search PROBLEM --weights DIR/weights.safetensors'."""
    from contextlib import nullcontext

    from ccsrp.checks import checked_device
    from ccsrp.registry import problem_class
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.folder import new_folder
    from ccsrp.runs.training import run_training
    from ccsrp.snn.kernels import told_of_compilation
    from ccsrp.snn.training import TrainingSettings

    kind = problem_class(problem)
    if not hasattr(kind, "untrained"):
        raise OptionError(
            f"problem {problem!r} has no network to train; it brings what it needs, trained (or subclass "
            f"problems.shipped.ShippedPruning)"
        )
    settings = TrainingSettings(
        method=method.value,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    checked = checked_device(device)
    if resume and not os.path.isfile(out / "config.toml"):
        raise OptionError(f"{out} holds no training to resume; leave --resume out to start one")
    seen = "on clean images" if method is MethodChoice.standard else "under attack"
    console = Console()
    with (
        nullcontext(out) if resume else new_folder(out) as path,
        progress_steps(console) as shown,
        told_of_compilation(shown.line),
    ):
        weights = run_training(
            kind,
            path,
            settings=settings,
            attack=attack.value,
            attack_steps=steps,
            images=images,
            network=network,
            data_dir=data_dir,
            device=checked,
            on_batch=lambda done, total: shown.show(done, total, "batches of this epoch"),
            on_epoch=lambda report: shown.line(
                f"epoch {report.epoch}/{epochs}: loss {report.loss:.4f}, training acc. {seen} "
                f"{report.accuracy:.4f}"
            ),
        )
    typer.echo(printable(f"  {weights}  pass it to 'ccsrp search {problem} --weights'"))
