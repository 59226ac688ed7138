"""How images are divided into train, validation and test, once and for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import DataError, one_line

__all__ = ["SPLITS", "SPLIT_SEED", "divide"]

SPLITS = ("train", "validation", "test")
# Weights that ship were trained on the train split that this seed draws; it is not an option, because
# another one would put training images into the validation split.
SPLIT_SEED = 0


def divide(labels: NDArray[np.int64], held_out: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide indices at random into the rest and ``held_out``, each with every class's share."""
    from sklearn.model_selection import train_test_split

    try:
        kept, held = train_test_split(
            np.arange(len(labels)), test_size=held_out, random_state=SPLIT_SEED, stratify=labels
        )
    except ValueError as error:
        raise DataError(f"{len(labels)} images cannot be divided by class ({one_line(error)})") from None
    return kept, held
