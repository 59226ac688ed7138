"""What a description may name: classes of modules with their options, and functions of tensors.

Nothing outside of these tables is ever looked up by a name that was read from a file.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import nn

__all__ = ["CONTAINERS", "FUNCTIONS", "KINDS", "METHODS", "SURROGATES", "kind_name", "options_of"]

_CONVOLUTION = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
    "padding_mode",
)
_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_MAX_POOL = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
_AVERAGE_POOL = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_NEURON = ("v_threshold", "v_reset", "surrogate_function", "detach_reset", "step_mode")

# By class name, in torch.nn and spikingjelly.activation_based.layer alike; the latter take step_mode too.
_BOTH: dict[str, tuple[str, ...]] = {
    **{f"Conv{n}d": _CONVOLUTION for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": _NORM for n in (1, 2, 3)},
    **{f"MaxPool{n}d": _MAX_POOL for n in (1, 2, 3)},
    "AvgPool1d": _AVERAGE_POOL,
    **{f"AvgPool{n}d": (*_AVERAGE_POOL, "divisor_override") for n in (2, 3)},
    **{f"AdaptiveAvgPool{n}d": ("output_size",) for n in (1, 2, 3)},
    "GroupNorm": ("num_groups", "num_channels", "eps", "affine"),
    "Linear": ("in_features", "out_features", "bias"),
    "Flatten": ("start_dim", "end_dim"),
    "Dropout": ("p",),
    "Dropout2d": ("p",),
    "Upsample": ("size", "scale_factor", "mode", "align_corners"),
}

# Modules that call their children one after the other.
CONTAINERS: dict[str, type[nn.Module]] = {
    "nn.Sequential": nn.Sequential,
    "layer.MultiStepContainer": layer.MultiStepContainer,
    "layer.SeqToANNContainer": layer.SeqToANNContainer,
}

# Every class that a description may name, with the options that its constructor is given.
KINDS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    **{f"nn.{name}": (getattr(nn, name), options) for name, options in _BOTH.items()},
    **{f"layer.{name}": (getattr(layer, name), (*options, "step_mode")) for name, options in _BOTH.items()},
    **{name: (kind, ()) for name, kind in CONTAINERS.items()},
    "nn.Identity": (nn.Identity, ()),
    "layer.TemporalEffectiveBatchNorm1d": (layer.TemporalEffectiveBatchNorm1d, ("T", *_NORM)),
    "layer.TemporalEffectiveBatchNorm2d": (layer.TemporalEffectiveBatchNorm2d, ("T", *_NORM)),
    "neuron.IFNode": (neuron.IFNode, _NEURON),
    "neuron.LIFNode": (neuron.LIFNode, ("tau", "decay_input", *_NEURON)),
    "neuron.ParametricLIFNode": (neuron.ParametricLIFNode, ("init_tau", "decay_input", *_NEURON)),
    "neuron.KLIFNode": (neuron.KLIFNode, ("scale_reset", "tau", "decay_input", *_NEURON)),
    "neuron.QIFNode": (neuron.QIFNode, ("tau", "v_c", "a0", "v_rest", *_NEURON)),
    "neuron.EIFNode": (neuron.EIFNode, ("tau", "delta_T", "theta_rh", "v_rest", *_NEURON)),
}

SURROGATES: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    **{
        name: (getattr(surrogate, name), ("alpha", "spiking"))
        for name in (
            "ATan",
            "Erf",
            "NonzeroSignLogAbs",
            "PiecewiseExp",
            "PiecewiseQuadratic",
            "QPseudoSpike",
            "Rect",
            "Sigmoid",
            "SoftSign",
            "SuperSpike",
        )
    },
    "DeterministicPass": (surrogate.DeterministicPass, ("spiking",)),
    "PiecewiseLeakyReLU": (surrogate.PiecewiseLeakyReLU, ("w", "c", "spiking")),
    "LeakyKReLU": (surrogate.LeakyKReLU, ("leak", "k", "spiking")),
    "LogTailedReLU": (surrogate.LogTailedReLU, ("alpha", "spiking")),
    "S2NN": (surrogate.S2NN, ("alpha", "beta", "spiking")),
}

# Functions of tensors, named as Python code names them.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f"operator.{name}": getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "neg")},
    **{f"operator.{name}": getattr(operator, name) for name in ("iadd", "isub", "imul")},
    **{f"torch.{name}": getattr(torch, name) for name in ("add", "sub", "mul", "flatten", "cat", "relu")},
}
METHODS = ("add", "add_", "clone", "contiguous", "flatten", "mean", "mul", "mul_", "sub", "sum")


def kind_name(module: nn.Module) -> str | None:
    """Return how a description names the class of a module, or None; a subclass is another class.

    >>> kind_name(layer.Linear(2, 3))
    'layer.Linear'
    """
    for name, (kind, _) in KINDS.items():
        if type(module) is kind:
            return name
    return None


def options_of(module: nn.Module, names: tuple[str, ...]) -> dict[str, Any]:
    """Read what a constructor must be given to make such a module again.

    >>> options_of(nn.Linear(2, 3, bias=False), ("in_features", "out_features", "bias"))
    {'in_features': 2, 'out_features': 3, 'bias': False}
    """
    return {name: _option(module, name) for name in names}


def _option(module: Any, name: str) -> Any:
    if name == "bias":
        return module.bias is not None
    if name == "T":  # of a batch norm with a factor for each time step
        return int(module.scale.shape[0])
    if name == "init_tau":  # what the neuron has learned since stands among the weights
        return max(1.0 + 1e-6, 1.0 / float(module.w.detach().sigmoid()))
    return getattr(module, name)
