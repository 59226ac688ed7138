"""A made-up network of any size whose true front is known: pathways through layers."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ccsrp.checks import check_count, check_seed
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FilterSpace, FloatArray
from problems.base import PruningProblem

__all__ = ["PathwayPruning"]


class PathwayPruning(PruningProblem):
    """Filters form pathways, one a layer; about a third serve accuracy, a third robustness, the rest nothing.

    With ``j`` of its ``L`` filters kept (L layers), a pathway is worth ``(1 - interaction) * j / L``, and
    1 when it is whole. An accuracy pathway adds its worth to accuracy, a robustness pathway to robust
    accuracy, each as a share of all of its kind (as many as a third of the smallest layer has filters);
    ``cost`` is the share of filters kept. Which filters form a pathway is drawn anew for each ``instance``.

    A worth that is convex in ``j`` makes it best to fill pathway after pathway, so that the front is known
    for every size: every pair of numbers of useful filters, ``a`` for accuracy and ``r`` for robustness.

    Parameters
    ----------
    n_var : int
        Filters in all, at least 3 a layer; what does not divide by the layers goes to the first ones.
    n_layers : int
        At least 2.
    interaction : float
        From 0 (every filter counts alone, layers do not interact) to 1 (a filter counts only with those of
        all other layers that it works with).
    instance : int
        Fixes which filters belong together.

    Examples
    --------
    >>> problem = PathwayPruning(n_var=12, n_layers=2, interaction=1.0)
    >>> problem.evaluate(problem.space.full()[None]).tolist()
    [[0.0, 0.0, 1.0]]
    >>> problem.pareto_front().round(2).tolist()[:2]
    [[0.0, 0.0, 0.67], [0.0, 0.5, 0.5]]
    """

    # A front has as many points as there are pairs of useful filters; more than this are not listed.
    LISTABLE = 4_000_000
    # Filters at most: more do not fit into the memory of a search.
    LARGEST = 10_000_000

    def __init__(
        self, *, n_var: int = 120, n_layers: int = 4, interaction: float = 0.5, instance: int = 0
    ) -> None:
        check_count("n_var", n_var, most=self.LARGEST)
        if n_layers < 2 or n_var < 3 * n_layers:
            raise OptionError(
                f"pathways need at least 2 layers of at least 3 filters, got n_var={n_var} in "
                f"{n_layers} layers"
            )
        if not 0 <= interaction <= 1:
            raise OptionError(f"interaction must lie in [0, 1], got {interaction}")
        check_seed(instance)
        sizes = [n_var // n_layers + (layer < n_var % n_layers) for layer in range(n_layers)]
        super().__init__(FilterSpace(names=tuple(f"layer{i}" for i in range(n_layers)), sizes=tuple(sizes)))
        self.interaction = interaction
        self.instance = instance
        self.pathways = min(sizes) // 3
        rng = np.random.default_rng(instance)
        # [pathway, layer] -> place in the mask; the first half of the rows serve accuracy.
        self._members: NDArray[np.intp] = np.stack(
            [
                part.start + rng.permutation(size)[: 2 * self.pathways]
                for part, size in zip(self.space.slices, sizes, strict=True)
            ],
            axis=1,
        )
        self.provenance = {"interaction": interaction, "instance": instance}

    def _judge(self, masks: BoolArray) -> FloatArray:
        objectives = np.empty((len(masks), 3))
        objectives[:, 2] = self.exact_cost(masks)
        kept = np.zeros((len(masks), 2 * self.pathways), dtype=np.intp)
        for layer in range(self.space.n_layers):
            kept += masks[:, self._members[:, layer]]
        for column in range(2):
            mine = kept[:, column * self.pathways : (column + 1) * self.pathways]
            whole = (mine == self.space.n_layers).sum(axis=1)
            # Integers first: the sum must not depend on the order of the pathways.
            objectives[:, column] = 1 - self._share(whole, mine.sum(axis=1) - whole * self.space.n_layers)
        return objectives

    def exact_cost(self, masks: BoolArray, /) -> FloatArray:
        """Return the share of filters kept, float64 [N]."""
        share: FloatArray = masks.sum(axis=1) / self.n_var
        return share

    def _share(self, whole: NDArray[np.intp], loose: NDArray[np.intp]) -> FloatArray:
        """Return the share of all worth that whole pathways and filters of broken ones have."""
        partial = (1 - self.interaction) * loose / self.space.n_layers
        share: FloatArray = (whole + partial) / self.pathways
        return share

    @cached_property
    def _best_share(self) -> FloatArray:
        """The largest share of one kind for each number of useful filters, float64 [pathways * L + 1]."""
        whole, loose = np.divmod(np.arange(self.pathways * self.space.n_layers + 1), self.space.n_layers)
        return self._share(whole, loose)

    @cached_property
    def max_hypervolume(self) -> float:
        """Hypervolume of the true front against ``reference_point``, in closed form for every size."""
        gain = np.diff(self._best_share)  # of the first, second, ... useful filter of a kind
        number = np.arange(1, len(gain) + 1)
        # What filter a wins of accuracy, with what filter r wins of robust accuracy, costs a + r filters.
        volume = gain.sum() ** 2 - 2 * gain.sum() * float(gain @ number) / self.n_var
        # Fewer than one filter a layer cannot be kept.
        few = min(len(gain), self.space.n_layers)
        missing = self.space.n_layers - (number[:few, None] + number[None, :few])
        volume -= float((gain[:few, None] * gain[None, :few] * np.clip(missing, 0, None)).sum()) / self.n_var
        return float(volume)

    def _front_counts(self) -> NDArray[np.intp]:
        """Return the pairs (a, r) of the front, cheapest last, intp [n, 2]."""
        useful = np.arange(len(self._best_share))
        if self.interaction == 1:
            useful = useful[:: self.space.n_layers]
        if len(useful) ** 2 > self.LISTABLE:
            raise OptionError(
                f"the front of {self.n_var} filters has {len(useful) ** 2} points, too many to list; "
                f"max_hypervolume is known all the same"
            )
        pairs = np.stack(np.meshgrid(useful, useful, indexing="ij"), axis=-1).reshape(-1, 2)
        pairs = pairs[pairs.sum(axis=1) >= self.space.n_layers]
        order = np.lexsort((-pairs[:, 0], -pairs.sum(axis=1)))
        counts: NDArray[np.intp] = pairs[order]
        return counts

    def _calc_pareto_set(self) -> BoolArray:
        counts = self._front_counts()
        masks = np.zeros((len(counts), self.n_var), dtype=bool)
        layers = self.space.n_layers
        accuracy = self._members[: self.pathways].ravel()
        # Filters of a robustness pathway are taken from the last layer back, so that two pathways that are
        # both begun, neither whole, together reach every layer.
        robust = self._members[self.pathways :, ::-1].ravel()
        assert len(accuracy) == len(robust) == self.pathways * layers
        masks[:, accuracy] = np.arange(len(accuracy)) < counts[:, :1]
        masks[:, robust] = np.arange(len(robust)) < counts[:, 1:]
        return masks

    def _calc_pareto_front(self) -> FloatArray:
        counts = self._front_counts()
        return np.stack(
            [
                1 - self._best_share[counts[:, 0]],
                1 - self._best_share[counts[:, 1]],
                counts.sum(axis=1) / self.n_var,
            ],
            axis=1,
        )
