"""One network, judged on images: its accuracy, and what an attack leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.gradient import Classifier, margin_loss
from ccsrp.attack.pgd import perturb, random_start, surviving_images

__all__ = ["Examples", "Judgement", "hardest_first", "judge"]


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
    easy : bool [N], optional
        Which images the network that ordered them keeps under attack: see ``hardest_first``.
    """

    images: torch.Tensor
    labels: torch.Tensor
    start: torch.Tensor
    attack: AnyAttack
    batch_size: int
    easy: torch.Tensor | None = None

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
        with torch.no_grad():
            return torch.cat([network(self.images[part]) for part in self.batches()])


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
        return _given_up(accuracy, possible, examples, attacked=0)
    for part, flags in _attacked(network, examples, right):
        possible[part] = flags
        if hopeless is not None and hopeless(accuracy, _share(possible)):
            return _given_up(accuracy, possible, examples, attacked=part.stop)
    return Judgement(accuracy, _share(possible), _share(possible))


def _given_up(accuracy: float, possible: torch.Tensor, examples: Examples, *, attacked: int) -> Judgement:
    """Say what was possible, and expect of the other images what the first ``attacked`` showed.

    Of the images that the ordering network keeps, this one keeps the same share among the rest as among
    those attacked so far.
    """
    easy = torch.ones_like(possible) if examples.easy is None else examples.easy
    kept, known = int((possible & easy)[:attacked].sum()), int(easy[:attacked].sum())
    rest = int((possible & easy)[attacked:].sum())
    expected = (kept + rest * min(1.0, (kept + 1) / (known + 1))) / len(possible)
    return Judgement(accuracy, _share(possible), min(expected, _share(possible)), complete=False)


def hardest_first(network: Classifier, examples: Examples) -> Examples:
    """Put the images in the order in which an attack takes them from ``network``.

    What this network loses early, others like it lose too: a judge who begins there knows soonest that a
    network is hopeless. The answer about any network stays the same.
    """
    right = examples.logits(network).argmax(1) == examples.labels
    survived, robust, margin = right.long(), right.clone(), torch.zeros(len(examples))
    for part, flags in _attacked(network, examples, right):
        survived[part] += flags
        robust[part] = flags
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
        easy=robust[order],
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
