"""Random numbers that follow an image, whatever its batch and its place there."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["ImageNoise"]

Words: TypeAlias = NDArray[np.uint64]

# The constants of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
STRIDE = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class ImageNoise:
    """Uniform noise, drawn for each image from a key that is a hash of where its attack starts.

    The start is random and fixed by the seed, and it goes wherever its image goes. So an image meets the same
    noise alone, in a batch, and when images are put in another order.

    Parameters
    ----------
    start : float32 [N, C, H, W]
        Of ``random_start``.
    """

    def __init__(self, start: torch.Tensor) -> None:
        bits = start.detach().cpu().contiguous().numpy().view(np.uint32).reshape(len(start), -1)
        self._shape, self._device = start.shape[1:], start.device
        self._places = np.arange(1, bits.shape[1] + 1, dtype=np.uint64) * STRIDE
        self._keys: Words = _mixed(bits + self._places).sum(1, dtype=np.uint64)

    def uniform(self, chosen: torch.Tensor, *, draw: int) -> torch.Tensor:
        """Return noise in [-1, 1) for places ``chosen``, int64 [n], of the batch: float32 [n, C, H, W].

        Another ``draw`` is other noise; asked again, the same.
        """
        keys = _mixed(self._keys[chosen.cpu().numpy()] + np.uint64(draw * int(MIX_2) % 2**64))
        bits = _mixed(keys[:, None] + self._places)
        # A float32 holds 24 bits exactly.
        values = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1)
        return torch.from_numpy(values).reshape(-1, *self._shape).to(self._device)


def _mixed(words: Words) -> Words:
    """Scramble 64-bit words, one by one."""
    words = (words ^ (words >> np.uint64(30))) * MIX_1
    words = (words ^ (words >> np.uint64(27))) * MIX_2
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed
