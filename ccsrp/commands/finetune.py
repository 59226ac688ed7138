"""``ccsrp finetune``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ccsrp.commands import completion
from ccsrp.commands.options import OwnProblemOption, RunArgument
from ccsrp.errors import printable

__all__ = ["finetune"]


def finetune(
    folder: RunArgument,
    member: Annotated[
        int,
        typer.Option(help="Member of its front: see 'ccsrp show DIR'.", autocompletion=completion.members),
    ],
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 20,
    images: Annotated[int | None, typer.Option(help="Training images to use. [default: all]")] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate (AdamW, warm-up, cosine).")] = 3e-3,
    batch_size: Annotated[int, typer.Option(help="Images in one step.")] = 64,
    steps: Annotated[int, typer.Option(help="Gradient steps of the attack that is trained on.")] = 5,
    seed: Annotated[int, typer.Option(help="Fixes the order of images and the attack.")] = 0,
    problem: OwnProblemOption = None,
) -> None:
    """Build one network of a front for real, train it under attack, and measure it on test images.

    Writes DIR/finetuned/member-ID: weights.safetensors, curve.csv and figures.csv (before and after). An
    interrupted fine-tuning goes on where it was.
    """
    from ccsrp.methods.interface import FineTuning
    from ccsrp.report.terminal import figures_table, print_table
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.finetuning import finetune_member
    from ccsrp.runs.member import open_run
    from ccsrp.snn.kernels import told_of_compilation

    tuning = FineTuning(
        epochs=epochs, images=images, learning_rate=learning_rate, batch_size=batch_size, attack_steps=steps
    )
    run = open_run(folder, problem=problem)
    console = Console()
    with progress_steps(console) as shown, told_of_compilation(shown.line):
        path, figures = finetune_member(
            run,
            member,
            tuning,
            seed=seed,
            on_batch=lambda done, total: shown.show(done, total, "batches of this epoch"),
            on_epoch=lambda report: shown.line(
                f"epoch {report.epoch}/{epochs}: loss {report.loss:.4f}, training acc. {report.accuracy:.4f}"
            ),
        )
    print_table(console, figures_table(figures), title=f"member {member}")
    typer.echo(printable(f"  {path / 'weights.safetensors'}  the network's weights"))
