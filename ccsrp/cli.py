"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp import __version__
from ccsrp.errors import CcsrpError, OptionError, one_line

__all__ = ["app", "main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it

app = typer.Typer(
    help="Prune spiking neural networks by cooperative coevolution: accurate, robust, small.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class CollaboratorsChoice(StrEnum):
    """How a layer's mask becomes a whole network."""

    archive = "archive"
    elite = "elite"
    base = "base"


class ScreenChoice(StrEnum):
    """Which candidates are evaluated."""

    gp = "gp"
    none = "none"


class CostChoice(StrEnum):
    """What the third objective is a fraction of."""

    flops = "flops"
    params = "params"
    synops = "synops"


class AttackChoice(StrEnum):
    """What robustness is judged under."""

    sharp = "sharp"
    standard = "standard"


class MethodChoice(StrEnum):
    """How a base network is trained."""

    standard = "standard"
    pgd_at = "pgd-at"
    trades = "trades"


ProblemArgument = Annotated[
    str, typer.Argument(metavar="PROBLEM", help="A name that 'ccsrp problems' lists.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the data set; downloads go there. [default: $CCSRP_DATA or ~/.cache/ccsrp]"),
]
NetworkOption = Annotated[
    str | None,
    typer.Option(help="Another named network: vgg11, vgg16, resnet18, sew_resnet18, digits, fashion."),
]
DeviceOption = Annotated[str | None, typer.Option(help="cpu or cuda. [default: cuda where there is one]")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ccsrp {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _was_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


@app.command()
def problems() -> None:
    """List the problems that can be searched."""
    from ccsrp.registry import problem_class, problem_names

    for name in problem_names():
        try:
            summary = (problem_class(name).__doc__ or "").strip().split("\n")[0]
        except Exception as error:  # another package's code may raise anything
            summary = f"cannot be loaded ({type(error).__name__}: {one_line(error)})"
        typer.echo(f"{name:<16}{summary}")


@app.command()
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
    options = {key: value for key, value in given.items() if _was_given(context, key)}
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


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'ccsrp search' wrote.")],
) -> None:
    """Print the front of a finished search."""
    from ccsrp.report.terminal import front_table
    from ccsrp.runs.folder import read_front

    front = read_front(folder)
    Console().print(front_table(front, title=escape(f"{folder}: front of {len(front)} networks")))


@app.command()
def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'ccsrp search' wrote.")],
    member: Annotated[
        int | None, typer.Option(help="The network of that number in front.csv. [default: all, one by one]")
    ] = None,
    images: Annotated[
        int | None, typer.Option(help="Test images to attack. [default: those of front.csv]")
    ] = None,
) -> None:
    """Attack networks of a front by all that there is, and say how far the search flattered them.

    Takes minutes a network. An interrupted audit goes on where it stopped. The folder gets audit.csv (a row
    a network) and audit/member-ID.csv (a row an attack).
    """
    from ccsrp.report.terminal import audit_table
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.audited import RunToAudit, audit_row

    console = Console()
    run, rows = RunToAudit.of(folder), []
    with progress_steps(console) as shown:
        for number in run.members(member)["member"]:
            result = run.audit(
                int(number),
                images=images,
                on_note=lambda line: shown.line(escape(line)),
                on_attack=lambda done, total, outcome, number=number: shown.show(  # type: ignore[misc]
                    done, total, f"member {number}: {outcome.name}"
                ),
            )
            rows.append(audit_row(int(number), result))
            shown.line(
                f"[dim]member {number}: robust accuracy {result.search_accuracy:.3f} by the search's attack, "
                f"{result.worst_case_accuracy:.3f} at worst[/dim]"
            )
            for verdict in result.verdicts:
                if verdict.suspicious:
                    shown.line(f"member {number}, {verdict.name}: {verdict.text}")
    console.print(audit_table(rows, title=escape(f"{folder}: {len(rows)} audited")))
    typer.echo(f"  {folder / 'audit.csv'}  one row a network")
    typer.echo(f"  {folder / 'audit'}  one table a network, one row an attack")


@app.command()
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
        AttackChoice, typer.Option(help="Attack of adversarial training.")
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
    from ccsrp.snn.training import TrainingSettings

    kind = problem_class(problem)
    if not hasattr(kind, "untrained"):
        raise OptionError(f"problem {problem!r} has no network to train; it ships what it needs")
    settings = TrainingSettings(
        method=method.value,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    checked = checked_device(device)
    if resume and not (out / "config.toml").is_file():
        raise OptionError(f"{out} holds no training to resume; leave --resume out to start one")
    console = Console()
    with nullcontext(out) if resume else new_folder(out) as path, progress_steps(console) as shown:
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
                f"epoch {report.epoch}/{epochs}: loss {report.loss:.4f}, training acc. {report.accuracy:.4f}"
            ),
        )
    typer.echo(f"  {weights}  pass it to 'ccsrp search {problem} --weights'")


def main() -> NoReturn:
    """Run the command line; wrong input ends it with one line and status 2."""
    try:
        app()
    except CcsrpError as error:
        print(f"ccsrp: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        status: int | str | None = INTERRUPTED
    except SystemExit as end:  # Typer ends so, after an interrupt too
        status = end.code
    else:
        status = 0
    if status == INTERRUPTED:
        print("ccsrp: interrupted; what had been written by then is whole", file=sys.stderr)
    sys.exit(status)
