"""L-infinity projected gradient descent in two strengths, from a fixed random start per image.

``standard`` is the literature's attack (Madry et al., arXiv 1706.06083), image for image the one of
torchattacks. ``sharp`` is what the search judges by: see ``experiments/attack_strength`` for why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from ccsrp.attack.gradient import Classifier, LossName, gradient_of
from ccsrp.attack.surrogate import RATE, TRAINING, parse_surrogate
from ccsrp.checks import check_count, check_seed
from ccsrp.errors import OptionError

__all__ = ["Attack", "perturb", "random_start", "robust_images", "surviving_images"]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An L-infinity PGD attack, fully described.

    Parameters
    ----------
    name : str
        How reports call it.
    eps : float
        Largest change of a pixel; pixels lie in [0, 1].
    step_size : float
        Size of the first step, in the units of ``eps``.
    steps : int
        Gradient steps, at least 1.
    schedule : {"constant", "falling"}
        Whether all steps are equal or fall linearly from ``step_size`` to 0.
    loss : {"cross_entropy", "margin"}
        What each step increases; margin is the best wrong logit minus the right one.
    surrogate : str
        Spike derivative used by the attacker, such as ``"ATan(alpha=6.0)"``, ``"training"`` for the
        network's own, or ``"rate"`` for the gradient of firing rates (``ccsrp.attack.rate``).
    every_iterate : bool
        Whether robust means right on the clean image, the start and every iterate, or right on the last
        iterate only.
    seed : int
        Fixes the random start of every image.
    """

    name: str
    eps: float
    step_size: float
    steps: int
    schedule: Literal["constant", "falling"]
    loss: LossName
    surrogate: str
    every_iterate: bool
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.eps <= 1:
            raise OptionError(f"eps must lie in (0, 1] (pixels lie in [0, 1]), got {self.eps}")
        if not 0 < self.step_size <= 1:
            raise OptionError(f"step_size must lie in (0, 1], got {self.step_size}")
        if not isinstance(self.steps, int) or self.steps < 1:
            raise OptionError(f"an attack needs a whole number of steps, at least 1 step, got {self.steps}")
        check_count("steps", self.steps, most=1_000_000)
        check_seed(self.seed)
        if self.schedule not in ("constant", "falling"):
            raise OptionError(f"schedule must be 'constant' or 'falling', got {self.schedule!r}")
        if self.loss not in ("cross_entropy", "margin"):
            raise OptionError(f"loss must be 'cross_entropy' or 'margin', got {self.loss!r}")
        if self.surrogate not in (TRAINING, RATE):
            parse_surrogate(self.surrogate)

    @classmethod
    def standard(cls, *, eps: float, steps: int = 10, surrogate: str = TRAINING, seed: int = 0) -> Attack:
        """Describe the literature's PGD: cross-entropy, constant step eps/4, last iterate."""
        return cls(
            name="standard",
            eps=eps,
            step_size=eps / 4,
            steps=steps,
            schedule="constant",
            loss="cross_entropy",
            surrogate=surrogate,
            every_iterate=False,
            seed=seed,
        )

    @classmethod
    def sharp(
        cls, *, eps: float, steps: int = 10, surrogate: str = "ATan(alpha=6.0)", seed: int = 0
    ) -> Attack:
        """Describe the attack that searches judge by: margin, step falling from eps to 0, all iterates."""
        return cls(
            name="sharp",
            eps=eps,
            step_size=eps,
            steps=steps,
            schedule="falling",
            loss="margin",
            surrogate=surrogate,
            every_iterate=True,
            seed=seed,
        )

    def step(self, index: int) -> float:
        """Return the size of step ``index`` of ``steps``.

        >>> [Attack.sharp(eps=0.5, steps=4).step(i) for i in range(4)]
        [0.5, 0.375, 0.25, 0.125]
        """
        if self.schedule == "constant":
            return self.step_size
        return self.step_size * ((self.steps - index) / self.steps)

    def describe(self) -> str:
        """Say all that a robustness figure must be read with, in one line."""
        return (
            f"{self.name} PGD, L-infinity, eps {self.eps:.4g}, {self.steps} steps, step {self.step_size:.4g} "
            f"{self.schedule}, {self.loss.replace('_', '-')} loss, surrogate {self.surrogate}, "
            f"{'every iterate' if self.every_iterate else 'last iterate'}, seed {self.seed}"
        )


def random_start(images: torch.Tensor, attack: Attack) -> torch.Tensor:
    """Draw where the attack on each image begins: uniform in the eps-box, clipped to [0, 1].

    The draw is the one that torchattacks.PGD makes on the CPU after ``torch.manual_seed(attack.seed)``
    when it is given all ``images`` as one batch. The first images of a longer batch start the same.
    """
    generator = torch.Generator().manual_seed(attack.seed)
    noise = torch.empty(images.shape).uniform_(-attack.eps, attack.eps, generator=generator)
    return (images + noise.to(images.device)).clamp(0, 1)


def perturb(
    network: Classifier, images: torch.Tensor, labels: torch.Tensor, start: torch.Tensor, attack: Attack
) -> torch.Tensor:
    """Return the last iterate, float32 [N, C, H, W], of the attack on one batch.

    ``network`` maps images to logits and resets its own state; it should be in eval mode.
    """
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
    attack: Attack,
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
    attack: Attack,
    *,
    right: torch.Tensor,
) -> Iterator[torch.Tensor]:
    """Attack one batch, and yield as it goes on which images may still be robust, bool [N].

    Flags only ever fall; the last are those of ``robust_images``. An attack that judges by its last iterate
    alone knows nothing before its end.
    """
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
