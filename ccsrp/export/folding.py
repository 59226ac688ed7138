"""Batch norms taken into the convolutions and linear layers before them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import ExportError
from ccsrp.export.primitives import CONVOLUTIONS, LINEARS, NORMS, Primitive

__all__ = ["Weights", "fold_norms", "norm_factors"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """Weight and bias of a convolution or linear layer, float32, as they are after folding."""

    weight: Array
    bias: Array


def fold_norms(items: list[Primitive]) -> tuple[list[Primitive], dict[str, Weights]]:
    """Leave out every batch norm that alone reads a convolution or linear layer.

    Returns
    -------
    list of Primitive, dict of Weights
        What is left, and the weights by the name of the value that a layer makes. They are computed in
        float64 and rounded once, so sums differ from the network's by rounding.
    """
    readers = Counter(value for item in items for value in item.inputs if isinstance(value, str))
    made = {item.output: item for item in items}
    weights: dict[str, Weights] = {}
    renamed: dict[str, str] = {}
    kept: list[Primitive] = []
    for item in items:
        before = made.get(str(item.inputs[0]))
        folds = before is not None and before.output in weights and readers[before.output] == 1
        if isinstance(item.module, (*CONVOLUTIONS, *LINEARS)):
            weights[item.output] = _plain(item.module)
        elif isinstance(item.module, NORMS) and before is not None and folds:
            weights[before.output] = _folded(before.module, *norm_factors(item))
            renamed[item.output] = before.output
            continue
        inputs = [renamed.get(value, value) if isinstance(value, str) else value for value in item.inputs]
        kept.append(replace(item, inputs=tuple(inputs)))
    return kept, weights


def norm_factors(item: Primitive) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a batch norm multiplies channels by and what it adds, float64 [C] each.

    Raises
    ------
    ExportError
        It normalises by the images at hand.
    """
    norm = item.module
    if norm.running_mean is None:
        raise ExportError(f"batch norm {item.name!r} has no running statistics, so nothing can be folded")
    mean, variance = _numbers(norm.running_mean), _numbers(norm.running_var)
    factor = 1.0 / np.sqrt(variance + norm.eps)
    if norm.weight is not None:
        factor = factor * _numbers(norm.weight)
    offset = -mean * factor
    return factor, offset if norm.bias is None else offset + _numbers(norm.bias)


def _plain(module: Any) -> Weights:
    weight = _numbers(module.weight)
    bias = np.zeros(len(weight)) if module.bias is None else _numbers(module.bias)
    return Weights(weight.astype(np.float32), bias.astype(np.float32))


def _folded(module: Any, factor: NDArray[np.float64], offset: NDArray[np.float64]) -> Weights:
    weight = _numbers(module.weight)
    bias = np.zeros(len(weight)) if module.bias is None else _numbers(module.bias)
    spread = factor.reshape(-1, *(1,) * (weight.ndim - 1))
    return Weights((weight * spread).astype(np.float32), (bias * factor + offset).astype(np.float32))


def _numbers(tensor: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = tensor.detach().cpu().numpy().astype(np.float64)
    return found
