"""Which filters can go: channels followed through a traced SpikingJelly network.

A filter can be removed exactly when its spikes reach nothing but convolutions and linear layers, by way
of operations that keep a silent channel silent. Channels that meet in an addition (residual networks)
stay: removing one there would break the addition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from spikingjelly.activation_based import base, functional, layer, neuron
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ccsrp.errors import GraphError
from ccsrp.space import FilterSpace

__all__ = ["Consumer", "PrunableLayer", "PruningGraph", "trace_filters"]

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, layer.Conv1d, layer.Conv2d, layer.Conv3d)
LINEARS = (nn.Linear, layer.Linear)
# Channel-wise operations that map a silent channel to a silent channel.
TRANSPARENT = (
    nn.Identity,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.modules.dropout._DropoutNd,
    layer.Dropout,
    nn.Upsample,
)
CONTAINERS = (layer.MultiStepContainer, layer.SeqToANNContainer, layer.StepModeContainer)
NEURONS = (neuron.BaseNode, neuron.SimpleBaseNode)


@dataclass(frozen=True)
class Consumer:
    """A layer that reads a prunable layer's channels; ``repeat`` input features belong to each."""

    name: str
    repeat: int


@dataclass(frozen=True)
class PrunableLayer:
    """A convolution whose filters can go, with everything that must shrink along with it."""

    name: str
    size: int
    norms: tuple[str, ...]
    neurons: tuple[str, ...]
    consumers: tuple[Consumer, ...]


@dataclass(frozen=True)
class PruningGraph:
    """The prunable layers of a network in the order of the forward pass.

    ``spike_driven`` names the weight layers whose input has passed a spiking neuron; the others (the
    first convolution, under direct coding) read the analog image.
    """

    layers: tuple[PrunableLayer, ...]
    spike_driven: frozenset[str]

    @property
    def space(self) -> FilterSpace:
        """The search space that these layers span."""
        return FilterSpace(
            names=tuple(item.name for item in self.layers), sizes=tuple(item.size for item in self.layers)
        )


@dataclass
class _Channels:
    """The output channels of one convolution, while they are being followed."""

    producer: str
    size: int
    frozen: bool = False
    norms: list[str] = field(default_factory=list)
    neurons: list[str] = field(default_factory=list)
    consumers: list[Consumer] = field(default_factory=list)


@dataclass(frozen=True)
class _Flow:
    """What one edge carries: whose channels, whether they are spikes, whether space was flattened."""

    channels: _Channels | None = None
    fired: bool = False
    flat: bool = False


