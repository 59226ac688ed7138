"""The attacker's choice of spike derivative.

The forward pass of a spiking network is a step function whatever its surrogate; only the gradient
changes. An attacker is free to use another surrogate than the one that trained the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from spikingjelly.activation_based import surrogate as library
from torch import nn

from ccsrp.attack.rate import rate_gradients
from ccsrp.errors import OptionError

__all__ = ["RATE", "TRAINING", "backward_surrogate", "describe_surrogate", "parse_surrogate"]

# What an attack can name beside surrogates: each neuron's own, and the gradient of firing rates.
TRAINING, RATE = "training", "rate"

_PATTERN = re.compile(r"(?P<name>[A-Za-z0-9]+)\((?P<options>[^()]*)\)")


def parse_surrogate(text: str) -> nn.Module:
    """Build SpikingJelly's surrogate from text such as ``"ATan(alpha=6.0)"``.

    Raises
    ------
    OptionError
        No such surrogate, or options that it does not take.

    Examples
    --------
    >>> describe_surrogate(parse_surrogate("ATan(alpha=6.0)"))
    'ATan(alpha=6.0)'
    """
    match = _PATTERN.fullmatch(text.strip())
    kind = getattr(library, match["name"], None) if match else None
    if match is None or not (isinstance(kind, type) and issubclass(kind, library.SurrogateFunctionBase)):
        raise OptionError(
            f"unknown surrogate {text!r}; write a SpikingJelly surrogate with its options, "
            f"such as 'ATan(alpha=6.0)' or 'Sigmoid(alpha=4.0)'"
        )
    try:
        pairs = [part.split("=") for part in match["options"].split(",") if part.strip()]
        built: nn.Module = kind(**{key.strip(): float(value) for key, value in pairs})
    except (TypeError, ValueError) as error:
        raise OptionError(f"surrogate {text!r} does not take these options: {error}") from None
    return built


def describe_surrogate(module: nn.Module) -> str:
    """Write a SpikingJelly surrogate as text that ``parse_surrogate`` reads."""
    options = getattr(module, "_sg_params", {})
    return f"{type(module).__name__}({', '.join(f'{key}={value}' for key, value in options.items())})"


@contextmanager
def backward_surrogate(network: nn.Module, text: str) -> Iterator[None]:
    """Let every neuron of ``network`` use the named surrogate inside the ``with`` block.

    ``"training"`` leaves each neuron its own, ``"rate"`` differentiates by firing rates (``attack.rate``).
    Neurons whose forward pass is no single step (spikes of several levels), which another surrogate would
    change, keep theirs.
    """
    if text == TRAINING:
        yield
        return
    neurons = [
        module for module in network.modules() if _is_step(getattr(module, "surrogate_function", None))
    ]
    if text == RATE:
        with rate_gradients(neurons):
            yield
        return
    own = [module.surrogate_function for module in neurons]
    replacement = parse_surrogate(text)
    try:
        for module in neurons:
            module.surrogate_function = replacement
        yield
    finally:
        for module, before in zip(neurons, own, strict=True):
            module.surrogate_function = before


def _is_step(function: object) -> bool:
    """Tell whether a surrogate's forward pass is the Heaviside step."""
    if not isinstance(function, library.SurrogateFunctionBase):
        return False
    with torch.no_grad():
        return bool(torch.equal(function(torch.tensor([-1.0, 0.5, 2.5])), torch.tensor([0.0, 1.0, 1.0])))
