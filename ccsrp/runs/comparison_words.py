"""What a comparison was, in words: the paragraph above its table."""

from __future__ import annotations

from typing import Any

from ccsrp.attack.custom import CustomAttack
from ccsrp.errors import printable
from ccsrp.methods.interface import FineTuning, PrunableProblem
from ccsrp.runs.comparison import ComparisonSettings

__all__ = ["comparison_words"]

_TEACHERS = {
    "distillation": "distillation (under attack it is to say what the dense network says of the clean image)",
    "pgd-at": "pgd-at (labels, under attack)",
}


def comparison_words(
    problem: PrunableProblem, settings: ComparisonSettings, *, described: dict[str, Any], audited: int = 0
) -> str:
    """Say what the figures of a comparison must be read with.

    Parameters
    ----------
    problem : PrunableProblem
    settings : ComparisonSettings
    described : dict
        The problem's name and options.
    audited : int
        Test images of the audit; 0 without.

    Returns
    -------
    str
        A line of Markdown, without its end.
    """
    options = ", ".join(f"{key} {value}" for key, value in described.items() if key != "name")
    name = printable(f"{described['name']} ({options})" if options else str(described["name"]))
    audit = f" Audited: on the first {audited} images of the test split." if audited else ""
    return (
        f"Problem {name}. Test figures are of {len(problem.images('test')[1])} test images; robust: under "
        f"{problem.attack.describe()}.{audit} {_fine_tuning(settings.tuning, problem)} The dense network "
        f"stands as it came; costs are shares of its own. A method that judges masks judged "
        f"{settings.budget} at most. `seconds` are a method's own: search and training until a network is "
        f"there, without measuring it; what serves several targets counts for the first. `epochs` count "
        f"every training, short ones of candidates too."
    )


def _fine_tuning(tuning: FineTuning, problem: PrunableProblem) -> str:
    attack = (
        "on that attack"
        if isinstance(problem.attack, CustomAttack)
        else f"on that attack with {tuning.attack_steps} steps in {tuning.attack_reach:g} times its eps"
    )
    images = len(tuning.chosen(*problem.images("train"))[1])
    return (
        f"Fine-tuning, the same for all: {tuning.epochs} epoch{'s' * (tuning.epochs != 1)} of {images} "
        f"training images, "
        f"{_TEACHERS[tuning.training]}, {attack}, batches of {tuning.batch_size}, peak learning rate "
        f"{tuning.learning_rate:g}."
    )
