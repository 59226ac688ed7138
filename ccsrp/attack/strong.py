"""PGD in rounds: after two from random starts, each begins where its image came closest to being fooled.

The output of a spiking network is a step function of the image, and gradients of surrogates only hint at
where its steps are. Trying many points near the best one finds more than as many fresh starts; a sharper
surrogate sees more there; and images that hardly moved towards being fooled can be given up early, which
saves most of the passes. ``experiments/attack_strength/strong`` measures each of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from ccsrp.attack.description import StrongAttack
from ccsrp.attack.gradient import Classifier, gradient_of, margin_loss
from ccsrp.attack.noise import ImageNoise

__all__ = ["attack_in_rounds"]

# The round, after the first, that begins anew; one chain of rounds can be stuck.
RESTART = 2
# Of the gradients before, in each step's direction.
MOMENTUM = 0.5
# Near the closest point, in shares of eps: how far a round's start is moved at random, and the first step.
# The step falls to 0 with the rounds that are left.
KICK, NEAR_STEP = 0.05, 0.3


def attack_in_rounds(
    network: Classifier,
    images: torch.Tensor,
    labels: torch.Tensor,
    start: torch.Tensor,
    attack: StrongAttack,
    *,
    right: torch.Tensor,
) -> Iterator[torch.Tensor]:
    """Attack one batch, and yield after each step which images may still be robust, bool [N].

    Parameters
    ----------
    network : Classifier
    images, labels, start : float32 [N, C, H, W], int64 [N], float32 [N, C, H, W]
    attack : StrongAttack
    right : bool [N]
        Which clean images the network classifies rightly; the others are not attacked.
    """
    state = _State(network, images, labels, start, attack, right)
    noise = ImageNoise(start)
    yield state.robust.clone()
    for number in range(attack.rounds):
        left = 1 - number / attack.rounds
        if number > 0:
            state.give_up(attack.patience * math.sqrt(left / number))
        if not len(state.standing):
            return
        if number == 0:
            yield from state.round(start[state.standing], attack.surrogate, 1.0)
            continue
        drawn = attack.eps * noise.uniform(state.standing, draw=number)
        if number == RESTART:
            begin = (images[state.standing] + drawn).clamp(0, 1)
            yield from state.round(begin, attack.surrogate, 1.0)
        else:
            begin = state.inside(state.closest[state.standing] + KICK * drawn)
            yield from state.round(begin, attack.near_surrogate, NEAR_STEP * left)


class _State:
    """How far the attack on a batch has come."""

    def __init__(
        self,
        network: Classifier,
        images: torch.Tensor,
        labels: torch.Tensor,
        start: torch.Tensor,
        attack: StrongAttack,
        right: torch.Tensor,
    ) -> None:
        self.network, self.images, self.labels, self.attack = network, images, labels, attack
        self.robust = right.clone()
        # Places in the batch of the images that are still attacked.
        self.standing = right.nonzero().flatten()
        # Where each image came closest to being fooled, and its margin there and when clean: below 0, right.
        self.closest = start.detach().clone()
        self.margin = torch.full(labels.shape, -torch.inf, device=images.device)
        self.clean = torch.zeros_like(self.margin)
        if len(self.standing):
            with torch.no_grad():
                logits = network(images[self.standing])
            self.clean[self.standing] = margin_loss(logits, labels[self.standing])

    def round(self, current: torch.Tensor, surrogate: str, scale: float) -> Iterator[torch.Tensor]:
        """Run PGD from ``current``, one row for each standing image, with steps times ``scale``."""
        attack, velocity = self.attack, torch.zeros_like(current)
        with gradient_of(self.network, loss=attack.loss, surrogate=surrogate) as gradient_at:
            for index in range(attack.steps):
                logits, gradient = gradient_at(current, self.labels[self.standing])
                unfooled = self._note(current, logits)
                yield self.robust.clone()
                if not len(self.standing):
                    return
                current, velocity = current[unfooled], velocity[unfooled]
                velocity = MOMENTUM * velocity + _of_equal_size(gradient[unfooled])
                current = self.inside(current + scale * attack.step(index) * velocity.sign())
        with torch.no_grad():
            logits = self.network(current)
        self._note(current, logits)
        yield self.robust.clone()

    def inside(self, moved: torch.Tensor) -> torch.Tensor:
        """Move points, one for each standing image, into the eps-box and [0, 1]."""
        images = self.images[self.standing]
        return (images + (moved - images).clamp(-self.attack.eps, self.attack.eps)).clamp(0, 1)

    def give_up(self, share: float) -> None:
        """Attack no longer images that have more than ``share`` of their clean margin left."""
        margin, clean = self.margin[self.standing], self.clean[self.standing]
        self.standing = self.standing[margin >= share * clean]

    def _note(self, points: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Keep what the network says of one point for each standing image; tell which remain, bool [n]."""
        labels = self.labels[self.standing]
        margin, unfooled = margin_loss(logits, labels), logits.argmax(1) == labels
        closer = margin > self.margin[self.standing]
        places = self.standing[closer]
        self.closest[places], self.margin[places] = points[closer], margin[closer]
        self.robust[self.standing[~unfooled]] = False
        self.standing = self.standing[unfooled]
        return unfooled


def _of_equal_size(gradient: torch.Tensor) -> torch.Tensor:
    """Divide each image's gradient by its mean absolute value; a gradient of zero stays zero."""
    size = gradient.abs().flatten(1).mean(1).clamp_min(torch.finfo(gradient.dtype).tiny)
    return gradient / size.view(-1, *[1] * (gradient.ndim - 1))
