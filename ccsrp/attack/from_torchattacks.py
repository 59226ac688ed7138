"""Attacks of torchattacks, handed any of our networks and any of our images."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeAlias

import torch
from torch import nn

from ccsrp.errors import OptionError

__all__ = ["LibraryAttack", "Option", "run_library_attack"]

Option: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class LibraryAttack:
    """A class of torchattacks with its options, as a function of (network, images, labels).

    Parameters
    ----------
    kind : str
        Name of the class.
    options : tuple of (str, value)
        Every option of its constructor, defaults included, in order.
    """

    kind: str
    options: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, kind: str, *, eps: float, seed: int, options: Mapping[str, Option]) -> LibraryAttack:
        """Look the class up and see that it takes these options.

        Raises
        ------
        OptionError
        """
        import torchattacks
        from torchattacks.attack import Attack

        found = getattr(torchattacks, kind, None)
        if not (isinstance(found, type) and issubclass(found, Attack)):
            known = sorted(
                name
                for name, item in vars(torchattacks).items()
                if isinstance(item, type) and issubclass(item, Attack)
            )
            raise OptionError(f"torchattacks has no attack {kind!r}; it has {', '.join(known)}")
        parameters = dict(inspect.signature(found).parameters)
        parameters.pop("model", None)
        for name in options:
            if name not in parameters or name == "eps":
                taken = ", ".join(other for other in parameters if other != "eps")
                why = "gets eps from eps=" if name == "eps" else f"takes {taken or 'no options'}"
                raise OptionError(f"torchattacks.{kind} has no option {name!r} here; it {why}")
        given = {"eps": eps, "seed": seed} | dict(options)
        every = {name: given.get(name, parameter.default) for name, parameter in parameters.items()}
        missing = [name for name, value in every.items() if value is inspect.Parameter.empty]
        if missing:
            raise OptionError(f"torchattacks.{kind} needs the option {missing[0]!r}; name it in options")
        return cls(kind, tuple(every.items()))

    @property
    def version(self) -> str:
        """What it is code of."""
        return f"torchattacks {version('torchattacks')}"

    def __call__(self, network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Attack one batch."""
        import torchattacks

        kind = getattr(torchattacks, self.kind)
        return run_library_attack(lambda model: kind(model, **dict(self.options)), network, images, labels)

    def __str__(self) -> str:
        return f"torchattacks.{self.kind}({', '.join(f'{name}={value}' for name, value in self.options)})"


def run_library_attack(
    make: Callable[[nn.Module], Any], network: nn.Module, images: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Let an attack of torchattacks loose on one batch.

    Parameters
    ----------
    make : callable
        Builds the attack on a module.
    network : nn.Module
        From ``images`` to logits; torchattacks takes the device from its first parameter.
    images, labels : float32 [N, C, H, W] or [N, T, C, H, W], int64 [N]
        torchattacks knows channels but no time: frames are shown to it as T x C channels.
    """
    if images.ndim == 4:
        made: torch.Tensor = make(network)(images, labels)
        return made
    attack = make(_FramesAsChannels(network, images.shape[1:]))
    made = attack(images.flatten(1, 2), labels)
    return made.reshape(images.shape)


class _FramesAsChannels(nn.Module):
    """A classifier of frames, [B, T, C, H, W], seen as one of images, [B, T x C, H, W]."""

    def __init__(self, network: nn.Module, shape: torch.Size) -> None:
        super().__init__()
        self.network = network
        self.shape = shape
        self.train(network.training)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images.reshape(-1, *self.shape))
        return logits
