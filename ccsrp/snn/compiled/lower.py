"""From a traced SpikingJelly network to the operations of a program, before any mask is known.

What the machine has no operation for is refused with ``UnsupportedError``; such networks are evaluated by
SpikingJelly's own layers.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import fx, nn

from ccsrp.attack.surrogate import RATE, TRAINING, parse_surrogate
from ccsrp.snn.channels import CONTAINERS
from ccsrp.snn.compiled.table import Kind, Surrogate
from ccsrp.snn.compiled.windows import Windows, adaptive_windows, pool_windows

__all__ = ["Operation", "Recipe", "Shape", "UnsupportedError", "lower", "surrogate_code", "surrogate_record"]

CONVOLUTIONS = (nn.Conv2d, layer.Conv2d)
LINEARS = (nn.Linear, layer.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, layer.BatchNorm1d, layer.BatchNorm2d)
MAX_POOLS = (nn.MaxPool2d, layer.MaxPool2d)
AVERAGE_POOLS = (nn.AvgPool2d, layer.AvgPool2d)
ADAPTIVE_POOLS = (nn.AdaptiveAvgPool2d, layer.AdaptiveAvgPool2d)
SAME = (nn.Identity, nn.Dropout, nn.Dropout2d, layer.Dropout, layer.Dropout2d)
SURROGATES = {
    surrogate.ATan: Surrogate.ATAN,
    surrogate.Sigmoid: Surrogate.SIGMOID,
    surrogate.PiecewiseQuadratic: Surrogate.PIECEWISE_QUADRATIC,
    surrogate.PiecewiseExp: Surrogate.PIECEWISE_EXP,
    surrogate.Rect: Surrogate.RECT,
    surrogate.DeterministicPass: Surrogate.STRAIGHT_THROUGH,
}
NEURONS = (neuron.LIFNode, neuron.IFNode, neuron.ParametricLIFNode)


class UnsupportedError(Exception):
    """The machine cannot run this network; the message says what stands in the way."""


@dataclass(frozen=True)
class Shape:
    """A value's time steps (1 while nothing has state) and places; channels depend on the mask."""

    steps: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Operation:
    """One step of the forward pass; ``inputs`` and ``output`` are numbers of values.

    ``module`` names the layer that holds the weights or the neuron, ``norm`` a batch norm that folds into it.
    """

    kind: Kind
    inputs: tuple[int, ...]
    output: int
    module: str = ""
    norm: str = ""
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    rows: tuple[Windows, ...] = ()
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """The operations of a network in order; value 0 is the image, ``output`` the logits before their mean.

    ``folded`` are the same with batch norms taken into the convolutions before them, where that can be.
    """

    shapes: tuple[Shape, ...]
    operations: tuple[Operation, ...]
    folded: tuple[Operation, ...]
    output: int
    image_channels: int
    time_steps: int


@dataclass(frozen=True)
class _Edge:
    value: int
    flat: bool = False


def lower(
    network: nn.Module, graph: fx.Graph, *, image_shape: tuple[int, int, int], time_steps: int
) -> Recipe:
    """Translate a traced network for images of one shape.

    Raises
    ------
    UnsupportedError
    """
    return _Lowering(network, graph, image_shape, time_steps).recipe


@cache
def surrogate_code(text: str) -> tuple[Surrogate, float]:
    """Translate an attack's surrogate, ``"ATan(alpha=6.0)"``, ``"training"`` or ``"rate"``, and its alpha.

    Raises
    ------
    UnsupportedError
    """
    if text == TRAINING:
        return Surrogate.OWN, 0.0
    if text == RATE:
        return Surrogate.RATE, 0.0
    return surrogate_record(parse_surrogate(text))


