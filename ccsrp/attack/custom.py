"""An attack that a user brings: a function, or a class of torchattacks.

What robustness means stays the same: right on the clean image and on what the attack makes of it, inside
the L-infinity box of eps around it and in [0, 1].
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from ccsrp.attack.description import Attack
from ccsrp.attack.differentiable import as_module
from ccsrp.attack.exact import exact
from ccsrp.attack.from_torchattacks import LibraryAttack, Option
from ccsrp.attack.gradient import Classifier
from ccsrp.attack.surrogate import RATE, TRAINING, parse_surrogate
from ccsrp.checks import check_seed
from ccsrp.errors import CcsrpError, OptionError, one_line
from ccsrp.functions import code_sha256, function_name

__all__ = ["AnyAttack", "AttackFunction", "CustomAttack", "adversarial_images", "check_attack"]

# (network, images, labels) -> adversarial images, all of one batch.
AttackFunction: TypeAlias = Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]
# Images that an attack is tried on before anything is judged by it.
TRIED = 2


@dataclass(frozen=True, kw_only=True)
class CustomAttack:
    """An attack of your own: ``run(network, images, labels)`` returns adversarial images.

    It sees whole batches, always the same ones, of images in [0, 1]: float32 [N, C, H, W], or [N, T, C, H, W]
    for frames of events. Before each batch torch's, numpy's and Python's global random generators are seeded,
    and afterwards they are as before; so what it draws is the same for every network. What it returns is
    brought back into the box of ``eps`` around each image and into [0, 1]. An image is robust if it is
    classified rightly before and after.

    Parameters
    ----------
    name : str
        How reports call it.
    eps : float
        Largest change of a pixel, in (0, 1].
    run : callable
        Gets an ``nn.Module`` from images to logits, in eval mode, which resets its own state and can be
        differentiated once by the images; and images and labels, copies that it may change.
    surrogate : str
        Spike derivative that gradients are taken with, such as ``"ATan(alpha=6.0)"``, ``"rate"``, or
        ``"training"`` for the network's own. Sharper ones fool more (``experiments/attack_strength``).
    seed : int
        What the generators are seeded with.

    Examples
    --------
    >>> def darker(network, images, labels):
    ...     return images - 0.1
    >>> CustomAttack(name="darker", eps=0.1, run=darker).eps
    0.1
    >>> CustomAttack.torchattacks("MIFGSM", eps=0.1, options={"steps": 5}).name
    'MIFGSM'
    """

    name: str
    eps: float
    run: AttackFunction
    surrogate: str = TRAINING
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.eps <= 1:
            raise OptionError(f"eps must lie in (0, 1] (pixels lie in [0, 1]), got {self.eps}")
        if not callable(self.run):
            raise OptionError(
                f"the attack {self.name!r} is no function; it must map (network, images, labels) to images"
            )
        check_seed(self.seed)
        if self.surrogate not in (TRAINING, RATE):
            parse_surrogate(self.surrogate)

    @classmethod
    def torchattacks(
        cls,
        kind: str,
        *,
        eps: float,
        options: Mapping[str, Option] | None = None,
        surrogate: str = TRAINING,
        seed: int = 0,
    ) -> CustomAttack:
        """Describe an attack by its class of torchattacks.

        Parameters
        ----------
        kind : str
            Such as ``"MIFGSM"``.
        eps : float
            Handed to the class if it takes one; bounds what it makes in any case.
        options : mapping, optional
            Other options of the class, such as ``{"steps": 10, "alpha": 0.02}``.
        surrogate, seed
            See ``CustomAttack``. A class that has a seed of its own gets this one.

        Raises
        ------
        OptionError
            torchattacks has no such class, or it does not take these options.
        """
        run = LibraryAttack.of(kind, eps=eps, seed=seed, options=options or {})
        return cls(name=kind, eps=eps, run=run, surrogate=surrogate, seed=seed)

    @property
    def surrogates(self) -> tuple[str, ...]:
        """Every spike derivative that the attacker uses."""
        return (self.surrogate,)

    @property
    def counts_clean(self) -> bool:
        """Whether a network must be right on the clean image too: yes."""
        return True

    def for_training(self, *, steps: int, seed: int, reach: float = 1.0) -> CustomAttack:
        """Return what training takes: this attack from another seed; box and steps are its own."""
        return replace(self, seed=seed)

    def table(self) -> dict[str, str | int | float | bool]:
        """Return what ``config.toml`` says of it; another function, or one that was changed, differs."""
        library = isinstance(self.run, LibraryAttack)
        return {
            "name": self.name,
            "eps": self.eps,
            "run": str(self.run) if library else function_name(self.run),
            "code": self.run.version if isinstance(self.run, LibraryAttack) else code_sha256(self.run),
            "surrogate": self.surrogate,
            "seed": self.seed,
        }

    def describe(self) -> str:
        """Say all that a robustness figure must be read with, in one line."""
        return (
            f"{self.name}, made by {self.table()['run']}, in the L-infinity box of eps {exact(self.eps)}, "
            f"surrogate {self.surrogate}, clean and attacked image, seed {self.seed}"
        )


# What robustness can be judged under.
AnyAttack: TypeAlias = Attack | CustomAttack


def adversarial_images(
    network: Classifier, images: torch.Tensor, labels: torch.Tensor, attack: CustomAttack
) -> torch.Tensor:
    """Return what the attack makes of one batch, inside the box of eps and [0, 1].

    An image for which it returns values that are not finite stays as it was: attacks that divide by the size
    of a gradient do so where a pruned network has none.

    Raises
    ------
    OptionError
        It returned something else than images of the same shape.
    """
    made = _run(network, images, labels, attack)
    finite = torch.isfinite(made).flatten(1).all(1).view(-1, *[1] * (images.ndim - 1))
    made = torch.where(finite, made, images)
    return (images + (made - images).clamp(-attack.eps, attack.eps)).clamp(0, 1)


def _run(
    network: Classifier, images: torch.Tensor, labels: torch.Tensor, attack: CustomAttack
) -> torch.Tensor:
    """Return what the attack returns, if these are images."""
    with (
        as_module(network, attack.surrogate) as module,
        _seeded(attack.seed, images.device),
        torch.enable_grad(),
    ):
        made = attack.run(module, images.clone(), labels.clone())
    wrong = None
    if not isinstance(made, torch.Tensor):
        wrong = f"a {type(made).__name__}"
    elif made.shape != images.shape or not made.is_floating_point():
        wrong = f"{str(made.dtype).removeprefix('torch.')} {list(made.shape)}"
    if wrong is not None:
        raise OptionError(
            f"attack {attack.name!r} returned {wrong}; it must return the adversarial images, float32 "
            f"{list(images.shape)}"
        )
    return made.detach().to(images)


def check_attack(
    network: Classifier, images: torch.Tensor, labels: torch.Tensor, attack: CustomAttack
) -> None:
    """Try an attack on a few images, twice, so that what cannot judge is refused before it judges.

    Raises
    ------
    OptionError
        It raises an error, returns no images or values that are not finite, or others when asked again.
    """
    images, labels = images[:TRIED], labels[:TRIED]
    try:
        made, again = (_run(network, images, labels, attack) for _ in range(2))
    except CcsrpError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise OptionError(
            f"attack {attack.name!r} cannot be run on this network ({type(error).__name__}: "
            f"{one_line(error)})"
        ) from error
    if not bool(torch.isfinite(made).all()):
        raise OptionError(f"attack {attack.name!r} returned values that are not finite; pixels lie in [0, 1]")
    if not torch.equal(made, again):
        raise OptionError(
            f"attack {attack.name!r} makes other images when it is asked again; it must draw its random "
            f"numbers from torch's, numpy's or Python's global generator and remember nothing"
        )


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators inside the ``with`` block, and leave them as they were."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[] if device.type == "cpu" else [device]):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