class _Tracer(fx.Tracer):
    """Takes SpikingJelly's layers and neurons, and subclasses of them, as single nodes."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if isinstance(m, (base.StepModule, base.MemoryModule)):
            return True
        return super().is_leaf_module(m, module_qualified_name)


def trace_filters(network: nn.Module) -> PruningGraph:
    """Find the filters of ``network`` that can be removed.

    Parameters
    ----------
    network : nn.Module
        A network of SpikingJelly layers in multi-step mode (``[T, B, C, H, W]`` inside).

    Returns
    -------
    PruningGraph
        At least one prunable layer.

    Raises
    ------
    GraphError
        Not in multi-step mode, not traceable by ``torch.fx``, or no filter can go.
    """
    for name, module in network.named_modules():
        if isinstance(module, base.StepModule) and getattr(module, "step_mode", "m") != "m":
            raise GraphError(
                f"layer {name!r} is in single-step mode; call "
                f"spikingjelly.activation_based.functional.set_step_mode(network, 'm') first"
            )
    functional.reset_net(network)
    try:
        graph = _Tracer().trace(network)
    except Exception as error:  # torch.fx raises whatever the traced code raises
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GraphError(
            f"{type(network).__name__} cannot be traced by torch.fx ({reason}); its forward must not "
            f"branch on the values or shapes of tensors"
        ) from error
    follower = _Follower(network, graph)
    layers = follower.follow()
    if not layers:
        raise GraphError(
            f"no filter of {type(network).__name__} can be removed: a convolution's spikes must reach "
            f"only convolutions and linear layers, without an addition in between"
        )
    return PruningGraph(layers=layers, spike_driven=frozenset(follower.spike_driven))


class _Follower:
    """Walks the traced nodes once, in order, and follows every convolution's channels."""

    def __init__(self, network: nn.Module, graph: fx.Graph) -> None:
        self.network = network
        self.graph = graph
        self.calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
        self.produced: list[_Channels] = []
        self.spike_driven: set[str] = set()

    def follow(self) -> tuple[PrunableLayer, ...]:
        flows: dict[fx.Node, _Flow] = {}
        for node in self.graph.nodes:
            inputs = [flows[item] for item in node.all_input_nodes]
            if node.op == "call_module":
                flows[node] = self._module(str(node.target), inputs)
            elif node.op in ("call_function", "call_method"):
                flows[node] = self._operation(node, inputs)
            else:
                flows[node] = _stop(inputs)
        return tuple(
            PrunableLayer(
                name=item.producer,
                size=item.size,
                norms=tuple(item.norms),
                neurons=tuple(item.neurons),
                consumers=tuple(item.consumers),
            )
            for item in self.produced
            if not item.frozen and item.consumers and item.neurons
        )

    def _module(self, name: str, inputs: list[_Flow]) -> _Flow:
        module = self.network.get_submodule(name)
        if self.calls[name] > 1 and any(True for _ in module.parameters()):
            return _stop(inputs)  # weights used twice serve two sets of channels
        if len(inputs) != 1:
            return _stop(inputs)
        if isinstance(module, CONTAINERS):
            flow = inputs[0]
            for child, _ in module.named_children():
                flow = self._module(f"{name}.{child}", [flow])
            return flow
        return self._single(name, module, inputs[0])

    def _single(self, name: str, module: nn.Module, flow: _Flow) -> _Flow:
        channels = flow.channels
        if type(module) in CONVOLUTIONS + LINEARS and flow.fired:
            self.spike_driven.add(name)
        if type(module) in CONVOLUTIONS:
            return self._convolution(name, module, flow)
        if type(module) in LINEARS:
            self._consume(channels, name, int(module.in_features), allowed=flow.fired and flow.flat)  # type: ignore[arg-type]
            return _Flow()
        if isinstance(module, _BatchNorm):
            if flow.fired:  # a silent channel would leave as its bias
                return _stop([flow])
            if channels is not None:
                channels.norms.append(name)
            return flow
        if isinstance(module, NEURONS):
            tensors = [*module.parameters(), *module.buffers()]
            if flow.fired or any(tensor.numel() > 1 for tensor in tensors):
                return _Flow(fired=True, channels=_stop([flow]).channels)
            if channels is not None:
                channels.neurons.append(name)
            return _Flow(channels=channels, fired=True, flat=flow.flat)
        if isinstance(module, TRANSPARENT):
            return flow
        if isinstance(module, nn.Flatten):
            # SpikingJelly's own flattens each time step, torch's sees the time axis too.
            first = 1 if isinstance(module, layer.Flatten) else 2
            return self._flatten(flow, (module.start_dim, module.end_dim) == (first, -1))
        return _stop([flow])

    def _convolution(self, name: str, module: Any, flow: _Flow) -> _Flow:
        plain = module.groups == 1 and not flow.flat
        self._consume(flow.channels, name, int(module.in_channels), allowed=plain and flow.fired)
        channels = _Channels(producer=name, size=int(module.out_channels), frozen=not plain)
        self.produced.append(channels)
        return _Flow(channels=channels)

    @staticmethod
    def _consume(channels: _Channels | None, name: str, features: int, *, allowed: bool) -> None:
        if channels is None:
            return
        if not allowed or features % channels.size:
            channels.frozen = True
        else:
            channels.consumers.append(Consumer(name=name, repeat=features // channels.size))

    @staticmethod
    def _flatten(flow: _Flow, exact: object) -> _Flow:
        if not exact:
            return _stop([flow])
        return _Flow(channels=flow.channels, fired=flow.fired, flat=True)

    def _operation(self, node: fx.Node, inputs: list[_Flow]) -> _Flow:
        if len(inputs) == 1 and node.target in (torch.flatten, "flatten"):
            arguments = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | dict(node.kwargs)
            exact = arguments.get("start_dim") == 2 and arguments.get("end_dim", -1) == -1
            return self._flatten(inputs[0], exact)
        if len(inputs) == 1 and node.target in ("contiguous", "clone"):
            return inputs[0]
        return _stop(inputs)


def _stop(inputs: Iterable[_Flow]) -> _Flow:
    """Freeze all channels that arrive here; what leaves belongs to no single convolution."""
    inputs = list(inputs)
    for flow in inputs:
        if flow.channels is not None:
            flow.channels.frozen = True
    return _Flow(fired=bool(inputs) and all(flow.fired for flow in inputs))
