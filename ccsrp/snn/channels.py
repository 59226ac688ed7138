"""Channels followed through a traced network, from the convolution that makes them to all who read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from spikingjelly.activation_based import base, layer, neuron
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

__all__ = ["Channels", "Consumer", "Follower", "follow_channels", "is_weight_layer"]

# Exact types: a subclass may compute its weight from all filters (weight standardisation).
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, layer.Conv1d, layer.Conv2d, layer.Conv3d)
LINEARS = (nn.Linear, layer.Linear)
NEURONS = (neuron.BaseNode, neuron.SimpleBaseNode)
CONTAINERS = (layer.MultiStepContainer, layer.SeqToANNContainer, layer.StepModeContainer)
POOLS = (
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.Upsample,
)
SAME_SHAPE = (nn.Identity, nn.modules.dropout._DropoutNd, layer.Dropout)


def is_weight_layer(module: nn.Module) -> bool:
    """Tell whether a module multiplies its input by a weight that costs count."""
    return isinstance(module, (_ConvNd, nn.Linear))


@dataclass(frozen=True)
class Consumer:
    """A layer that reads a prunable layer's channels; ``repeat`` input features belong to each."""

    name: str
    repeat: int


@dataclass
class Channels:
    """The output channels of one convolution; ``stopped_by`` says why they must stay, if they must."""

    producer: str
    size: int
    stopped_by: str | None = None
    norms: list[str] = field(default_factory=list)
    neurons: list[str] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)


@dataclass(frozen=True)
class _Flow:
    """What one edge carries: whose channels, whether they are spikes, whether space was flattened."""

    channels: Channels | None = None
    fired: bool = False
    flat: bool = False


def follow_channels(network: nn.Module, graph: fx.Graph) -> Follower:
    """Walk the traced nodes once, in order, and follow every convolution's channels."""
    follower = Follower(network, graph)
    flows: dict[fx.Node, _Flow] = {}
    for node in graph.nodes:
        inputs = [flows[item] for item in node.all_input_nodes]
        if node.op == "call_module":
            flows[node] = follower.module(str(node.target), inputs, stepwise=False)
        elif node.op in ("call_function", "call_method"):
            flows[node] = follower.operation(node, inputs)
        else:
            flows[node] = _stop(inputs, "the network's output")
    return follower


