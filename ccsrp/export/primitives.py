"""A described network without its containers: what other formats are translated from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

from ccsrp.errors import ExportError
from ccsrp.export.allowed import CONTAINERS
from ccsrp.export.build import RebuiltNetwork
from ccsrp.export.description import Call, Description, values_of
from ccsrp.snn.compiled.windows import Windows, adaptive_windows
from ccsrp.snn.networks import DirectCoding

__all__ = ["ADAPTIVE_POOLS", "AVERAGE_POOLS", "CONVOLUTIONS", "FLATTENS", "LINEARS", "MAX_POOLS", "NEURONS"]
__all__ += ["NORMS", "SAME", "Primitive", "check_average_pool", "check_neuron", "primitives", "window"]

CONVOLUTIONS = (nn.Conv2d, layer.Conv2d)
LINEARS = (nn.Linear, layer.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, layer.BatchNorm1d, layer.BatchNorm2d)
MAX_POOLS = (nn.MaxPool2d, layer.MaxPool2d)
AVERAGE_POOLS = (nn.AvgPool2d, layer.AvgPool2d)
ADAPTIVE_POOLS = (nn.AdaptiveAvgPool2d, layer.AdaptiveAvgPool2d)
FLATTENS = (nn.Flatten, layer.Flatten)
NEURONS = (neuron.LIFNode, neuron.IFNode, neuron.ParametricLIFNode)
SAME = (nn.Identity, nn.Dropout, nn.Dropout2d, layer.Dropout, layer.Dropout2d)
_SAME_METHODS = ("Tensor.clone", "Tensor.contiguous")
_ADDITIONS = ("operator.add", "operator.iadd", "torch.add", "Tensor.add", "Tensor.add_")
_PRODUCTS = ("operator.mul", "operator.imul", "torch.mul", "Tensor.mul", "Tensor.mul_")
_DIFFERENCES = ("operator.sub", "operator.isub", "torch.sub", "Tensor.sub")
_SIGNS = dict.fromkeys(_ADDITIONS, "+") | dict.fromkeys(_PRODUCTS, "*") | dict.fromkeys(_DIFFERENCES, "-")


@dataclass(frozen=True)
class Primitive:
    """One operation on the images of one time step.

    Attributes
    ----------
    what : {"module", "flatten", "+", "*", "-"}
    output : str
    inputs : tuple
        Names of values, or numbers.
    name : str
        Of the module, as errors call it.
    module : nn.Module, optional
    timed : bool
        Whether the module sees [T, B, ...], or is in a container that hides the time axis.
    shape, made : tuple of int
        Of a module's input and output, of one image at one step.
    """

    what: str
    output: str
    inputs: tuple[str | float, ...]
    name: str = ""
    module: Any = None
    timed: bool = True
    shape: tuple[int, ...] = ()
    made: tuple[int, ...] = ()


def primitives(network: DirectCoding, description: Description) -> list[Primitive]:
    """Take a rebuilt network apart; modules that change nothing in eval mode are left out.

    Raises
    ------
    ExportError
        A function has no meaning that every format shares, or neurons carry state from call to call.
    """
    inner = network.network
    assert isinstance(inner, RebuiltNetwork)
    found: list[Primitive] = []
    for step in description.steps:
        if isinstance(step, Call):
            found += _apart(
                inner.get_submodule(step.module), step.module, step.input, step.output, timed=True
            )
        else:
            inputs: Any = step.arguments
            found.append(Primitive(_meaning(step), step.output, inputs, step.function))
    called = Counter(id(item.module) for item in found if isinstance(item.module, NEURONS))
    for item in found:
        if called[id(item.module)] > 1:
            raise ExportError(
                f"neuron {item.name!r} is called twice, and its state from call to call cannot be told"
            )
    found.append(Primitive("same", "output", (description.output,)))
    shaped = _with_shapes(network, found, description)
    return _without_same(shaped)


def check_neuron(item: Primitive, *, format: str) -> None:
    """See that a neuron fires plain spikes.

    Raises
    ------
    ExportError
    """
    probe = torch.tensor([-1.0, -1e-6, 0.0, 0.5, 2.5])
    with torch.no_grad():
        fired = item.module.surrogate_function(probe)
    if not torch.equal(fired, torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0])):
        raise ExportError(
            f"neuron {item.name!r} fires other things than spikes of 0 and 1, which {format} cannot say"
        )


def check_average_pool(item: Primitive, *, format: str) -> None:
    """See that an average pool is one of plain windows.

    Raises
    ------
    ExportError
    """
    padded = any(_pair(item.module.padding))
    if (
        item.module.ceil_mode
        or item.module.divisor_override is not None
        or (padded and not item.module.count_include_pad)
    ):
        raise ExportError(
            f"pool {item.name!r} has ceil_mode, a divisor of its own or uncounted padding, which {format} "
            f"cannot say"
        )


def window(item: Primitive, *, format: str) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Return the kernel, stride and padding of a pool, adaptive ones included.

    Raises
    ------
    ExportError
        An adaptive pool has windows of different sizes or at different distances.
    """
    module = item.module
    if not isinstance(module, ADAPTIVE_POOLS):
        stride = module.kernel_size if module.stride is None else module.stride
        return _pair(module.kernel_size), _pair(stride), _pair(module.padding)
    axes = adaptive_windows(module, *item.shape[-2:])
    (tall, down), (wide, across) = (_size_and_stride(item, axis, format=format) for axis in axes)
    return (tall, wide), (down, across), (0, 0)


