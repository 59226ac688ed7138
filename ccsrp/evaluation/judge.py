"""One network, judged on images: its accuracy, and what an attack leaves of it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
import torch

from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.description import Attack, StrongAttack
from ccsrp.attack.gradient import Classifier, margin_loss
from ccsrp.attack.pgd import iterate_that_loses, perturb, random_start, surviving_images
from ccsrp.attack.whole import RunsAttacks
from ccsrp.space import FloatArray

__all__ = ["Examples", "Judgement", "hardest_first", "judge", "loss_rate"]

# How fast the chance to be lost falls along images that are ordered by a network, the hardest first, and how
# many images this counts as where few were attacked. From what networks that searches stopped really lost,
# guesses differed by 0.02 to 0.03 of all images on digits, and by 0.08 on Fashion-MNIST.
TYPICAL_RATE, WEIGHT = 6.0, 30


@dataclass(frozen=True)
class Examples:
    """Images that networks are judged on, with the attack and where it starts.

    Parameters
    ----------
    images : float32 [N, C, H, W] in [0, 1]
    labels : int64 [N]
    start : float32 [N, C, H, W]
    attack : Attack or CustomAttack
    batch_size : int
        Images that are attacked together.
    """

    images: torch.Tensor
    labels: torch.Tensor
    start: torch.Tensor
    attack: AnyAttack
    batch_size: int

    @classmethod
    def of(
        cls, images: torch.Tensor, labels: torch.Tensor, attack: AnyAttack, *, device: str, batch_size: int
    ) -> Examples:
        """Draw the fixed starts and move everything to ``device``."""
        start = random_start(images, attack)
        return cls(images.to(device), labels.to(device), start.to(device), attack, batch_size)

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self) -> Iterator[slice]:
        """Cut the images into batches."""
        for first in range(0, len(self), self.batch_size):
            yield slice(first, first + self.batch_size)

    def logits(self, network: Classifier) -> torch.Tensor:
        """Show the network all clean images."""
        # Networks that run attacks themselves take images one by one, whatever the batch.
        parts = [slice(None)] if isinstance(network, RunsAttacks) else self.batches()
        with torch.no_grad():
            return torch.cat([network(self.images[part]) for part in parts])


@dataclass(frozen=True)
class Judgement:
    """What one network showed.

    Unless ``complete``, ``robust_accuracy`` is the most that it can still be, and
    ``expected_robust_accuracy`` what it would probably have been.
    """

    accuracy: float
    robust_accuracy: float
    expected_robust_accuracy: float
    complete: bool = True


def judge(
    network: Classifier, examples: Examples, *, hopeless: Callable[[float, float], bool] | None = None
) -> Judgement:
    """Measure a network; give up once ``hopeless(accuracy, most robust_accuracy)`` says so."""
    right = examples.logits(network).argmax(1) == examples.labels
    accuracy = _share(right)
    # Where the last iterate alone decides, the clean image is not held against a network.
    possible = right.clone() if examples.attack.counts_clean else torch.ones_like(right)
    if hopeless is not None and hopeless(accuracy, _share(possible)):
        return _given_up(accuracy, possible, possible, attacked=0)
    if _runs_alone(network, examples):
        return _judge_alone(network, examples, right, possible, hopeless)
    left = possible.clone()
    for part, flags in _attacked(network, examples, right):
        left[part] = flags
        if hopeless is not None and hopeless(accuracy, _share(left)):
            return _given_up(accuracy, possible, left, attacked=part.stop)
    return Judgement(accuracy, _share(left), _share(left))


def _runs_alone(network: Classifier, examples: Examples) -> TypeGuard[RunsAttacks]:
    plain = isinstance(examples.attack, Attack) and not isinstance(examples.attack, StrongAttack)
    return plain and isinstance(network, RunsAttacks)


def _judge_alone(
    network: RunsAttacks,
    examples: Examples,
    right: torch.Tensor,
    possible: torch.Tensor,
    hopeless: Callable[[float, float], bool] | None,
) -> Judgement:
    """Attack all images in one call, which ends with the loss that leaves no hope."""
    accuracy, most, total = _share(right), int(possible.sum()), len(possible)
    enough = None
    if hopeless is not None:
        losses = range(1, most + 1)
        fatal = bisect_left(losses, 1, key=lambda lost: hopeless(accuracy, (most - lost) / total))
        enough = losses[fatal] if fatal < len(losses) else None
    left = possible & ~_lost(network, examples, right, enough)
    if enough is not None and most - int(left.sum()) == enough:
        last = int((possible & ~left).nonzero().max())
        return _given_up(accuracy, possible, left, attacked=last + 1)
    return Judgement(accuracy, _share(left), _share(left))


def _lost(network: RunsAttacks, examples: Examples, right: torch.Tensor, enough: int | None) -> torch.Tensor:
    assert isinstance(examples.attack, Attack)
    return _lost_at(network, examples, right, enough) <= examples.attack.steps


def _lost_at(
    network: RunsAttacks, examples: Examples, right: torch.Tensor, enough: int | None = None
) -> torch.Tensor:
    assert isinstance(examples.attack, Attack)
    images, labels, start = examples.images, examples.labels, examples.start
    return iterate_that_loses(network, images, labels, start, examples.attack, right=right, enough=enough)


def _given_up(accuracy: float, before: torch.Tensor, left: torch.Tensor, *, attacked: int) -> Judgement:
    """Say what was possible, and what the rest of the attack would probably have left of it.

    ``before`` and ``left`` are the images that were possible at first and are now, bool [N]. Those after the
    first ``attacked`` are lost at the rate that fits what is known of the first: see ``loss_rate``.
    """
    places = before.nonzero().flatten().numpy(force=True) / len(before)
    known = places < attacked / len(before)
    rate = loss_rate(places[known], int(before.sum() - left.sum()))
    more = min(float(np.exp(-rate * places[~known]).sum()), float(left.sum()))
    return Judgement(accuracy, _share(left), _share(left) - more / len(left), complete=False)


def loss_rate(places: FloatArray, lost: int) -> float:
    """Fit how the chance to be lost falls with an image's place in the order: ``exp(-rate * place)``.

    Parameters
    ----------
    places : float64 [n] in [0, 1)
        Of the images that were attacked.
    lost : int
        How many of them were lost.

    Examples
    --------
    >>> round(loss_rate(np.zeros(0), 0), 6)
    6.0
    >>> loss_rate(np.linspace(0, 0.3, 30), 30) < loss_rate(np.linspace(0, 0.3, 30), 15)
    True
    """
    wanted = lost + WEIGHT * _all_lost(TYPICAL_RATE)
    least, most = 0.0, 100.0
    for _ in range(60):
        rate = (least + most) / 2
        if np.exp(-rate * places).sum() + WEIGHT * _all_lost(rate) > wanted:
            least = rate
        else:
            most = rate
    return (least + most) / 2


def _all_lost(rate: float) -> float:
    """Return the share of all images that are lost at a rate above 0."""
    return (1 - math.exp(-rate)) / rate


def hardest_first(network: Classifier, examples: Examples) -> Examples:
    """Put the images in the order in which an attack takes them from ``network``.

    What this network loses early, others like it lose too: a judge who begins there knows soonest that a
    network is hopeless. The answer about any network stays the same.
    """
    right = examples.logits(network).argmax(1) == examples.labels
    survived, margin = right.long(), torch.zeros(len(examples))
    if _runs_alone(network, examples):
        survived += _lost_at(network, examples, right)
    else:
        for part, flags in _attacked(network, examples, right):
            survived[part] += flags
    for part in examples.batches():
        images, labels, start = examples.images[part], examples.labels[part], examples.start[part]
        with torch.no_grad():
            logits = network(perturb(network, images, labels, start, examples.attack))
        margin[part] = -margin_loss(logits, labels).to(margin)
    # Those that survive as long are told apart by how narrowly.
    order = torch.from_numpy(np.lexsort((margin.numpy(), survived.cpu().numpy()))).to(right.device)
    return replace(
        examples,
        images=examples.images[order],
        labels=examples.labels[order],
        start=examples.start[order],
    )


def _attacked(
    network: Classifier, examples: Examples, right: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Attack batch after batch; yield which images of a batch may still be robust."""
    for part in examples.batches():
        images, labels, start = examples.images[part], examples.labels[part], examples.start[part]
        for flags in surviving_images(network, images, labels, start, examples.attack, right=right[part]):
            yield part, flags


def _share(flags: torch.Tensor) -> float:
    return int(flags.sum()) / len(flags)
