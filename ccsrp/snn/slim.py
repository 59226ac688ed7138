"""A mask made real: a smaller SpikingJelly network."""

from __future__ import annotations

import copy
from typing import Any

import torch
from spikingjelly.activation_based import functional
from torch import nn

from ccsrp.snn.graph import PruningGraph
from ccsrp.space import BoolArray

__all__ = ["slim_network"]


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
    # deepcopy looks a tensor up in ``memo`` before it copies it: putting the kept part of a weight there
    # yields the smaller network without ever copying the full weights.
    memo: dict[int, Any] = {}
    kept_inputs: dict[str, torch.Tensor] = {}
    kept_outputs: dict[str, torch.Tensor] = {}
    sizes: dict[str, dict[str, int]] = {}
    for item, part in zip(graph.layers, graph.space.split(mask), strict=True):
        kept = torch.from_numpy(part.nonzero()[0])
        kept_outputs[item.name] = kept
        sizes.setdefault(item.name, {})["out_channels"] = len(kept)
        for name in item.norms:
            for key in ("weight", "bias", "running_mean", "running_var"):
                _keep(memo, modules[name], key, (kept,))
            sizes[name] = {"num_features": len(kept)}
        for consumer in item.consumers:
            features = (kept[:, None] * consumer.repeat + torch.arange(consumer.repeat)).flatten()
            kept_inputs[consumer.name] = features
            attribute = "in_channels" if hasattr(modules[consumer.name], "in_channels") else "in_features"
            sizes.setdefault(consumer.name, {})[attribute] = len(features)
    for name in {*kept_inputs, *kept_outputs}:
        rows, columns = kept_outputs.get(name), kept_inputs.get(name)
        _keep(memo, modules[name], "weight", (rows, columns))
        _keep(memo, modules[name], "bias", (rows,))
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
