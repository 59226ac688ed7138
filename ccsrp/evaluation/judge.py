"""One network, judged on images: its accuracy, and what an attack leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from ccsrp.attack.gradient import Classifier
from ccsrp.attack.pgd import Attack, random_start, surviving_images

__all__ = ["Examples", "Judgement", "hardest_first", "judge"]


@dataclass(frozen=True)
class Examples:
    """Images that networks are judged on, with the attack and where it starts.

    Parameters
    ----------
    images : float32 [N, C, H, W] in [0, 1]
    labels : int64 [N]
    start : float32 [N, C, H, W]
    attack : Attack
    batch_size : int
        Images that are attacked together.
    """

    images: torch.Tensor
    labels: torch.Tensor
    start: torch.Tensor
    attack: Attack
    batch_size: int

    @classmethod
    def of(
        cls, images: torch.Tensor, labels: torch.Tensor, attack: Attack, *, device: str, batch_size: int
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
        with torch.no_grad():
            return torch.cat([network(self.images[part]) for part in self.batches()])


@dataclass(frozen=True)
class Judgement:
    """What one network showed; unless ``complete``, ``robust_accuracy`` is the most that it can still be."""

    accuracy: float
    robust_accuracy: float
    complete: bool = True


def judge(
    network: Classifier, examples: Examples, *, hopeless: Callable[[float, float], bool] | None = None
) -> Judgement:
    """Measure a network; give up once ``hopeless(accuracy, most robust_accuracy)`` says so."""
    right = examples.logits(network).argmax(1) == examples.labels
    accuracy = _share(right)
    # Only a judge that counts every iterate holds the clean image against a network.
    possible = right.clone() if examples.attack.every_iterate else torch.ones_like(right)
    if hopeless is not None and hopeless(accuracy, _share(possible)):
        return Judgement(accuracy, _share(possible), complete=False)
    for part, flags in _attacked(network, examples, right):
        possible[part] = flags
        if hopeless is not None and hopeless(accuracy, _share(possible)):
            return Judgement(accuracy, _share(possible), complete=False)
    return Judgement(accuracy, _share(possible))


def hardest_first(network: Classifier, examples: Examples) -> Examples:
    """Put the images in the order in which an attack takes them from ``network``.

    What this network loses early, others like it lose too: a judge who begins there knows soonest that a
    network is hopeless. The answer about any network stays the same.
    """
    right = examples.logits(network).argmax(1) == examples.labels
    survived = right.long()
    for part, flags in _attacked(network, examples, right):
        survived[part] += flags
    order = survived.argsort(stable=True)
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
