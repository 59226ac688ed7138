"""``ccsrp search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ccsrp.commands.display import JsonOption, QuietOption, SearchScreen, TensorBoardOption, beginning
from ccsrp.commands.options import (
    AttackChoice,
    ChoiceChoice,
    CollaboratorsChoice,
    CostChoice,
    DataDirOption,
    DeviceOption,
    NetworkOption,
    PresetChoice,
    ProblemArgument,
    RayOption,
    ScreenChoice,
    WorkersOption,
    was_given,
)
from ccsrp.commands.result import resumable
from ccsrp.commands.workers import asked_for, judging
from ccsrp.errors import OptionError

__all__ = ["search"]

# Parameters by the options that set them. One that has no effect is refused, not ignored.
PRESET_FIXES = {
    "budget": "--budget",
    "subpop": "--subpop",
    "collaborators": "--collaborators",
    "batch": "--batch",
    "screen": "--screen",
    "stop_dominated": "--stop-dominated",
}
ROUNDS_TAKE = {"choose": "--choose", "epochs": "--epochs", "images": "--images"}
LOSSES = {"accuracy_loss": "--accuracy-loss", "robust_loss": "--robust-loss"}


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
    batch: Annotated[
        int,
        typer.Option(help="With --screen gp: networks of a generation at most; as many as workers or more."),
    ] = 10,
    stop_dominated: Annotated[
        bool,
        typer.Option(
            "--stop-dominated/--no-stop-dominated",
            help="End the attack on a network once one that is known is as good as all that it can still "
            "reach. In trials that saved a tenth to a quarter of the time.",
        ),
    ] = True,
    cost: Annotated[
        CostChoice,
        typer.Option(
            help="What compactness means. A function of your own comes in with a class of your own, named "
            "MODULE:CLASS for PROBLEM: a SpikingPruning that is given cost=FUNCTION."
        ),
    ] = CostChoice.flops,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Re-estimate batch norms of every candidate.")
    ] = True,
    attack: Annotated[
        AttackChoice,
        typer.Option(
            help="sharp is a stronger judge than standard, the literature's PGD, at the same cost; strong "
            "comes near an audit, at a dozen times that cost."
        ),
    ] = AttackChoice.sharp,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Gradient steps of the attack, or of each round of strong. [default: 10; strong: 20]"
        ),
    ] = None,
    validation_images: Annotated[
        int | None, typer.Option(help="Images that candidates are judged on.")
    ] = None,
    test_images: Annotated[int | None, typer.Option(help="Images that the front is reported on.")] = None,
    rounds: Annotated[
        int, typer.Option(help="Rounds of search, pruning and fine-tuning; 0: search once, train nothing.")
    ] = 0,
    target_cost: Annotated[
        float | None, typer.Option(help="With rounds: share of the dense cost to arrive at, such as 0.35.")
    ] = None,
    choose: Annotated[
        ChoiceChoice | None,
        typer.Option(
            help="With rounds: which network the next begins with: the knee of the front, the best within "
            "the round's cost, the cheapest within small losses, or layers picked alone and spliced. "
            "[default: best with a target, else knee]"
        ),
    ] = None,
    accuracy_loss: Annotated[
        float, typer.Option(help="With --choose cheapest: accuracy that a round may lose.")
    ] = 0.01,
    robust_loss: Annotated[
        float, typer.Option(help="With --choose cheapest: robust accuracy that a round may lose.")
    ] = 0.05,
    epochs: Annotated[int, typer.Option(help="With rounds: epochs of fine-tuning in each.")] = 10,
    images: Annotated[
        int | None, typer.Option(help="With rounds: training images to use. [default: all]")
    ] = None,
    preset: Annotated[
        PresetChoice | None,
        typer.Option(help="paper: CCSRP as reconstructed from CCEP's procedure, in 20 rounds or --rounds."),
    ] = None,
    network: NetworkOption = None,
    weights: Annotated[Path | None, typer.Option(help="Weights that 'ccsrp train' made.")] = None,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    tensorboard: TensorBoardOption = False,
) -> None:
    """Search the Pareto front of accuracy, robustness and compactness.

    The search judges on validation images; the networks of the front are then measured on test images. The
    folder gets config.toml, history.csv (a row a generation), front.csv (a row a network) and front.png.
    All that is evaluated is stored at once: 'ccsrp resume' goes on with a search that was interrupted.

    With --rounds, each search ends with one network, pruned for real and fine-tuned, that the next begins
    with; the front joins all rounds. The budget is that of one round.
    """
    asked = asked_for(workers, ray)
    told = SearchScreen(quiet=quiet, as_json=as_json, tensorboard=tensorboard)
    from ccsrp.coevolution.choice import Choice
    from ccsrp.coevolution.rounds import RoundSettings
    from ccsrp.coevolution.settings import SearchSettings
    from ccsrp.methods.interface import FineTuning
    from ccsrp.registry import load_problem, problem_class, takes_option
    from ccsrp.runs.config import RunConfig
    from ccsrp.runs.folder import new_folder
    from ccsrp.runs.plan import RoundPlan
    from ccsrp.runs.searching import search_into

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
    seed_of_search_alone = "seed" in options and not takes_option(problem, "seed")
    if seed_of_search_alone:
        del options["seed"]
    settings = SearchSettings(
        budget=budget,
        seed=seed,
        subpopulation_size=subpop,
        collaborators=collaborators.value,
        screening=screen.value,
        batch=batch,
        stop_dominated=stop_dominated,
    )
    if screen is ScreenChoice.none:
        _refuse(context, {"batch": "--batch"}, "needs --screen gp; without it a generation is one batch")
    paper = preset is PresetChoice.paper
    plan = None
    if rounds or paper or target_cost is not None:
        _refuse(context, PRESET_FIXES if paper else {}, "is fixed by --preset paper; leave one of them out")
        choice = Choice(
            rule=choose.value if choose is not None else "splice" if paper else "knee",
            accuracy_loss=accuracy_loss,
            robust_loss=robust_loss,
        )
        plan = RoundPlan(
            RoundSettings(
                rounds=rounds or (20 if paper else 1),
                target_cost=target_cost,
                choice=choice if choose is not None or paper else None,
            ),
            # The paper knows of no teacher.
            FineTuning(epochs=epochs, images=images, training="pgd-at", attack_reach=1.0)
            if paper
            else FineTuning(epochs=epochs, images=images),
        )
        if choose is not ChoiceChoice.cheapest:
            _refuse(context, LOSSES, "needs --choose cheapest")
        if not hasattr(problem_class(problem), "rebased"):
            raise OptionError(f"problem {problem!r} has no network to fine-tune; leave --rounds out")
    else:
        _refuse(context, ROUNDS_TAKE | LOSSES, "needs --rounds")
    folder = out or Path("runs") / f"{problem.replace(':', '-')}-seed-{seed}"
    with told.only_ours(), new_folder(folder) as path:
        built = load_problem(problem, **options)
        if paper:
            settings = SearchSettings.paper(n_layers=built.space.n_layers, seed=seed)
        config = RunConfig.of(
            problem, options, settings, built, rounds=None if plan is None else plan.described(built.attack)
        )
        shown = told.display
        shown.begins(beginning(problem, built, path, budget=settings.budget, plan=plan))
        if seed_of_search_alone and getattr(built, "attack", None) is not None:
            shown.note(
                f"{problem} takes no seed: --seed {seed} is that of the search, its attack keeps its own; "
                f"let its __init__ take seed to change that"
            )
        with resumable(path, problem=problem), judging(asked) as judged_by, shown.shown():
            result = search_into(path, built, settings, config, plan=plan, shown=shown, judged_by=judged_by)
            shown.result(result)
    told.ends(path, result)


def _refuse(context: typer.Context, options: dict[str, str], why: str) -> None:
    """See that none of these options was given."""
    for parameter, option in options.items():
        if was_given(context, parameter):
            raise OptionError(f"{option} {why}")
