"""What a mask leaves of the tensors of a network, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ccsrp.snn.graph import PruningGraph
from ccsrp.snn.slim import kept_filters
from ccsrp.space import BoolArray

__all__ = ["KeptTensors", "Statistics"]

Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]
# Name of a batch norm -> mean and unbiased variance of each channel that is kept.
Statistics = dict[str, tuple[Float64, Float64]]


class KeptTensors:
    """The weights, batch norms and neurons that the network of one mask consists of.

    Parameters
    ----------
    modules : mapping of str to nn.Module
        The modules of the full network.
    graph : PruningGraph
    mask : bool [n_var]
    """

    def __init__(self, modules: Mapping[str, Any], graph: PruningGraph, mask: BoolArray) -> None:
        self._modules = modules
        self._kept = kept_filters(graph, mask)

    def neuron(self, name: str) -> Any:
        """Return SpikingJelly's neuron."""
        return self._modules[name]

    def weights(self, name: str) -> tuple[Float32, Float32 | None]:
        """Return weight [out, in, ...] and bias [out], if any, of a convolution or linear layer."""
        module = self._modules[name]
        rows, columns = self._kept.outputs.get(name), self._kept.inputs.get(name)
        weight = _part(module.weight, rows)
        if columns is not None:
            weight = weight[:, columns.numpy()]
        return weight, None if module.bias is None else _part(module.bias, rows)

    def running(self, name: str) -> tuple[Float64, Float64]:
        """Return the running mean and variance of a batch norm."""
        module, kept = self._modules[name], self._kept.norms.get(name)
        mean, variance = (
            _part(tensor, kept).astype(np.float64) for tensor in (module.running_mean, module.running_var)
        )
        return mean, variance

    def affine(self, name: str, mean: Float64, variance: Float64) -> tuple[Float32, Float32]:
        """Return the factor and shift of each channel that a batch norm with these statistics amounts to."""
        module, kept = self._modules[name], self._kept.norms.get(name)
        gain = 1.0 if module.weight is None else _part(module.weight, kept).astype(np.float64)
        offset = 0.0 if module.bias is None else _part(module.bias, kept).astype(np.float64)
        factor = gain / np.sqrt(variance + module.eps)
        return factor.astype(np.float32), (offset - mean * factor).astype(np.float32)


def _part(tensor: torch.Tensor, kept: torch.Tensor | None) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().numpy()
    return array if kept is None else array[kept.numpy()]
