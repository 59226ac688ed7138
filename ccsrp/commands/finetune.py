"""``ccsrp finetune``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.commands import completion
from ccsrp.commands.options import (
    FineTuningChoice,
    OwnProblemOption,
    ReachOption,
    RunArgument,
    TrainingOption,
    refuse_steps_and_reach,
)
from ccsrp.errors import printable

__all__ = ["finetune"]


def finetune(
    context: typer.Context,
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
    training: TrainingOption = FineTuningChoice.distillation,
    reach: ReachOption = 1.3,
    seed: Annotated[int, typer.Option(help="Fixes the order of images and the attack.")] = 0,
    again: Annotated[
        bool,
        typer.Option("--again", help="Begin anew where it was fine-tuned with other settings; that is kept."),
    ] = False,
    problem: OwnProblemOption = None,
) -> None:
    """Build one network of a front for real, train it under attack, and measure it on test images.

    Writes DIR/finetuned/member-ID: weights.safetensors, curve.csv and figures.csv (before and after). An
    interrupted fine-tuning goes on where it was. One with other settings is put aside by --again, with its
    audit, as DIR/finetuned/member-ID-earlier-N.
    """
    from ccsrp.methods.interface import FineTuning
    from ccsrp.report.terminal import figures_table, print_table
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.finetuning import finetune_member
    from ccsrp.runs.member import open_run
    from ccsrp.runs.own_cost import own_cost
    from ccsrp.snn.kernels import told_of_compilation

    tuning = FineTuning(
        training=training.value,
        epochs=epochs,
        images=images,
        learning_rate=learning_rate,
        batch_size=batch_size,
        attack_steps=steps,
        attack_reach=reach,
    )
    run = open_run(folder, problem=problem)
    refuse_steps_and_reach(context, run.problem.attack)
    console = Console()
    with progress_steps(console) as shown, told_of_compilation(shown.line):
        path, figures = finetune_member(
            run,
            member,
            tuning,
            seed=seed,
            again=again,
            on_note=lambda line: shown.line(escape(line)),
            on_batch=lambda done, total: shown.show(done, total, "batches of this epoch"),
            on_epoch=lambda report: shown.line(
                f"epoch {report.epoch}/{epochs}: loss {report.loss:.4f}, training acc. under attack "
                f"{report.accuracy:.4f}"
            ),
        )
    names = {} if (own := own_cost(run, member)) is None else {"cost": f"cost by {own.name}"}
    print_table(console, figures_table(figures, names=names), title=f"member {member}")
    typer.echo(printable(f"  {path / 'weights.safetensors'}  the network's weights"))
