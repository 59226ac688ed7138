"""Options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccsrp.commands import completion
from ccsrp.errors import OptionError

if TYPE_CHECKING:
    from ccsrp.attack.custom import AnyAttack


class CollaboratorsChoice(StrEnum):
    """How a layer's mask becomes a whole network."""

    archive = "archive"
    elite = "elite"
    base = "base"


class ScreenChoice(StrEnum):
    """Which candidates are evaluated."""

    gp = "gp"
    none = "none"


class ChoiceChoice(StrEnum):
    """Which network of a round the next one begins with."""

    knee = "knee"
    best = "best"
    cheapest = "cheapest"
    splice = "splice"


class PresetChoice(StrEnum):
    """Settings that belong together."""

    paper = "paper"


class CostChoice(StrEnum):
    """What the third objective is a fraction of."""

    flops = "flops"
    params = "params"
    synops = "synops"


class AttackChoice(StrEnum):
    """What robustness is judged under."""

    sharp = "sharp"
    strong = "strong"
    standard = "standard"


class PickChoice(StrEnum):
    """How one network of a front is picked."""

    asf = "asf"
    pseudo_weights = "pseudo-weights"
    tradeoff = "tradeoff"
    knee = "knee"


class FineTuningChoice(StrEnum):
    """How a pruned network is trained."""

    distillation = "distillation"
    pgd_at = "pgd-at"


class MethodChoice(StrEnum):
    """How a base network is trained."""

    standard = "standard"
    pgd_at = "pgd-at"
    trades = "trades"


ProblemArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help="A name that 'ccsrp problems' lists, or your own MODULE:CLASS.",
        autocompletion=completion.problems,
    ),
]
OwnProblemOption = Annotated[
    str | None,
    typer.Option(
        "--problem",
        help="Needed where a search was on MODULE:CLASS: that name, so that no folder has code run.",
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", help="A folder that 'ccsrp search' wrote.", autocompletion=completion.run_folders
    ),
]
MaxCostOption = Annotated[
    float | None, typer.Option(help="Only networks of at most this share of the dense network's cost.")
]
MinAccuracyOption = Annotated[
    float | None, typer.Option(help="Only networks of at least this accuracy (validation images).")
]
MinRobustAccuracyOption = Annotated[
    float | None, typer.Option(help="Only networks of at least this robust accuracy (validation images).")
]
TrainingOption = Annotated[
    FineTuningChoice,
    typer.Option(help="What networks learn from under attack: the dense network, or labels alone."),
]
ReachOption = Annotated[
    float, typer.Option(help="Eps of the attack that is trained on, in multiples of the problem's.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the data set; downloads go there. [default: $CCSRP_DATA or ~/.cache/ccsrp]"),
]
NetworkOption = Annotated[
    str | None,
    typer.Option(
        help="Another named network: vgg11, vgg16, resnet18, sew_resnet18, digits, fashion, nmnist, "
        "cifar10-dvs, dvs128-gesture."
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(help="Processes to evaluate with, on this machine or the cluster; needs ccsrp[ray]."),
]
RayOption = Annotated[
    str | None,
    typer.Option(help="HOST:PORT, ray://HOST:PORT or auto: a Ray cluster to evaluate on; needs ccsrp[ray]."),
]
DeviceOption = Annotated[str | None, typer.Option(help="cpu or cuda. [default: cuda where there is one]")]


def refuse_steps_and_reach(context: typer.Context, attack: AnyAttack) -> None:
    """See that neither ``--steps`` nor ``--reach`` was given where training would not heed them.

    Raises
    ------
    OptionError
        The attack is a ``CustomAttack``.
    """
    from ccsrp.attack.custom import CustomAttack

    if not isinstance(attack, CustomAttack):
        return
    for option in ("steps", "reach"):
        if was_given(context, option):
            raise OptionError(
                f"--{option} changes nothing here: the attack {attack.name!r} is a CustomAttack, "
                f"which is trained on as it is; leave --{option} out, or build the attack with other options"
            )


def was_given(context: typer.Context, option: str) -> bool:
    """Tell whether the user named an option, so that its value is not just the default."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"
