"""What a network costs: FLOPs, parameters, synaptic operations.

FLOPs and parameters follow from how many filters each layer keeps; synaptic operations also from the
spikes that the images cause, so they are counted during a forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from ccsrp.snn.channels import is_weight_layer
from ccsrp.snn.graph import PruningGraph
from ccsrp.space import BoolArray, FilterSpace

__all__ = ["CostTable", "SynapticOperations", "cost_table", "count_synaptic_operations"]

_CONVOLVE: dict[int, Callable[..., torch.Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@dataclass(frozen=True)
class _Weight:
    """One weight layer: how its size depends on the filters kept before it and in it."""

    inputs: int | None  # layer of the space that feeds it, if that can be pruned
    outputs: int | None  # layer of the space that it is, if it can be pruned
    repeat: int  # input features for each channel of ``inputs``
    fixed_inputs: int
    fixed_outputs: int
    kernel: int
    positions: int  # output positions of one image, all time steps
    bias: bool
    affine: int  # batch-norm parameters for each output channel


@dataclass(frozen=True)
class CostTable:
    """Exact costs of any mask of one network, by arithmetic on the kept filters of each layer."""

    space: FilterSpace
    weights: tuple[_Weight, ...]
    other_params: int

    def flops(self, masks: BoolArray) -> NDArray[np.int64]:
        """Count floating-point operations of one image, all time steps: bool [N, n_var] -> int64 [N].

        Two for each multiply-accumulate of a convolution or linear layer; biases, batch norms (which
        fold into the convolutions) and neurons are not counted.
        """
        total = np.zeros(len(masks), dtype=np.int64)
        for weight, inputs, outputs in self._sizes(masks):
            total += 2 * weight.positions * weight.kernel * inputs * outputs
        return total

    def params(self, masks: BoolArray) -> NDArray[np.int64]:
        """Count trainable parameters: bool [N, n_var] -> int64 [N]."""
        total = np.full(len(masks), self.other_params, dtype=np.int64)
        for weight, inputs, outputs in self._sizes(masks):
            total += weight.kernel * inputs * outputs + (weight.bias + weight.affine) * outputs
        return total

    def _sizes(self, masks: BoolArray) -> Iterator[tuple[_Weight, NDArray[np.int64], NDArray[np.int64]]]:
        kept = self.space.counts(masks)
        ones = np.ones(len(masks), dtype=np.int64)
        for weight in self.weights:
            inputs = (
                ones * weight.fixed_inputs
                if weight.inputs is None
                else kept[:, weight.inputs] * weight.repeat
            )
            outputs = ones * weight.fixed_outputs if weight.outputs is None else kept[:, weight.outputs]
            yield weight, inputs, outputs


def cost_table(network: nn.Module, graph: PruningGraph, image_shape: tuple[int, ...]) -> CostTable:
    """Measure the shapes of ``network`` (images to logits) in one forward pass of a black image.

    ``graph`` is the trace of ``network.network``, the spiking network inside the image classifier.
    """
    inner = network.get_submodule("network")
    modules: dict[str, Any] = {name: m for name, m in inner.named_modules() if is_weight_layer(m)}
    positions: dict[str, int] = dict.fromkeys(modules, 0)

    def note(name: str) -> Callable[[Any, Any, torch.Tensor], None]:
        def hook(module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            # A transposed convolution uses its weights once for each input place, the others once for
            # each output place; both divide by the first axis of the weight.
            places = inputs[0] if getattr(module, "transposed", False) else output
            positions[name] += places.numel() // module.weight.shape[0]

        return hook

    handles = [m.register_forward_hook(note(name)) for name, m in modules.items()]
    device = next(network.parameters()).device
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *image_shape, device=device))
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()

    producer = {item.name: index for index, item in enumerate(graph.layers)}
    feeds = {c.name: (index, c.repeat) for index, item in enumerate(graph.layers) for c in item.consumers}
    affine = {
        item.name: sum(
            getattr(inner.get_submodule(norm), key) is not None
            for norm in item.norms
            for key in ("weight", "bias")
        )
        for item in graph.layers
    }
    weights = []
    for name, module in modules.items():
        rows, columns, *kernel = module.weight.shape
        source, repeat = feeds.get(name, (None, 1))
        weights.append(
            _Weight(
                inputs=source,
                outputs=producer.get(name),
                repeat=repeat,
                fixed_inputs=columns,
                fixed_outputs=rows,
                kernel=int(np.prod(kernel, dtype=np.int64)),
                positions=positions[name],
                bias=module.bias is not None,
                affine=affine.get(name, 0),
            )
        )
    table = CostTable(space=graph.space, weights=tuple(weights), other_params=0)
    counted = int(table.params(graph.space.full()[None])[0])
    total = sum(p.numel() for p in network.parameters())
    return CostTable(space=graph.space, weights=tuple(weights), other_params=total - counted)


@dataclass
class SynapticOperations:
    """Running count of the weight accumulations that spikes caused."""

    total: int = 0
    fan_outs: dict[tuple[str, torch.Size], torch.Tensor] = field(default_factory=dict)


@contextmanager
def count_synaptic_operations(
    network: nn.Module, graph: PruningGraph, *, skip_zeros: bool = False
) -> Iterator[SynapticOperations]:
    """Count synaptic operations of every forward pass made inside the ``with`` block.

    One for each nonzero input of a spike-driven weight layer and each weight that it meets (borders
    meet fewer). The first convolution reads the image itself and is not spike-driven. Where the spikes
    are binary this is SpikingJelly's ``SynOpCounter``, at the price of one reduction a layer. With
    ``skip_zeros``, weights that are zero cost nothing.
    """
    inner = network.get_submodule("network")
    count = SynapticOperations()

    def note(name: str) -> Callable[[Any, tuple[torch.Tensor, ...]], None]:
        def hook(module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            spikes = inputs[0]
            # Behind time and batch; a linear layer sees one axis, of features.
            dimensions = 1 if isinstance(module, nn.Linear) else 1 + len(module.kernel_size)
            shape = spikes.shape[-dimensions:]
            if (name, shape) not in count.fan_outs:
                count.fan_outs[name, shape] = _fan_out(module, shape, skip_zeros).to(spikes.device)
            arrived = (spikes != 0).flatten(0, -dimensions - 1).sum(0)
            count.total += int((arrived * count.fan_outs[name, shape]).sum())

        return hook

    handles = [
        inner.get_submodule(name).register_forward_pre_hook(note(name)) for name in sorted(graph.spike_driven)
    ]
    try:
        yield count
    finally:
        for handle in handles:
            handle.remove()


def _fan_out(module: Any, shape: torch.Size, skip_zeros: bool) -> torch.Tensor:
    """Count the weights that meet each input, in its shape: the gradient of the sum of all outputs."""
    weight = module.weight.detach()
    if isinstance(module, nn.Linear):
        met = torch.count_nonzero(weight, dim=0) if skip_zeros else torch.full(shape, module.out_features)
        return met.cpu()
    # Without a look at the weights all channels are alike, and one speaks for them.
    groups = module.groups if skip_zeros else 1
    kernel = (weight != 0).double().cpu() if skip_zeros else torch.ones(1, 1, *module.kernel_size)
    one = torch.ones(1, shape[0] if skip_zeros else 1, *shape[1:], dtype=kernel.dtype, requires_grad=True)
    with torch.enable_grad():
        padded, padding = one, module.padding
        if module.padding_mode != "zeros":
            padded, padding = F.pad(one, module._reversed_padding_repeated_twice, mode=module.padding_mode), 0
        convolve = _CONVOLVE[len(module.kernel_size)]
        out = convolve(padded, kernel, None, module.stride, padding, module.dilation, groups)
        (positions,) = torch.autograd.grad(out.sum(), one)
    fan_out: torch.Tensor = positions[0].round().long()
    return fan_out if skip_zeros else fan_out * (module.out_channels // module.groups)


@dataclass(frozen=True)
class NetworkCosts:
    """What one network costs on one image, all time steps.

    Attributes
    ----------
    flops : int
        Of dense arithmetic: zeros among the weights save none.
    params : int
        Parameters that are not zero.
    synops : float
        Weights that are not zero met by spikes, mean over images.
    """

    flops: int
    params: int
    synops: float


def network_costs(network: nn.Module, graph: PruningGraph, images: torch.Tensor) -> NetworkCosts:
    """Measure any network, from images to logits, such as one whose connections were pruned.

    Parameters
    ----------
    network : nn.Module
        Of SpikingJelly's layers; ``graph`` is the trace of ``network.network``.
    images : float32 [N, C, H, W] or [N, T, C, H, W]
        That synaptic operations are averaged over.
    """
    table = cost_table(network, graph, tuple(images.shape[1:]))
    device = next(network.parameters()).device
    with torch.no_grad(), count_synaptic_operations(network, graph, skip_zeros=True) as count:
        for batch in torch.split(images, 128):
            network(batch.to(device))
    return NetworkCosts(
        flops=int(table.flops(graph.space.full()[None])[0]),
        params=sum(int(torch.count_nonzero(p)) for p in network.parameters()),
        synops=count.total / len(images),
    )
