"""Which filters can go: the prunable layers of any SpikingJelly network.

A filter can be removed exactly when its spikes reach nothing but convolutions and linear layers, by way
of operations that keep a silent channel silent. Channels that meet in an addition (residual networks)
stay: removing one there would break the addition.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikingjelly.activation_based import base, functional, layer
from torch import fx, nn

from ccsrp.errors import GraphError, one_line
from ccsrp.snn.channels import Consumer, follow_channels
from ccsrp.space import FilterSpace

__all__ = ["PrunableLayer", "PruningGraph", "trace", "trace_filters"]

# Their children work on single steps, and ``set_step_mode`` leaves them so.
STEPWISE_CONTAINERS = (
    layer.MultiStepContainer,
    layer.SeqToANNContainer,
    layer.TLastMultiStepContainer,
    layer.TLastSeqToANNContainer,
    layer.StepModeContainer,
    layer.ElementWiseRecurrentContainer,
    layer.LinearRecurrentContainer,
)


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
    first convolution, under direct coding) read the analog image. ``called_once`` names the neurons that
    see one whole sequence in a forward pass, so that no state passes from call to call. ``left_whole`` has
    (name, what stops its channels) of each convolution whose filters stay.
    """

    layers: tuple[PrunableLayer, ...]
    spike_driven: frozenset[str]
    called_once: frozenset[str]
    left_whole: tuple[tuple[str, str], ...]

    @property
    def space(self) -> FilterSpace:
        """The search space that these layers span."""
        return FilterSpace(
            names=tuple(item.name for item in self.layers), sizes=tuple(item.size for item in self.layers)
        )


class _Tracer(fx.Tracer):
    """Takes SpikingJelly's layers and neurons, and subclasses of them, as single nodes."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if isinstance(m, (base.StepModule, base.MemoryModule)):
            return True
        return super().is_leaf_module(m, module_qualified_name)


def trace(network: nn.Module) -> fx.Graph:
    """Trace ``network`` with SpikingJelly's layers as single nodes; the state of its neurons is reset.

    Raises
    ------
    GraphError
        Not in multi-step mode, or not traceable by ``torch.fx``.
    """
    _check_step_mode(network)
    functional.reset_net(network)
    try:
        return _Tracer().trace(network)
    except Exception as error:  # torch.fx raises whatever the traced code raises
        raise GraphError(
            f"{type(network).__name__} cannot be traced by torch.fx ({one_line(error)}); its forward must "
            f"not branch on the values or shapes of tensors"
        ) from error


def trace_filters(network: nn.Module) -> PruningGraph:
    """Find the filters of ``network`` that can be removed.

    Parameters
    ----------
    network : nn.Module
        A network of SpikingJelly layers in multi-step mode (``[T, B, C, H, W]`` inside). The state of its
        neurons is reset; nothing else of it changes.

    Returns
    -------
    PruningGraph
        At least one prunable layer.

    Raises
    ------
    GraphError
        Not in multi-step mode, not traceable by ``torch.fx``, or no filter can go.
    """
    followed = follow_channels(network, trace(network))
    layers = tuple(
        PrunableLayer(
            name=channels.producer,
            size=channels.size,
            norms=tuple(channels.norms),
            neurons=tuple(channels.neurons),
            consumers=tuple(channels.consumers),
        )
        for channels in followed.produced
        if channels.stopped_by is None and channels.consumers and channels.neurons
    )
    free = {item.name for item in layers}
    left_whole = tuple(
        (channels.producer, channels.stopped_by or "its spikes reach no layer")
        for channels in followed.produced
        if channels.producer not in free
    )
    if not layers:
        reasons = [f"{name!r} by {reason}" for name, reason in left_whole]
        raise GraphError(
            f"no filter of {type(network).__name__} can be removed: a convolution's spikes must reach only "
            f"convolutions and linear layers, without an addition in between"
            + (f" (stopped: {', '.join(reasons[:3])})" if reasons else "")
        )
    return PruningGraph(
        layers=layers,
        spike_driven=frozenset(followed.spike_driven),
        called_once=frozenset(followed.called_once),
        left_whole=left_whole,
    )


def _check_step_mode(network: nn.Module) -> None:
    inside: tuple[str, ...] = ()
    for name, module in network.named_modules():
        if name.startswith(inside) and inside:
            continue
        if isinstance(module, STEPWISE_CONTAINERS):
            inside += (f"{name}.",)
        if isinstance(module, base.StepModule) and getattr(module, "step_mode", "m") != "m":
            raise GraphError(
                f"layer {name!r} is in single-step mode; call "
                f"spikingjelly.activation_based.functional.set_step_mode(network, 'm') first"
            )
