"""``ccsrp compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccsrp.commands.options import (
    AttackChoice,
    CostChoice,
    DataDirOption,
    DeviceOption,
    FineTuningChoice,
    NetworkOption,
    ProblemArgument,
    ReachOption,
    TrainingOption,
    refuse_steps_and_reach,
    was_given,
)
from ccsrp.errors import OptionError, printable
from ccsrp.methods import METHODS

__all__ = ["compare"]


def compare(
    context: typer.Context,
    problem: ProblemArgument,
    out: Annotated[Path, typer.Option(help="New or empty folder, or that of an interrupted comparison.")],
    methods: Annotated[
        str, typer.Option(help=f"Some of {', '.join(METHODS)}, separated by commas. [default: all]")
    ] = "",
    targets: Annotated[
        str, typer.Option(help="Largest shares of the dense network's cost, separated by commas.")
    ] = "0.5,0.35",
    seeds: Annotated[int, typer.Option(help="Seeds of each method: 0, 1, ...")] = 1,
    budget: Annotated[int, typer.Option(help="Masks that a method may judge, if it judges masks.")] = 300,
    epochs: Annotated[int, typer.Option(help="Epochs of fine-tuning, the same for all.")] = 10,
    images: Annotated[int | None, typer.Option(help="Training images to use. [default: all]")] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate of fine-tuning.")] = 3e-3,
    batch_size: Annotated[int, typer.Option(help="Images in one step of fine-tuning.")] = 64,
    steps: Annotated[int, typer.Option(help="Gradient steps of the attack of fine-tuning.")] = 5,
    training: TrainingOption = FineTuningChoice.distillation,
    reach: ReachOption = 1.3,
    audit: Annotated[
        int, typer.Option(help="Test images on which every network is audited in the end; 0: none.")
    ] = 0,
    cost: Annotated[CostChoice, typer.Option(help="What targets are a share of.")] = CostChoice.flops,
    attack: Annotated[
        AttackChoice | None,
        typer.Option(help="What robustness is judged under, by methods and in the table. [default: sharp]"),
    ] = None,
    test_images: Annotated[
        int | None, typer.Option(help="Test images that networks are measured on. [default: the problem's]")
    ] = None,
    network: NetworkOption = None,
    weights: Annotated[Path | None, typer.Option(help="Weights that 'ccsrp train' made.")] = None,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
) -> None:
    """Prune one network by several methods to several costs, fine-tune all alike, and measure on test images.

    The folder gets table.csv (a row a network), summary.md (means over seeds), comparison.png, and the
    networks' weights. An interrupted comparison goes on where it was.
    """
    from ccsrp.methods.interface import FineTuning
    from ccsrp.registry import load_problem, problem_class, takes_option
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.comparison import ComparisonSettings, comparison_folder, run_comparison, write_report
    from ccsrp.runs.comparison_audit import audit_networks
    from ccsrp.runs.comparison_words import comparison_words
    from ccsrp.snn.kernels import told_of_compilation

    settings = ComparisonSettings(
        methods=tuple(_listed(methods)) or tuple(METHODS),
        targets=tuple(_numbers(targets)),
        seeds=seeds,
        budget=budget,
        tuning=FineTuning(
            training=training.value,
            epochs=epochs,
            images=images,
            learning_rate=learning_rate,
            batch_size=batch_size,
            attack_steps=steps,
            attack_reach=reach,
        ),
    )
    if audit < 0:
        raise OptionError(f"an audit needs at least 1 image, or 0 for none, got {audit}")
    if not hasattr(problem_class(problem), "base_network"):
        raise OptionError(f"problem {problem!r} has no network to prune; choose one that has, such as digits")
    given = {
        "cost": cost.value,
        "attack": None if attack is None else attack.value,
        "test_images": test_images,
        "network": network,
        "weights": weights,
        "data_dir": data_dir,
        "device": device,
    }
    options = {key: value for key, value in given.items() if value is not None}
    if not was_given(context, "cost") and not takes_option(problem, "cost"):
        del options["cost"]
    described = {"name": problem} | {key: str(value) for key, value in options.items()}
    console = Console()
    with comparison_folder(out) as path, progress_steps(console) as shown, told_of_compilation(shown.line):
        built = load_problem(problem, **options)
        refuse_steps_and_reach(context, built.attack)
        table = run_comparison(
            built,
            settings,
            path,
            described=described,
            on_network=shown.line,
            on_epoch=lambda report, total: shown.show(report.epoch, total, "epochs of this training"),
        )
        if audit:
            table = audit_networks(
                built,
                table,
                path,
                images=audit,
                on_audit=lambda name, done, total: shown.show(done, total, f"attacks of the audit of {name}"),
            )
        about = comparison_words(built, settings, described=described, audited=audit)
        text = write_report(table, path, cost=cost.value, about=about)
    typer.echo(text)
    typer.echo(printable(f"  {path / 'table.csv'}  one row a network"))


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _numbers(text: str) -> list[float]:
    try:
        return [float(item) for item in _listed(text)]
    except ValueError:
        raise OptionError(
            f"targets are numbers separated by commas, such as 0.5,0.35, got {text!r}"
        ) from None
