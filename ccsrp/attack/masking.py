"""Whether a network is robust, or only hides its gradients.

The signs of masked gradients are those of Athalye et al. (arXiv 1802.00420) and Carlini et al.
(arXiv 1902.06705): gradients of zero, black-box attacks that beat white-box ones, and attacks that do not
gain by more steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ccsrp.attack.gradient import gradient_of
from ccsrp.attack.subject import Subject
from ccsrp.attack.surrogate import TRAINING
from ccsrp.space import BoolArray

__all__ = ["CHECKED_SURROGATES", "GradientShares", "Verdict", "gradient_shares", "verdicts"]

CHECKED_SURROGATES = (TRAINING, "ATan(alpha=6.0)")
# More images than this without any gradient, and the gradient is not to be trusted.
MOST_ZERO_IMAGES = 0.01
# Any further attack finds a few images more; a black box that finds many saw what gradients do not show.
MOST_ALONE = 0.01
# By how much accuracy may rise with the steps before it is no accident.
MOST_RISE = 0.01


@dataclass(frozen=True)
class GradientShares:
    """How much of the gradient of the margin by the clean images is exactly zero.

    Parameters
    ----------
    surrogate : str
    zero_images : float
        Share of images whose gradient is zero in every pixel.
    zero_entries : float
        Mean share of pixels whose gradient is zero.
    """

    surrogate: str
    zero_images: float
    zero_entries: float


@dataclass(frozen=True)
class Verdict:
    """One sign of masked gradients; ``text`` is one line with the figures."""

    name: str
    suspicious: bool
    text: str


def gradient_shares(
    subject: Subject, images: torch.Tensor, labels: torch.Tensor, *, surrogate: str
) -> GradientShares:
    """Count zeros in the gradients of all images."""
    shares = torch.zeros(len(labels), dtype=torch.float64)
    places = torch.arange(len(labels), device=labels.device)
    with gradient_of(subject.network, loss="margin", surrogate=surrogate) as gradient_at:
        for part in subject.batches(subject.network, places):
            _, gradient = gradient_at(images[part], labels[part])
            shares[part.cpu()] = (gradient == 0).flatten(1).double().mean(1).cpu()
    return GradientShares(surrogate, float((shares == 1).double().mean()), float(shares.mean()))


def verdicts(
    shares: Sequence[GradientShares],
    *,
    white_box: BoolArray,
    black_box: BoolArray | None,
    steps: Sequence[tuple[int, float]],
) -> tuple[Verdict, ...]:
    """Judge what an audit has measured.

    Parameters
    ----------
    shares : sequence of GradientShares
    white_box : bool [n_attacks, n_images]
        Which images are right and survive each white-box attack.
    black_box : bool [n_images], optional
        Which survive the black-box attack.
    steps : sequence of (int, float)
        Accuracy left by one attack with more and more steps.
    """
    found = [_zeros(item) for item in shares]
    if black_box is not None and len(white_box):
        found += [_alone(white_box, black_box), _stronger(white_box, black_box)]
    if len(steps) > 1:
        found.append(_steps(steps))
    return tuple(found)


def _zeros(item: GradientShares) -> Verdict:
    text = (
        f"under surrogate {item.surrogate}, {item.zero_images:.1%} of images have no gradient at all; "
        f"{item.zero_entries:.1%} of its entries are zero"
    )
    return Verdict(f"zero gradients, {item.surrogate}", item.zero_images > MOST_ZERO_IMAGES, text)


def _alone(white_box: BoolArray, black_box: BoolArray) -> Verdict:
    alone = int((white_box.all(0) & ~black_box).sum())
    text = f"{alone} of {len(black_box)} images survive every white-box attack but not the black-box one"
    return Verdict("black box alone", alone > MOST_ALONE * len(black_box), text)


def _stronger(white_box: BoolArray, black_box: BoolArray) -> Verdict:
    best, other = float(white_box.mean(1).min()), float(black_box.mean())
    text = f"the black-box attack leaves {other:.1%} standing, the strongest white-box attack {best:.1%}"
    return Verdict("black box stronger", other < best, text)


def _steps(steps: Sequence[tuple[int, float]]) -> Verdict:
    ordered = sorted(steps)
    rise = ordered[-1][1] - min(accuracy for _, accuracy in ordered)
    course = ", ".join(f"{count}: {accuracy:.1%}" for count, accuracy in ordered)
    return Verdict("steps in vain", rise > MOST_RISE, f"accuracy left by the number of steps: {course}")