def surrogate_record(function: nn.Module) -> tuple[Surrogate, float]:
    """Translate SpikingJelly's surrogate and its alpha, 0 for the straight-through one.

    Raises
    ------
    UnsupportedError
    """
    known = ", ".join(kind.__name__ for kind in SURROGATES)
    if type(function) not in SURROGATES:
        raise UnsupportedError(f"the surrogate {type(function).__name__} is none of {known}")
    if not function.spiking:
        raise UnsupportedError(f"the surrogate {type(function).__name__} gives no spikes of 0 and 1")
    alpha = float(getattr(function, "alpha", 0.0))
    if type(function) is not surrogate.DeterministicPass and not 0 < alpha < math.inf:
        raise UnsupportedError(f"the surrogate {type(function).__name__} has alpha {alpha}")
    return SURROGATES[type(function)], alpha


class _Lowering:
    def __init__(
        self, network: nn.Module, graph: fx.Graph, image_shape: tuple[int, int, int], time_steps: int
    ) -> None:
        self._network = network
        self._time_steps = time_steps
        channels, rows, columns = image_shape
        self._shapes = [Shape(1, rows, columns)]
        self._operations: list[Operation] = []
        self._called: Counter[int] = Counter()
        edges: dict[fx.Node, _Edge] = {}
        result = _Edge(0)
        for node in graph.nodes:
            if node.op == "placeholder":
                if edges:
                    raise UnsupportedError("the network has more than one input")
                edges[node] = _Edge(0)
            elif node.op == "call_module":
                (source,) = self._sources(node, edges)
                edges[node] = self._module(str(node.target), source)
            elif node.op in ("call_function", "call_method"):
                edges[node] = self._function(node, edges)
            elif node.op == "output":
                if not isinstance(node.args[0], fx.Node):
                    raise UnsupportedError("the network has more than one output")
                result = edges[node.args[0]]
            else:
                raise UnsupportedError(f"it reads {node.target} directly")
        shape = self._shapes[result.value]
        if (shape.rows, shape.columns) != (1, 1):
            raise UnsupportedError("its output has places")
        needed = _only_needed(self._operations, result.value)
        self.recipe = Recipe(
            shapes=tuple(self._shapes),
            operations=tuple(needed),
            folded=_fold_norms(needed),
            output=result.value,
            image_channels=channels,
            time_steps=time_steps,
        )

    @staticmethod
    def _sources(node: fx.Node, edges: dict[fx.Node, _Edge]) -> list[_Edge]:
        if node.kwargs or any(not isinstance(item, fx.Node) for item in node.args):
            raise UnsupportedError(f"{node.target} is called with options")
        return [edges[item] for item in node.args]  # type: ignore[index]

    def _add(self, kind: Kind, inputs: list[int], shape: Shape, **options: Any) -> int:
        self._shapes.append(shape)
        number = len(self._shapes) - 1
        self._operations.append(Operation(kind=kind, inputs=tuple(inputs), output=number, **options))
        return number

    def _repeated(self, value: int) -> int:
        shape = self._shapes[value]
        if shape.steps == self._time_steps:
            return value
        return self._add(Kind.REPEAT, [value], replace(shape, steps=self._time_steps))

    def _module(self, name: str, edge: _Edge) -> _Edge:
        module = self._network.get_submodule(name)
        if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
            raise UnsupportedError(f"{name!r} has hooks")
        if isinstance(module, (*CONTAINERS, nn.Sequential)):
            for child, _ in module.named_children():
                edge = self._module(f"{name}.{child}", edge)
            return edge
        kind: type[Any] = type(module)
        self._called[id(module)] += 1
        if kind in SAME:
            return edge
        if kind in (nn.Flatten, layer.Flatten):
            if module.end_dim != -1 or module.start_dim not in (1, 2):
                raise UnsupportedError(f"{name!r} flattens other axes than channels and places")
            return _Edge(edge.value, flat=True)
        if kind in LINEARS:
            return self._linear(name, edge)
        if kind in NEURONS:
            return self._neuron(name, module, edge)
        if edge.flat and self._places(edge) > 1:
            raise UnsupportedError(f"{name!r} reads flattened places")
        if kind in CONVOLUTIONS:
            return self._convolution(name, module, edge)
        if kind in NORMS:
            return self._norm(name, module, edge)
        if kind in (*MAX_POOLS, *AVERAGE_POOLS, *ADAPTIVE_POOLS):
            return self._pool(name, module, edge)
        raise UnsupportedError(f"{name!r} is of type {kind.__name__}")

    def _places(self, edge: _Edge) -> int:
        return self._shapes[edge.value].rows * self._shapes[edge.value].columns

    def _function(self, node: fx.Node, edges: dict[fx.Node, _Edge]) -> _Edge:
        name = getattr(node.target, "__name__", str(node.target))
        if node.target in (torch.flatten, "flatten"):
            source, *axes = node.args
            given = dict(zip(("start_dim", "end_dim"), axes, strict=False)) | node.kwargs
            if given.get("start_dim") == 2 and given.get("end_dim", -1) == -1:
                return _Edge(edges[source].value, flat=True)  # type: ignore[index]
            raise UnsupportedError("it flattens other axes than channels and places")
        if node.target in ("contiguous", "clone"):
            return self._sources(node, edges)[0]
        binary = {operator.add: "+", torch.add: "+", operator.iadd: "+", "add": "+", "add_": "+"}
        binary |= {operator.mul: "*", torch.mul: "*", operator.imul: "*", "mul": "*", "mul_": "*"}
        binary |= {operator.sub: "-", torch.sub: "-", "sub": "-"}
        sign = binary.get(node.target)
        if sign is None or len(node.args) != 2 or node.kwargs:
            raise UnsupportedError(f"it calls {name}")
        first, second = (edges[item] if isinstance(item, fx.Node) else item for item in node.args)
        if isinstance(first, _Edge) and isinstance(second, _Edge):
            return self._pair(sign, first, second, name)
        return self._scalar(sign, first, second, name)

    def _pair(self, sign: str, first: _Edge, second: _Edge, name: str) -> _Edge:
        one, two = first.value, second.value
        if self._shapes[one].steps != self._shapes[two].steps:
            one, two = self._repeated(one), self._repeated(two)
        if first.flat != second.flat or self._shapes[one] != self._shapes[two] or sign == "-":
            raise UnsupportedError(f"it calls {name} on values of different shape")
        kind = Kind.ADD if sign == "+" else Kind.MULTIPLY
        return _Edge(self._add(kind, [one, two], self._shapes[one]), flat=first.flat)

    def _scalar(self, sign: str, first: Any, second: Any, name: str) -> _Edge:
        reverse = not isinstance(first, _Edge)
        edge, number = (second, first) if reverse else (first, second)
        if not isinstance(edge, _Edge) or not isinstance(number, (int, float)):
            raise UnsupportedError(f"it calls {name} on something other than values and numbers")
        factor, offset = {
            "+": (1.0, number),
            "*": (number, 0.0),
            "-": (-1.0, number) if reverse else (1.0, -number),
        }[sign]
        value = self._add(
            Kind.SCALE, [edge.value], self._shapes[edge.value], factor=float(factor), offset=float(offset)
        )
        return _Edge(value, flat=edge.flat)

    def _linear(self, name: str, edge: _Edge) -> _Edge:
        shape = self._shapes[edge.value]
        if not edge.flat and self._places(edge) > 1:
            raise UnsupportedError(f"{name!r} reads places one by one")
        value = self._add(
            Kind.CONVOLVE,
            [edge.value],
            Shape(shape.steps, 1, 1),
            module=name,
            kernel=(shape.rows, shape.columns),
        )
        return _Edge(value, flat=edge.flat)

    def _convolution(self, name: str, module: Any, edge: _Edge) -> _Edge:
        shape, (high, wide) = self._shapes[edge.value], module.kernel_size
        padding = module.padding
        if isinstance(padding, str):
            padding = (0, 0) if padding == "valid" else ((high - 1) // 2, (wide - 1) // 2)
            if module.padding == "same" and not (high % 2 and wide % 2):
                raise UnsupportedError(f"{name!r} pads unevenly")
        if (
            module.groups != 1
            or module.dilation != (1, 1)
            or module.stride[0] != module.stride[1]
            or module.padding_mode != "zeros"
        ):
            raise UnsupportedError(
                f"{name!r} has groups, dilation, uneven strides or another padding than zeros"
            )
        stride = int(module.stride[0])
        out = Shape(
            shape.steps,
            (shape.rows + 2 * padding[0] - high) // stride + 1,
            (shape.columns + 2 * padding[1] - wide) // stride + 1,
        )
        value = self._add(
            Kind.CONVOLVE,
            [edge.value],
            out,
            module=name,
            kernel=(high, wide),
            stride=stride,
            padding=(int(padding[0]), int(padding[1])),
        )
        return _Edge(value, flat=edge.flat)

    def _norm(self, name: str, module: Any, edge: _Edge) -> _Edge:
        if not module.track_running_stats:
            raise UnsupportedError(f"{name!r} normalises by the batch at hand")
        value = self._add(Kind.NORMALISE, [edge.value], self._shapes[edge.value], norm=name)
        return _Edge(value, flat=edge.flat)

    def _neuron(self, name: str, module: Any, edge: _Edge) -> _Edge:
        if self._called[id(module)] > 1:
            raise UnsupportedError(f"{name!r} carries its state from call to call")
        if module.store_v_seq or getattr(module, "_neuron_precision", None) is not None:
            raise UnsupportedError(f"{name!r} keeps its potentials, or computes in another precision")
        surrogate_record(module.surrogate_function)
        shape = replace(self._shapes[edge.value], steps=self._time_steps)
        return _Edge(self._add(Kind.FIRE, [edge.value], shape, module=name), flat=edge.flat)

    def _pool(self, name: str, module: Any, edge: _Edge) -> _Edge:
        shape = self._shapes[edge.value]
        if type(module) in ADAPTIVE_POOLS:
            kind, windows = Kind.AVERAGE_POOL, adaptive_windows(module, shape.rows, shape.columns)
        else:
            kind = Kind.MAX_POOL if type(module) in MAX_POOLS else Kind.AVERAGE_POOL
            if kind == Kind.MAX_POOL and (module.return_indices or module.dilation not in (1, (1, 1))):
                raise UnsupportedError(f"{name!r} returns indices or is dilated")
            if kind == Kind.AVERAGE_POOL and module.divisor_override is not None:
                raise UnsupportedError(f"{name!r} has a divisor of its own")
            windows = pool_windows(module, shape.rows, shape.columns)
        out = Shape(shape.steps, len(windows[0]), len(windows[1]))
        return _Edge(self._add(kind, [edge.value], out, rows=windows), flat=edge.flat)


def _only_needed(operations: list[Operation], output: int) -> list[Operation]:
    """Drop what the output does not depend on."""
    needed, kept = {output}, []
    for operation in reversed(operations):
        if operation.output in needed:
            needed.update(operation.inputs)
            kept.append(operation)
    return kept[::-1]


def _fold_norms(operations: list[Operation]) -> tuple[Operation, ...]:
    """Let a convolution that only a batch norm reads take that norm in."""
    readers = Counter(value for operation in operations for value in operation.inputs)
    makers = {operation.output: place for place, operation in enumerate(operations)}
    folded = list(operations)
    gone = set()
    for place, operation in enumerate(operations):
        if operation.kind != Kind.NORMALISE:
            continue
        (value,) = operation.inputs
        maker = makers.get(value)
        if maker is not None and operations[maker].kind == Kind.CONVOLVE and readers[value] == 1:
            folded[maker] = replace(operations[maker], norm=operation.norm, output=operation.output)
            gone.add(place)
    return tuple(operation for place, operation in enumerate(folded) if place not in gone)
