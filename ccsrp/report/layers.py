"""Which filters the members of a front keep: a share a layer, and how often each filter is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccsrp.report.record import RunRecord
from ccsrp.space import FloatArray

__all__ = ["LayersInfo", "layers_info"]


@dataclass(frozen=True)
class LayersInfo:
    """Filters kept over a front.

    Attributes
    ----------
    members : int64 [N]
    names : tuple of str
        Layers, L of them.
    sizes : tuple of int
        Filters of each layer.
    share : float64 [N, L]
        Share of a layer's filters that a member keeps, in (0, 1].
    frequency : tuple of float64 [size]
        For each layer: the share of members that keep each filter, in [0, 1].
    """

    members: NDArray[np.int64]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    share: FloatArray
    frequency: tuple[FloatArray, ...]


def layers_info(record: RunRecord) -> LayersInfo | None:
    """Count the kept filters of a front; ``None`` where its layers are not known."""
    space = record.layers
    if space is None:
        return None
    masks = np.array([space.from_string(str(mask)) for mask in record.front["mask"]])
    return LayersInfo(
        members=record.front["member"].to_numpy(dtype=np.int64),
        names=space.names,
        sizes=space.sizes,
        share=space.counts(masks) / np.array(space.sizes, dtype=float),
        frequency=tuple(part.mean(axis=0) for part in space.split(masks)),
    )
