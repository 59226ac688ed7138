"""The state of a search as named arrays and numbers, so that it can be written down and gone on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ccsrp.errors import RunError

__all__ = ["Snapshot", "generator_state", "restore_generator"]

Value = TypeVar("Value", int, float, str)


@dataclass(frozen=True)
class Snapshot:
    """What a search has to remember.

    Parameters
    ----------
    arrays : mapping of str to array
    values : mapping of str to int, float or str

    Examples
    --------
    >>> whole = Snapshot.joined({"layer": Snapshot(values={"count": 3})})
    >>> whole.inside("layer").value("count", int)
    3
    """

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    values: Mapping[str, int | float | str] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Mapping[str, Snapshot]) -> Snapshot:
        """Put parts under their names."""
        return cls(
            {f"{part}/{name}": array for part, of in parts.items() for name, array in of.arrays.items()},
            {f"{part}/{name}": value for part, of in parts.items() for name, value in of.values.items()},
        )

    def inside(self, part: str) -> Snapshot:
        """Return what lies under a name."""
        lead = f"{part}/"
        return Snapshot(
            {name[len(lead) :]: array for name, array in self.arrays.items() if name.startswith(lead)},
            {name[len(lead) :]: value for name, value in self.values.items() if name.startswith(lead)},
        )

    def array(self, name: str, dtype: type[Any], *shape: int | None, finite: bool = True) -> NDArray[Any]:
        """Return an array of that dtype and shape; ``None`` stands for any length.

        Raises
        ------
        RunError
            There is none, it is another, or a value is not a number or, where it must be ``finite``, not.
        """
        array = self.arrays.get(name)
        if (
            array is None
            or array.dtype != np.dtype(dtype)
            or array.ndim != len(shape)
            or any(wanted not in (None, length) for wanted, length in zip(shape, array.shape, strict=True))
        ):
            found = "nothing" if array is None else f"{array.dtype} {list(array.shape)}"
            raise RunError(
                f"the stored state of the search does not fit: {name!r} should be {np.dtype(dtype)} "
                f"{[length if length is not None else 'any' for length in shape]}, got {found}"
            )
        if np.isnan(array).any() or (finite and np.isinf(array).any()):
            raise RunError(f"the stored state of the search does not fit: {name!r} holds no finite numbers")
        return array.copy()

    def count(self, name: str) -> int:
        """Return a whole number from 0 on.

        Raises
        ------
        RunError
            There is none, it is below 0, or beyond all counting.
        """
        number = self.value(name, int)
        if not 0 <= number < 2**53:
            raise RunError(
                f"the stored state of the search does not fit: {name!r} should be a number from 0, "
                f"got {number!r:.40}"
            )
        return number

    def value(self, name: str, kind: type[Value]) -> Value:
        """Return a value of that kind.

        Raises
        ------
        RunError
            There is none, or it is of another kind.
        """
        value = self.values.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise RunError(
                f"the stored state of the search does not fit: {name!r} should be {kind.__name__}, "
                f"got {value!r:.40}"
            )
        return value


def generator_state(generator: np.random.Generator) -> str:
    """Write down where a random generator stands."""
    return json.dumps(generator.bit_generator.state)


def restore_generator(generator: np.random.Generator, state: str) -> None:
    """Put a random generator where another of its kind stood.

    Raises
    ------
    RunError
        The text does not say where.
    """
    try:
        generator.bit_generator.state = json.loads(state)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise RunError(
            f"the stored state of the search does not fit: its random numbers are unreadable ({error})"
        ) from None
