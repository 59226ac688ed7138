"""``ccsrp search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ccsrp.commands.options import (
    AttackChoice,
    CollaboratorsChoice,
    CostChoice,
    DataDirOption,
    DeviceOption,
    NetworkOption,
    ProblemArgument,
    ScreenChoice,
    was_given,
)

__all__ = ["search"]


def search(
    context: typer.Context,
    problem: ProblemArgument,
    out: Annotated[
        Path | None,
        typer.Option(help="New or empty folder for the results. [default: runs/PROBLEM-seed-SEED]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes the search and the attack's random starts.")] = 0,
    budget: Annotated[int, typer.Option(help="Networks to evaluate at most.")] = 300,
    subpop: Annotated[int, typer.Option(help="Individuals of each layer's subpopulation.")] = 10,
    collaborators: Annotated[
        CollaboratorsChoice,
        typer.Option(
            help="Company that a layer's mask is judged in: networks of the archive, the elite of every "
            "other layer, or the untouched base network (as in the paper)."
        ),
    ] = CollaboratorsChoice.archive,
    screen: Annotated[
        ScreenChoice,
        typer.Option(
            help="gp: a model of all seen so far picks the candidates to evaluate; none: evaluate them all."
        ),
    ] = ScreenChoice.gp,
    cost: Annotated[CostChoice, typer.Option(help="What compactness means.")] = CostChoice.flops,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Re-estimate batch norms of every candidate.")
    ] = True,
    attack: Annotated[
        AttackChoice, typer.Option(help="sharp is the stronger judge; standard is the literature's PGD.")
    ] = AttackChoice.sharp,
    steps: Annotated[int, typer.Option(help="Gradient steps of the attack.")] = 10,
    validation_images: Annotated[
        int | None, typer.Option(help="Images that candidates are judged on.")
    ] = None,
    test_images: Annotated[int | None, typer.Option(help="Images that the front is reported on.")] = None,
    network: NetworkOption = None,
    weights: Annotated[Path | None, typer.Option(help="Weights that 'ccsrp train' made.")] = None,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
) -> None:
    """Search the Pareto front of accuracy, robustness and compactness.

    The search judges on validation images; the networks of the front are then measured on test images. The
    folder gets config.toml, history.csv (a row a generation), front.csv (a row a network) and front.png.
    """
    from ccsrp.coevolution.run import run_search
    from ccsrp.coevolution.settings import SearchSettings
    from ccsrp.registry import load_problem, takes_option
    from ccsrp.report.terminal import SearchProgress, front_table
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.config import RunConfig
    from ccsrp.runs.folder import RunFolder, new_folder

    settings = SearchSettings(
        budget=budget,
        seed=seed,
        subpopulation_size=subpop,
        collaborators=collaborators.value,
        screening=screen.value,
    )
    given = {
        "cost": cost.value,
        "calibrate": calibrate,
        "attack": attack.value,
        "steps": steps,
        "seed": seed,
        "validation_images": validation_images,
        "test_images": test_images,
        "network": network,
        "weights": weights,
        "data_dir": data_dir,
        "device": device,
    }
    # A problem class has its own defaults, and need not take what the user did not ask for.
    options = {key: value for key, value in given.items() if was_given(context, key)}
    if not takes_option(problem, "seed"):
        options.pop("seed", None)  # the search has one all the same
    console = Console()
    with new_folder(out or Path("runs") / f"{problem}-seed-{seed}") as path, progress_steps(console) as shown:
        built = load_problem(problem, **options)
        config = RunConfig.of(problem, options, settings, built)
        console.print(
            f"{problem}: {built.space.n_var} filters in {built.space.n_layers} layers", highlight=False
        )
        if getattr(built, "attack", None) is not None:
            console.print(f"robust under: {built.attack.describe()}", highlight=False, soft_wrap=True)
        folder: RunFolder | None = None
        progress = SearchProgress(shown, budget)

        def on_generation(report: Any) -> None:
            nonlocal folder
            folder = folder or RunFolder(path, config.tables())
            folder.add_generation(report)
            progress.generation(report)

        result = run_search(built, settings, on_generation=on_generation, on_member=progress.member)
        if folder is not None:
            folder.finish(result)
    console.print(
        front_table(
            result.front, title=f"Front of {len(result.front)} networks, {progress.rate:.2f} evaluations/s"
        )
    )
    for name, what in (
        ("front.csv", "one row a network, with its mask"),
        ("front.png", "the trade-offs"),
        ("history.csv", "one row a generation"),
        ("config.toml", "all that is needed to repeat this run"),
    ):
        typer.echo(f"  {path / name}  {what}")
