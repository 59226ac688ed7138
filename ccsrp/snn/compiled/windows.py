"""Which inputs a pooling layer reads for each of its outputs, an axis at a time."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Windows", "adaptive_windows", "pool_windows"]

# (start, end, divisor) of each output along one axis; a window's divisor is the product over both axes.
Windows = tuple[tuple[int, int, int], ...]


def pool_windows(pool: Any, rows: int, columns: int) -> tuple[Windows, Windows]:
    """List the windows of torch's ``MaxPool2d`` or ``AvgPool2d``."""
    kernels, paddings = _pair(pool.kernel_size), _pair(pool.padding)
    strides = kernels if pool.stride is None else _pair(pool.stride)
    count_padding = getattr(pool, "count_include_pad", False)
    first, second = (
        _axis(size, kernel, stride, padding, pool.ceil_mode, count_padding)
        for size, kernel, stride, padding in zip((rows, columns), kernels, strides, paddings, strict=True)
    )
    return first, second


def adaptive_windows(pool: Any, rows: int, columns: int) -> tuple[Windows, Windows]:
    """List the windows of torch's ``AdaptiveAvgPool2d``."""
    first, second = (
        tuple(
            (start, end, end - start)
            for start, end in ((i * size // count, math.ceil((i + 1) * size / count)) for i in range(count))
        )
        for size, count in zip(
            (rows, columns),
            (
                size if out is None else out
                for size, out in zip((rows, columns), _pair(pool.output_size), strict=True)
            ),
            strict=True,
        )
    )
    return first, second


def _pair(value: Any) -> tuple[Any, Any]:
    return (value[0], value[-1]) if isinstance(value, (tuple, list)) else (value, value)


def _axis(size: int, kernel: int, stride: int, padding: int, ceil: bool, count_padding: bool) -> Windows:
    span = size + 2 * padding - kernel
    count = (math.ceil(span / stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1  # torch: the last window must start inside the input or its left padding
    windows = []
    for i in range(count):
        start = i * stride - padding
        end = min(start + kernel, size + padding)
        inside = (max(start, 0), min(end, size))
        windows.append((*inside, end - start if count_padding else inside[1] - inside[0]))
    return tuple(windows)
