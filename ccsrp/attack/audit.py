"""An audit: what is left of a network's accuracy when an image must survive every attack there is.

A search can afford one short attack a candidate. It ranks candidates, but it flatters them, and it flatters
pruned networks most (``experiments/attack_strength``); arXiv 2512.22522 and 2209.03358 say the same of
training surrogates. An audit is for the few networks that somebody means to use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ccsrp.attack.masking import CHECKED_SURROGATES, GradientShares, Verdict, gradient_shares, verdicts
from ccsrp.attack.own_attacks import Pgd
from ccsrp.attack.subject import AuditAttack, Subject
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray

__all__ = ["Audit", "Outcome", "Skipped", "audit"]


@dataclass(frozen=True)
class Outcome:
    """What one attack left.

    Parameters
    ----------
    name, group, description : str
    flags : bool [n_images]
        Which images survive this attack alone; all that are right when clean were attacked.
    """

    name: str
    group: str
    description: str
    flags: BoolArray

    @property
    def accuracy(self) -> float:
        """Share of all images that survive."""
        return float(self.flags.mean())


@dataclass(frozen=True)
class Skipped:
    """An attack that could not be run, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Audit:
    """What an ensemble of attacks says of one network.

    Parameters
    ----------
    right : bool [n_images]
        Which clean images are classified rightly.
    outcomes : tuple of Outcome
        The first is the attack that the search judged by.
    skipped : tuple of Skipped
    steps : tuple of (int, float)
        Accuracy left by the same attack with more and more steps.
    gradients : tuple of GradientShares
    verdicts : tuple of Verdict
        Signs of masked gradients.
    """

    right: BoolArray
    outcomes: tuple[Outcome, ...]
    skipped: tuple[Skipped, ...]
    steps: tuple[tuple[int, float], ...]
    gradients: tuple[GradientShares, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def flags(self) -> BoolArray:
        """Which images survive each attack, bool [n_attacks, n_images]."""
        return np.stack([outcome.flags for outcome in self.outcomes])

    @property
    def robust(self) -> BoolArray:
        """Which images are right when clean and survive every attack, bool [n_images]."""
        robust: BoolArray = self.right & self.flags.all(0)
        return robust

    @property
    def clean_accuracy(self) -> float:
        """Share of clean images that are classified rightly."""
        return float(self.right.mean())

    @property
    def worst_case_accuracy(self) -> float:
        """Share of images that survive every attack."""
        return float(self.robust.mean())

    @property
    def search_accuracy(self) -> float:
        """What the attack of the search says of these images."""
        return self.outcomes[0].accuracy

    @property
    def gap(self) -> float:
        """By how many points the attack of the search flatters: 0 to 100."""
        return 100 * (self.search_accuracy - self.worst_case_accuracy)

    @property
    def suspicious(self) -> bool:
        """Whether any sign of masked gradients was found."""
        return any(verdict.suspicious for verdict in self.verdicts)


def audit(
    subject: Subject,
    images: torch.Tensor,
    labels: torch.Tensor,
    attacks: Sequence[AuditAttack],
    *,
    known: Mapping[str, BoolArray] | None = None,
    on_attack: Callable[[int, int, Outcome], None] | None = None,
) -> Audit:
    """Attack a network by everything in ``attacks``.

    All PGD starts are drawn for the whole set of images, and a compiled network takes them one by one, so
    PGD's answers do not depend on batches. APGD and Square draw their random numbers for a whole batch of
    images that are right when clean: there an image's answer depends on its company, and for a module of
    torch layers on ``subject.batch_size``.

    Parameters
    ----------
    subject : Subject
    images, labels : float32 [N, C, H, W] in [0, 1], int64 [N]
    attacks : sequence of AuditAttack
        From ``ensemble``; the first is the attack of the search.
    known : mapping of str to bool [N], optional
        Flags by the name of an attack that an interrupted audit has left; these are not run again.
    on_attack : callable, optional
        Called with (done, total, outcome) after each attack.

    Raises
    ------
    OptionError
        No images, no attacks, or known flags of another number of images.
    """
    if not len(labels) or not attacks:
        raise OptionError(f"an audit needs images and attacks, got {len(labels)} and {len(attacks)}")
    places = torch.arange(len(labels), device=labels.device)
    with torch.no_grad():
        parts = subject.batches(subject.network, places)
        logits = torch.cat([subject.network(images[part]) for part in parts])
    right = logits.argmax(1) == labels
    reasons = [(attack.name, attack.missing(subject, logits.shape[1])) for attack in attacks]
    skipped = tuple(Skipped(name, reason) for name, reason in reasons if reason is not None)
    possible = [attack for attack, (_, reason) in zip(attacks, reasons, strict=True) if reason is None]
    outcomes = []
    for done, attack in enumerate(possible, start=1):
        flags = (known or {}).get(attack.name)
        if flags is None:
            flags = attack.survivors(subject, images, labels, right).cpu().numpy()
        elif flags.shape != (len(labels),):
            raise OptionError(
                f"known flags of {attack.name!r} are of {flags.shape} images, not {len(labels)}"
            )
        outcomes.append(Outcome(attack.name, attack.group, attack.describe(), flags.astype(bool)))
        if on_attack is not None:
            on_attack(done, len(possible), outcomes[-1])
    return _concluded(subject, images, labels, right.cpu().numpy(), possible, tuple(outcomes), skipped)


def _concluded(
    subject: Subject,
    images: torch.Tensor,
    labels: torch.Tensor,
    right: BoolArray,
    attacks: Sequence[AuditAttack],
    outcomes: tuple[Outcome, ...],
    skipped: tuple[Skipped, ...],
) -> Audit:
    """Put together what was found, and look for masked gradients."""
    white_box = [item.flags for item in outcomes if item.group == "white box"]
    black_box = [item.flags for item in outcomes if item.group == "black box"]
    steps = tuple(
        (attack.attack.steps, outcome.accuracy)
        for attack, outcome in zip(attacks, outcomes, strict=True)
        if isinstance(attack, Pgd) and attack.group == "steps"
    )
    shares = tuple(
        gradient_shares(subject, images, labels, surrogate=surrogate) for surrogate in CHECKED_SURROGATES
    )
    return Audit(
        right=right,
        outcomes=outcomes,
        skipped=skipped,
        steps=steps,
        gradients=shares,
        verdicts=verdicts(
            shares,
            white_box=np.array(white_box, dtype=bool).reshape(-1, len(right)),
            black_box=black_box[0] if black_box else None,
            steps=steps,
        ),
    )
