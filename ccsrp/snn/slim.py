"""A mask made real: a smaller SpikingJelly network."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from spikingjelly.activation_based import functional
from torch import nn

from ccsrp.snn.graph import PruningGraph
from ccsrp.space import BoolArray

__all__ = ["KeptFilters", "kept_filters", "slim_network"]


@dataclass(frozen=True)
class KeptFilters:
    """What stays of each layer, as indices: rows and columns of weights, channels of batch norms.

    A layer that is not named stays whole.
    """

    outputs: dict[str, torch.Tensor]
    inputs: dict[str, torch.Tensor]
    norms: dict[str, torch.Tensor]


def kept_filters(graph: PruningGraph, mask: BoolArray) -> KeptFilters:
    """List what ``mask``, bool [n_var], leaves of every layer that it touches."""
    kept = KeptFilters(outputs={}, inputs={}, norms={})
    for item, part in zip(graph.layers, graph.space.split(mask), strict=True):
        filters = torch.from_numpy(part.nonzero()[0])
        kept.outputs[item.name] = filters
        kept.norms.update(dict.fromkeys(item.norms, filters))
        for consumer in item.consumers:
            features = filters[:, None] * consumer.repeat + torch.arange(consumer.repeat)
            kept.inputs[consumer.name] = features.flatten()
    return kept


def slim_network(network: nn.Module, graph: PruningGraph, mask: BoolArray) -> nn.Module:
    """Build the network that ``mask`` leaves.

    Its outputs equal those of ``network`` with the spikes of the removed filters forced to zero.

    Parameters
    ----------
    network : nn.Module
        The full network. The state of its neurons is reset; nothing else of it changes, and no tensor is
        shared with the result.
    graph : PruningGraph
        ``trace_filters(network)``.
    mask : bool [n_var]
        The filters to keep.

    Returns
    -------
    nn.Module
        Of the same class, in the same train or eval mode, with smaller layers.
    """
    mask = graph.space.check(mask[None])[0]
    functional.reset_net(network)
    modules = dict(network.named_modules())
    kept = kept_filters(graph, mask)
    # deepcopy looks a tensor up in ``memo`` before it copies it: putting the kept part of a weight there
    # yields the smaller network without ever copying the full weights.
    memo: dict[int, Any] = {}
    sizes: dict[str, dict[str, int]] = {}
    for name, part in kept.norms.items():
        for key in ("weight", "bias", "running_mean", "running_var"):
            _keep(memo, modules[name], key, (part,))
        sizes[name] = {"num_features": len(part)}
    for name in {*kept.inputs, *kept.outputs}:
        rows, columns = kept.outputs.get(name), kept.inputs.get(name)
        _keep(memo, modules[name], "weight", (rows, columns))
        _keep(memo, modules[name], "bias", (rows,))
        convolves = hasattr(modules[name], "in_channels")
        sizes[name] = {}
        if rows is not None:
            sizes[name]["out_channels"] = len(rows)
        if columns is not None:
            sizes[name]["in_channels" if convolves else "in_features"] = len(columns)
    slim = copy.deepcopy(network, memo)
    for name, attributes in sizes.items():
        module = slim.get_submodule(name)
        for attribute, value in attributes.items():
            setattr(module, attribute, value)
    return slim


def _keep(
    memo: dict[int, Any], module: nn.Module, key: str, indices: tuple[torch.Tensor | None, ...]
) -> None:
    """Note the kept part of ``module.key`` as its deep copy; ``indices`` has one entry an axis."""
    tensor = getattr(module, key, None)
    if tensor is None or all(index is None for index in indices):
        return
    part = tensor.detach()
    for axis, index in enumerate(indices):
        if index is not None:
            part = part.index_select(axis, index.to(part.device))
    if isinstance(tensor, nn.Parameter):
        part = nn.Parameter(part, requires_grad=tensor.requires_grad)
    memo[id(tensor)] = part