class Follower:
    """Knows how each kind of module treats channels.

    Attributes
    ----------
    produced : list of Channels
        One entry a convolution, in order.
    spike_driven : set of str
        Names of weight layers whose input has passed a neuron.
    called_once : set of str
        Names of neurons that see one whole sequence in a forward pass.
    """

    def __init__(self, network: nn.Module, graph: fx.Graph) -> None:
        self._network = network
        self.produced: list[Channels] = []
        self.spike_driven: set[str] = set()
        self.called_once: set[str] = set()
        called = [
            module
            for node in graph.nodes
            if node.op == "call_module"
            for module in _leaves(network.get_submodule(str(node.target)))
        ]
        self._calls = Counter(id(module) for module in called)
        owners = Counter(
            id(parameter) for module in network.modules() for parameter in module.parameters(recurse=False)
        )
        self._tied = {key for key, count in owners.items() if count > 1}

    def module(self, name: str, inputs: list[_Flow], *, stepwise: bool) -> _Flow:
        """Follow channels through a module; ``stepwise`` inside containers that hide the time axis."""
        module = self._network.get_submodule(name)
        if isinstance(module, (*CONTAINERS, nn.Sequential)) and len(inputs) == 1:
            flow = inputs[0]
            for child, _ in module.named_children():
                flow = self.module(
                    f"{name}.{child}", [flow], stepwise=stepwise or isinstance(module, CONTAINERS)
                )
            return flow
        if is_weight_layer(module) and inputs and all(flow.fired for flow in inputs):
            self.spike_driven.add(name)
        if isinstance(module, NEURONS) and self._calls[id(module)] == 1 and not stepwise:
            self.called_once.add(name)
        reason = self._refusal(module, inputs)
        if reason is not None:
            return self._stopped(name, module, inputs, reason)
        return self._single(name, module, inputs[0], stepwise)

    def operation(self, node: fx.Node, inputs: list[_Flow]) -> _Flow:
        """Follow channels through a function or method of tensors."""
        if len(inputs) == 1 and node.target in (torch.flatten, "flatten"):
            arguments: dict[str, Any] = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False))
            arguments |= node.kwargs
            if arguments.get("start_dim") == 2 and arguments.get("end_dim", -1) == -1:
                return _flattened(inputs[0])
        if len(inputs) == 1 and node.target in ("contiguous", "clone"):
            return inputs[0]
        return _stop(inputs, getattr(node.target, "__name__", str(node.target)))

    def _refusal(self, module: nn.Module, inputs: list[_Flow]) -> str | None:
        """Say why channels cannot pass a module whatever its kind, or None."""
        kind = type(module).__name__
        if len(inputs) != 1:
            return f"{kind} with {len(inputs)} inputs"
        stateful = isinstance(module, base.MemoryModule) or any(True for _ in module.buffers())
        parameters = list(module.parameters())
        if self._calls[id(module)] > 1 and (stateful or parameters):
            return f"{kind} used more than once"
        if any(id(parameter) in self._tied for parameter in parameters):
            return f"{kind} with weights tied to another layer"
        if is_weight_layer(module) and "weight" not in module._parameters:
            return f"{kind} with a computed weight"
        return None

    def _stopped(self, name: str, module: Any, inputs: list[_Flow], reason: str) -> _Flow:
        flow = _stop(inputs, reason)
        # One that is called twice comes by twice.
        if isinstance(module, _ConvNd) and all(name != channels.producer for channels in self.produced):
            self.produced.append(Channels(producer=name, size=int(module.out_channels), stopped_by=reason))
        fires = isinstance(module, NEURONS) or hasattr(module, "surrogate_function")
        return _Flow(fired=True) if fires else flow

    def _single(self, name: str, module: nn.Module, flow: _Flow, stepwise: bool) -> _Flow:
        channels, kind = flow.channels, type(module).__name__
        if type(module) in CONVOLUTIONS:
            return self._convolution(name, module, flow)
        if type(module) in LINEARS:
            self._consume(flow, name, int(module.in_features), allowed=flow.flat)  # type: ignore[arg-type]
            return _Flow()
        if isinstance(module, _BatchNorm) and not flow.fired and not flow.flat:
            if channels is not None:
                channels.norms.append(name)
            return flow
        if isinstance(module, NEURONS) and not flow.fired and not _holds_tensors(module):
            if channels is not None:
                channels.neurons.append(name)
            return _Flow(channels=channels, fired=True, flat=flow.flat)
        # Only SpikingJelly's own pools see single steps; torch's would pool over channels.
        if isinstance(module, POOLS) and (stepwise or isinstance(module, base.StepModule)):
            return flow
        if isinstance(module, SAME_SHAPE):
            return flow
        if isinstance(module, nn.Flatten):
            first = 1 if stepwise or isinstance(module, layer.Flatten) else 2
            if (module.start_dim, module.end_dim) == (first, -1):
                return _flattened(flow)
        return self._stopped(name, module, [flow], kind)

    def _convolution(self, name: str, module: Any, flow: _Flow) -> _Flow:
        plain = module.groups == 1
        self._consume(flow, name, int(module.in_channels), allowed=plain and not flow.flat)
        stopped_by = None if plain else f"{module.groups} groups"
        channels = Channels(producer=name, size=int(module.out_channels), stopped_by=stopped_by)
        self.produced.append(channels)
        return _Flow(channels=channels)

    @staticmethod
    def _consume(flow: _Flow, name: str, features: int, *, allowed: bool) -> None:
        channels = flow.channels
        if channels is None:
            return
        if not (allowed and flow.fired) or features % channels.size:
            _stop([flow], f"layer {name!r}, which does not read its spikes channel by channel")
        else:
            channels.consumers.append(Consumer(name=name, repeat=features // channels.size))


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """List the modules that one call of ``module`` calls, containers expanded; repeats come up again."""
    if isinstance(module, nn.Sequential):
        for child in module._modules.values():
            if child is not None:
                yield from _leaves(child)
    else:
        yield module


def _holds_tensors(module: nn.Module) -> bool:
    """Tell whether a neuron has values of its own for each channel or place."""
    own = [*module.parameters(), *module.buffers(), *vars(module).values()]
    own += [*getattr(module, "_memories_rv", {}).values()]
    return any(isinstance(value, torch.Tensor) and value.numel() > 1 for value in own)


def _flattened(flow: _Flow) -> _Flow:
    return _Flow(channels=flow.channels, fired=flow.fired, flat=True)


def _stop(inputs: Iterable[_Flow], reason: str) -> _Flow:
    """Note that all channels that arrive here stay; what leaves belongs to no single convolution."""
    inputs = list(inputs)
    for flow in inputs:
        if flow.channels is not None:
            flow.channels.stopped_by = flow.channels.stopped_by or reason
    return _Flow(fired=bool(inputs) and all(flow.fired for flow in inputs))
