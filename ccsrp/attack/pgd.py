"""L-infinity projected gradient descent from a fixed random start per image.

``standard`` is image for image the attack of torchattacks; ``strong`` goes on in rounds (``attack.strong``).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ccsrp.attack.custom import AnyAttack, CustomAttack, adversarial_images
from ccsrp.attack.description import Attack, StrongAttack
from ccsrp.attack.gradient import Classifier, gradient_of
from ccsrp.attack.strong import attack_in_rounds
from ccsrp.attack.whole import RunsAttacks

__all__ = [
    "Attack",
    "StrongAttack",
    "iterate_that_loses",
    "perturb",
    "random_start",
    "robust_images",
    "surviving_images",
]


def random_start(images: torch.Tensor, attack: AnyAttack) -> torch.Tensor:
    """Draw where the attack on each image begins: uniform in the eps-box, clipped to [0, 1].

    The draw is the one that torchattacks.PGD makes on the CPU after ``torch.manual_seed(attack.seed)``
    when it is given all ``images`` as one batch. The first images of a longer batch start the same.
    """
    generator = torch.Generator().manual_seed(attack.seed)
    noise = torch.empty(images.shape).uniform_(-attack.eps, attack.eps, generator=generator)
    return (images + noise.to(images.device)).clamp(0, 1)


def perturb(
    network: Classifier, images: torch.Tensor, labels: torch.Tensor, start: torch.Tensor, attack: AnyAttack
) -> torch.Tensor:
    """Return the last iterate, float32 [N, C, H, W], of the attack on one batch.

    ``network`` maps images to logits and resets its own state; it should be in eval mode. Of an attack in
    rounds this is a single one, of plain PGD. A custom attack begins where it likes.
    """
    if isinstance(attack, CustomAttack):
        return adversarial_images(network, images, labels, attack)
    if isinstance(network, RunsAttacks):
        return network.run_attack(images, labels, start, attack, judged="none")[0]
    current = start.detach()
    with gradient_of(network, loss=attack.loss, surrogate=attack.surrogate) as gradient_at:
        for index in range(attack.steps):
            _, gradient = gradient_at(current, labels)
            current = _move(current, gradient, images, attack, index)
    return current


def robust_images(
    network: Classifier,
    images: torch.Tensor,
    labels: torch.Tensor,
    start: torch.Tensor,
    attack: AnyAttack,
    *,
    right: torch.Tensor,
) -> torch.Tensor:
    """Tell which images of one batch survive the attack, bool [N].

    Parameters
    ----------
    right : bool [N]
        Which clean images the network classifies rightly.
    """
    *_, robust = surviving_images(network, images, labels, start, attack, right=right)
    return robust


def surviving_images(
    network: Classifier,
    images: torch.Tensor,
    labels: torch.Tensor,
    start: torch.Tensor,
    attack: AnyAttack,
    *,
    right: torch.Tensor,
) -> Iterator[torch.Tensor]:
    """Attack one batch, and yield as it goes on which images may still be robust, bool [N].

    Flags only ever fall; the last are those of ``robust_images``. An attack that judges by its last iterate
    alone, or a custom one, knows nothing before its end.
    """
    if isinstance(attack, StrongAttack):
        yield from attack_in_rounds(network, images, labels, start, attack, right=right)
        return
    if isinstance(attack, CustomAttack):
        # All images, so that what the attack draws for one does not depend on which others are right.
        yield right & _rightly(network, adversarial_images(network, images, labels, attack), labels)
        return
    if isinstance(network, RunsAttacks):
        lost_at = iterate_that_loses(network, images, labels, start, attack, right=right)
        yield lost_at > attack.steps
        return
    if not attack.every_iterate:
        current = perturb(network, images, labels, start, attack)
        yield _rightly(network, current, labels)
        return
    standing = right.nonzero().flatten()
    current = start.detach()[standing]
    with gradient_of(network, loss=attack.loss, surrogate=attack.surrogate) as gradient_at:
        for index in range(attack.steps):
            if not len(standing):
                break
            logits, gradient = gradient_at(current, labels[standing])
            unfooled = logits.argmax(1) == labels[standing]
            # A fooled image leaves the batch: the passes that it would still cost are saved.
            standing, current, gradient = standing[unfooled], current[unfooled], gradient[unfooled]
            yield _flags(right, standing)
            current = _move(current, gradient, images[standing], attack, index)
    if len(standing):
        standing = standing[_rightly(network, current, labels[standing])]
    yield _flags(right, standing)


def iterate_that_loses(
    network: RunsAttacks,
    images: torch.Tensor,
    labels: torch.Tensor,
    start: torch.Tensor,
    attack: Attack,
    *,
    right: torch.Tensor,
    enough: int | None = None,
) -> torch.Tensor:
    """Tell by which iterate a network that runs plain PGD itself loses each image, int64 [N].

    It is 0 where the clean image or the start is classified wrongly already, ``steps + 1`` where the image
    survives or, because ``enough`` of those before it are lost, is not attacked any more.
    """
    tried = right.nonzero().flatten() if attack.every_iterate else torch.arange(len(labels))
    _, found = network.run_attack(
        images[tried],
        labels[tried],
        start[tried],
        attack,
        judged="every" if attack.every_iterate else "last",
        enough=enough,
    )
    survives = attack.steps + 1
    lost = (found >= 0) & (found < survives)
    if enough is not None:
        # Images take turns on several threads: what was lost beyond that number is left to chance.
        lost &= lost.cumsum(0) <= enough
    lost_at = torch.zeros(len(labels), dtype=torch.int64)
    lost_at[tried] = torch.where(lost, found, survives)
    return lost_at


def _rightly(network: Classifier, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        unfooled: torch.Tensor = network(images).argmax(1) == labels
    return unfooled


def _flags(like: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    flags = torch.zeros_like(like)
    flags[places] = True
    return flags


def _move(
    current: torch.Tensor, gradient: torch.Tensor, images: torch.Tensor, attack: Attack, index: int
) -> torch.Tensor:
    moved = current + attack.step(index) * gradient.sign()
    change = (moved - images).clamp(-attack.eps, attack.eps)
    return (images + change).clamp(0, 1)
