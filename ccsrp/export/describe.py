"""From a network to its description."""

from __future__ import annotations

import math
from typing import Any

import torch
from pydantic import ValidationError
from torch import fx, nn

from ccsrp.errors import ExportError, printable
from ccsrp.export.allowed import CONTAINERS, FUNCTIONS, KINDS, METHODS, SURROGATES, kind_name, options_of
from ccsrp.export.description import About, Call, Description, Module, Operation, Surrogate
from ccsrp.snn.graph import trace
from ccsrp.snn.networks import DirectCoding, FrameCoding

__all__ = ["describe"]

_NAMES = {function: name for name, function in FUNCTIONS.items()}


def describe(
    network: DirectCoding,
    *,
    image_shape: tuple[int, int, int],
    classes: int,
    weights_sha256: str,
    about: About | None = None,
) -> Description:
    """Describe a network of SpikingJelly's and torch's layers; it is traced, and otherwise left alone.

    Parameters
    ----------
    network : DirectCoding
    image_shape : (C, H, W)
        Of an image, or of one frame.
    classes : int
    weights_sha256 : str
        Of the file that will hold its weights.
    about : About, optional

    Raises
    ------
    GraphError
        It cannot be traced.
    ExportError
        A module or function of it is none that a description may name, or carries what constructors
        are not told (hooks, tensors that the network reads directly, other numbers than float32).
    """
    inner = network.network
    modules: dict[str, Module] = {}
    steps: list[Call | Operation] = []
    values: dict[fx.Node, str] = {}
    output = "x0"
    for node in trace(inner).nodes:
        if node.op == "output":
            if not isinstance(node.args[0], fx.Node):
                raise ExportError("a network that returns anything but one tensor cannot be described")
            output = values[node.args[0]]
            continue
        if node.op == "get_attr":
            raise ExportError(f"the network reads {node.target!r} itself, and only modules can be described")
        if node.op == "placeholder":
            if values:
                raise ExportError("a network with more than one input cannot be described")
            values[node] = "x0"
            continue
        values[node] = f"x{len(steps) + 1}"
        if node.op == "call_module":
            name = str(node.target)
            if not any(name == known or name.startswith(f"{known}.") for known in modules):
                modules[name] = _module(name, inner.get_submodule(name))
            steps.append(_call(name, node, values))
        else:
            steps.append(_operation(node, values))
    try:
        return Description(
            time_steps=network.time_steps,
            image_shape=image_shape,
            coding="frames" if isinstance(network, FrameCoding) else "direct",
            classes=classes,
            weights_sha256=weights_sha256,
            about=about or About(),
            modules=modules,
            steps=tuple(steps),
            output=output,
        )
    except ValidationError as error:
        raise _beyond("the network", error) from None


def _call(name: str, node: fx.Node, values: dict[fx.Node, str]) -> Call:
    if node.kwargs or len(node.args) != 1 or not isinstance(node.args[0], fx.Node):
        raise ExportError(
            f"module {name!r} is called with other things than one tensor, and cannot be described"
        )
    return Call(output=values[node], module=name, input=values[node.args[0]])


def _operation(node: fx.Node, values: dict[fx.Node, str]) -> Operation:
    def named(item: Any) -> Any:
        if isinstance(item, fx.Node):
            return values[item]
        if isinstance(item, (tuple, list)):
            return tuple(map(named, item))
        return item

    if node.op == "call_method" and node.target in METHODS:
        function = f"Tensor.{node.target}"
    elif node.op == "call_function" and node.target in _NAMES:
        function = _NAMES[node.target]
    else:
        called = getattr(node.target, "__name__", str(node.target))
        raise ExportError(
            f"the network's forward calls {called!r}, which cannot be described; what can: "
            f"{', '.join((*FUNCTIONS, *(f'Tensor.{name}' for name in METHODS)))}"
        )
    try:
        return Operation(
            output=values[node],
            function=function,
            arguments=tuple(map(named, node.args)),
            options={key: named(value) for key, value in node.kwargs.items()},
        )
    except ValidationError as error:
        raise _beyond(f"a call of {function}", error) from None


def _module(name: str, module: nn.Module) -> Module:
    kind = kind_name(module)
    if kind is None:
        raise ExportError(
            f"module {name!r} is a {type(module).__module__}.{type(module).__name__}, which cannot be "
            f"described; use a class of spikingjelly.activation_based or torch.nn itself"
        )
    _check_plain(name, module)
    children = {}
    if kind in CONTAINERS:
        children = {child: _module(f"{name}.{child}", inner) for child, inner in module.named_children()}
    options = {key: _option(name, value) for key, value in options_of(module, KINDS[kind][1]).items()}
    try:
        return Module(kind=kind, options=options, children=children)
    except ValidationError as error:
        raise _beyond(f"module {name!r}", error) from None


def _check_plain(name: str, module: nn.Module) -> None:
    """See that a module is what its constructor would make of its options."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if any(getattr(module, kind) for kind in hooks):
        raise ExportError(f"module {name!r} has hooks, which cannot be described; remove them")
    if getattr(module, "_neuron_precision", None) is not None:
        raise ExportError(f"module {name!r} computes in another precision, which cannot be described")
    for key, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise ExportError(f"{key!r} of module {name!r} is {tensor.dtype}; call network.float() first")


def _option(name: str, value: Any) -> Any:
    if isinstance(value, torch.Size | list):
        return tuple(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ExportError(f"module {name!r} has an option that is {value}, which cannot be described")
    if not isinstance(value, nn.Module):
        return value
    kind = type(value)
    if kind.__name__ not in SURROGATES or SURROGATES[kind.__name__][0] is not kind:
        raise ExportError(f"module {name!r} has the surrogate {kind.__name__}, which cannot be described")
    options = {key: getattr(value, key) for key in SURROGATES[kind.__name__][1]}
    return Surrogate(surrogate=kind.__name__, options=options)


def _beyond(what: str, error: ValidationError) -> ExportError:
    first = error.errors(include_url=False)[0]
    place = printable(".".join(map(str, first["loc"])), most=120)
    return ExportError(f"{what} cannot be described: {place}: {first['msg']}")
