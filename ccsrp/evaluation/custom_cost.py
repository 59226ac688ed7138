"""A cost that a user brings, as a function of masks: joules measured on a chip, latency, cores in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ccsrp.errors import CcsrpError, MaskError, OptionError, one_line
from ccsrp.space import BoolArray, FilterSpace, FloatArray, lifted

__all__ = ["CostFunction", "CostOfRest", "check_cost", "custom_costs"]

# (masks, space) -> costs: bool [N, n_var] -> float64 [N] in [0, 1].
CostFunction: TypeAlias = Callable[[BoolArray, FilterSpace], FloatArray]


def custom_costs(cost: CostFunction, masks: BoolArray, space: FilterSpace) -> FloatArray:
    """Ask a function for the costs of masks.

    It is shown one mask at a time: sums that numpy makes in another order for another number of rows would
    let a mask's answer depend on its company.

    Parameters
    ----------
    cost : callable
        Maps masks, bool [N, n_var], and the space that they are of to costs, float64 [N] in [0, 1]; as a rule
        1 is that of the whole network.
    masks : bool [N, n_var]
    space : FilterSpace

    Raises
    ------
    OptionError
        It returned something else.

    Examples
    --------
    >>> space = FilterSpace(names=("conv1", "conv2"), sizes=(1, 3))
    >>> masks = np.array([[True, True, True, False]])
    >>> custom_costs(lambda masks, space: masks.mean(axis=1), masks, space)
    array([0.75])
    """
    return np.array([_one(cost, mask, space) for mask in masks], dtype=float)


def _one(cost: CostFunction, mask: BoolArray, space: FilterSpace) -> float:
    told = np.asarray(cost(mask[None].copy(), space))
    if told.shape != (1,) or told.dtype.kind not in "fiub":
        raise OptionError(
            f"the cost of 1 mask must be 1 number in [0, 1] (masks bool [N, n_var] to float64 [N]), got "
            f"{told.dtype} {list(told.shape)}"
        )
    value = float(told[0])
    if not 0 <= value <= 1:
        raise OptionError(
            f"a cost must lie in [0, 1], got {value} for the mask {space.to_string(mask)}; divide by the "
            f"largest that there is"
        )
    return value


def check_cost(cost: CostFunction, space: FilterSpace) -> None:
    """Try a function on a few masks, twice, before anything is judged.

    Raises
    ------
    OptionError
        It raises an error, gives no costs in [0, 1], or others when asked again.
    """
    rng = np.random.default_rng(0)
    masks = np.concatenate([space.full()[None], space.random(4, keep=0.5, rng=rng)])
    try:
        told, again = (custom_costs(cost, masks, space) for _ in range(2))
    except CcsrpError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise OptionError(
            f"the cost cannot be computed ({type(error).__name__}: {one_line(error)}); it is called with "
            f"masks, bool [1, {space.n_var}], and their FilterSpace"
        ) from error
    if not (told == again).all():
        raise OptionError("the cost of a mask is another when asked again; it must depend on the mask alone")


@dataclass(frozen=True)
class CostOfRest:
    """The cost of a network from which filters were removed for good, by the cost of the first network.

    Parameters
    ----------
    cost : callable
        Of the first network.
    space : FilterSpace
        Of the first network.
    kept : bool [n_var]
        The filters of the first network that are left.
    """

    cost: CostFunction
    space: FilterSpace
    kept: BoolArray

    def __call__(self, masks: BoolArray, space: FilterSpace) -> FloatArray:
        """Map masks of what is left to costs: see ``custom_costs``."""
        return self.cost(lifted(self.kept, masks), self.space)

    @classmethod
    def of(
        cls, cost: CostFunction, space: FilterSpace, kept: BoolArray | None, left: FilterSpace
    ) -> CostFunction:
        """Return the cost of a network whose filters are ``left``.

        Raises
        ------
        MaskError
            Filters are gone, and ``kept`` does not say which.
        """
        if kept is None:
            if left == space:
                return cost
            raise MaskError(
                "a cost of your own speaks of filters, so it must be said which of them are left: "
                "rebased(network, kept=mask)"
            )
        return cls(cost, space, space.check(kept[None])[0])
