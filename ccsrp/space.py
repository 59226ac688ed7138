"""The search space: named layers of filters, laid end to end in one boolean mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccsrp.errors import MaskError

__all__ = ["BoolArray", "FilterSpace", "FloatArray", "lifted"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FilterSpace:
    """The filters that a search may remove, layer by layer.

    A mask is a boolean vector of length ``n_var``; ``True`` keeps a filter. Every layer must keep at
    least one.

    Parameters
    ----------
    names : tuple of str
        One name a layer, in the order in which the layers lie in a mask.
    sizes : tuple of int
        Number of filters of each layer, each at least 1.

    Examples
    --------
    >>> space = FilterSpace(names=("conv1", "conv2"), sizes=(2, 3))
    >>> space.n_var
    5
    >>> space.to_string(space.full())
    '11111'
    >>> [part.tolist() for part in space.split(space.from_string("10110"))]
    [[True, False], [True, True, False]]
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.sizes) or not self.sizes:
            raise MaskError(
                f"a filter space needs one size for each layer and at least one layer, "
                f"got {len(self.names)} names and {len(self.sizes)} sizes"
            )
        if len(set(self.names)) != len(self.names):
            raise MaskError(f"layer names must differ from each other, got {list(self.names)}")
        if min(self.sizes) < 1:
            raise MaskError(f"every layer needs at least one filter, got sizes {list(self.sizes)}")

    @property
    def n_var(self) -> int:
        """Length of a mask: the number of filters of all layers."""
        return sum(self.sizes)

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.sizes)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each layer lies in a mask."""
        ends = np.cumsum(self.sizes).tolist()
        return tuple(slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True))

    def full(self) -> BoolArray:
        """Return the mask that keeps every filter, bool [n_var]."""
        return np.ones(self.n_var, dtype=bool)

    def split(self, masks: BoolArray) -> list[BoolArray]:
        """Cut masks, bool [..., n_var], into one array a layer, bool [..., size]."""
        return [masks[..., part] for part in self.slices]

    def counts(self, masks: BoolArray) -> NDArray[np.int64]:
        """Count the kept filters of each layer: bool [N, n_var] -> int64 [N, n_layers]."""
        starts = [part.start for part in self.slices]
        # As small integers: to add booleans takes more than twice as long.
        return np.add.reduceat(masks.view(np.uint8), starts, axis=-1, dtype=np.int64)

    def empty_layers(self, masks: BoolArray) -> BoolArray:
        """Tell which masks leave some layer without a filter: bool [N, n_var] -> bool [N]."""
        empty: BoolArray = (self.counts(masks) == 0).any(axis=-1)
        return empty

    def check(self, masks: ArrayLike) -> BoolArray:
        """Return ``masks`` as bool [N, n_var], or say what is wrong with them.

        Raises
        ------
        MaskError
            Not boolean, not two-dimensional, of another length, or a layer kept no filter.
        """
        try:
            array = np.asarray(masks)
        except ValueError:
            raise MaskError("masks must be rows of one length, got rows of several") from None
        if array.dtype != np.bool_:
            raise MaskError(
                f"masks must be boolean (True keeps a filter), got dtype {array.dtype}; "
                f"convert with masks.astype(bool)"
            )
        if array.ndim != 2 or array.shape[1] != self.n_var:
            raise MaskError(
                f"masks must have shape [N, {self.n_var}], got {list(array.shape)}; "
                f"pass a single mask as mask[None, :]"
            )
        if len(array):
            bad = self.counts(array) == 0
            if bad.any():
                row, layer = np.argwhere(bad)[0]
                raise MaskError(
                    f"mask {row} keeps no filter in layer {self.names[layer]!r}; "
                    f"every layer must keep at least one"
                )
        return array

    def random(self, n: int, *, keep: ArrayLike, rng: np.random.Generator) -> BoolArray:
        """Draw masks that keep each filter with probability ``keep`` (a number, or one a mask)."""
        rates = np.broadcast_to(np.asarray(keep, dtype=float), (n,))
        masks: BoolArray = rng.random((n, self.n_var)) < rates[:, None]
        return self.repair(masks, rng=rng)

    def repair(self, masks: BoolArray, *, rng: np.random.Generator) -> BoolArray:
        """Return a copy in which every layer that kept no filter keeps one, drawn at random."""
        repaired = masks.copy()
        for row, layer in np.argwhere(self.counts(masks) == 0):
            part = self.slices[layer]
            repaired[row, rng.integers(part.start, part.stop)] = True
        return repaired

    def to_string(self, mask: BoolArray) -> str:
        """Write one mask as a string of 0 and 1, layer by layer."""
        return "".join("1" if kept else "0" for kept in mask)

    def from_string(self, text: str) -> BoolArray:
        """Read a mask that ``to_string`` wrote.

        Raises
        ------
        MaskError
            Wrong length, characters other than 0 and 1, or a layer kept no filter.
        """
        if len(text) != self.n_var or set(text) - {"0", "1"}:
            raise MaskError(
                f"a mask of this network is a string of {self.n_var} characters 0 or 1, got "
                f"{len(text)} characters: {text[:40]!r}"
            )
        mask: BoolArray = self.check(np.array([[c == "1" for c in text]]))[0]
        return mask


def lifted(base: BoolArray, masks: BoolArray) -> BoolArray:
    """Write masks over the filters that ``base`` keeps as masks over all filters.

    Parameters
    ----------
    base : bool [n_var]
    masks : bool [..., number of filters that ``base`` keeps]

    Returns
    -------
    bool [..., n_var]

    Examples
    --------
    >>> lifted(np.array([True, False, True]), np.array([False, True])).tolist()
    [False, False, True]
    """
    wholes = np.zeros((*masks.shape[:-1], len(base)), dtype=bool)
    wholes[..., base] = masks
    return wholes