def _size_and_stride(item: Primitive, windows: Windows, *, format: str) -> tuple[int, int]:
    """Return the size and stride of an adaptive pool's windows along an axis; they may overlap."""
    sizes = {end - start for start, end, _ in windows}
    strides = {right[0] - left[0] for left, right in pairwise(windows)} or set(sizes)
    if len(sizes) > 1 or len(strides) > 1 or strides == {0}:
        read, made = ("x".join(map(str, shape[-2:])) for shape in (item.shape, item.made))
        raise ExportError(
            f"pool {item.name!r} makes {made} of {read} by windows that are not alike, which {format} cannot "
            f"say; an export without --format {format.lower()} works, and so does a pool whose windows are "
            f"alike, such as one to a divisor of {item.shape[-1]}"
        )
    return sizes.pop(), strides.pop()


def _pair(value: Any) -> tuple[int, int]:
    first, second = value if isinstance(value, tuple) else (value, value)
    return int(first), int(second)


def _apart(module: nn.Module, name: str, value: str, output: str, *, timed: bool) -> Iterator[Primitive]:
    if type(module) in CONTAINERS.values():
        if type(module) is layer.SeqToANNContainer and any(
            isinstance(part, NEURONS) for part in module.modules()
        ):
            raise ExportError(f"container {name!r} takes its neurons' time steps for images")
        children = list(module.named_children())
        for place, (child, inner) in enumerate(children, start=1):
            made = output if place == len(children) else f"{output}.{place}"
            yield from _apart(inner, f"{name}.{child}", value, made, timed=False)
            value = made
        if not children:
            yield Primitive("same", output, (value,))
    elif type(module) in SAME:
        yield Primitive("same", output, (value,))
    elif isinstance(module, FLATTENS):
        # Only torch's own see the time axis, and only outside of containers.
        first = 2 if timed and type(module) is nn.Flatten else 1
        if (module.start_dim, module.end_dim) != (first, -1):
            raise ExportError(f"module {name!r} flattens other axes than channels and places")
        yield Primitive("flatten", output, (value,), name, module, timed)
    else:
        yield Primitive("module", output, (value,), name, module, timed)


def _meaning(step: Any) -> str:
    if step.function in _SAME_METHODS:
        return "same"
    if step.function in _SIGNS and len(step.arguments) == 2 and not step.options:
        return _SIGNS[step.function]
    if step.function in ("torch.flatten", "Tensor.flatten") and len(values_of(step)) == 1:
        given = dict(zip(("start_dim", "end_dim"), step.arguments[1:], strict=False)) | step.options
        if given.get("start_dim") == 2 and given.get("end_dim", -1) == -1:
            return "flatten"
    raise ExportError(f"the network calls {step.function} in a way that only network.json can tell")


def _with_shapes(network: DirectCoding, found: list[Primitive], description: Description) -> list[Primitive]:
    """Note the shapes of modules' inputs and outputs, from one black image."""
    shapes: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def note(lead: int) -> Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], None]:
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            shapes[id(module)] = tuple(inputs[0].shape[lead:]), tuple(output.shape[lead:])

        return hook

    handles = [
        item.module.register_forward_hook(note(2 if item.timed else 1))
        for item in found
        if item.module is not None
    ]
    try:
        with torch.no_grad():
            network(torch.zeros(1, *network.sample_shape(description.image_shape)))
    finally:
        for handle in handles:
            handle.remove()
    return [item if item.module is None else _shaped(item, *shapes[id(item.module)]) for item in found]


def _shaped(item: Primitive, shape: tuple[int, ...], made: tuple[int, ...]) -> Primitive:
    return replace(item, shape=shape, made=made)


def _without_same(found: list[Primitive]) -> list[Primitive]:
    """Let who reads a value that is only handed on read where it comes from."""
    origin: dict[str, Any] = {}
    kept = []
    for item in found:
        inputs = tuple(origin.get(value, value) if isinstance(value, str) else value for value in item.inputs)
        if item.what == "same" and item.output != "output":
            origin[item.output] = inputs[0]
        else:
            kept.append(replace(item, inputs=inputs))
    return kept
