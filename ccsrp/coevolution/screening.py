"""Which candidates deserve an evaluation.

Evaluations are what a search pays for, candidates are nearly free. A surrogate model that learns from every
evaluation picks, out of many candidates, those that promise the largest gain in hypervolume.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import moocore
import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from threadpoolctl import ThreadpoolController

from ccsrp.coevolution.snapshot import Snapshot
from ccsrp.coevolution.surrogate import Surrogate
from ccsrp.errors import RunError
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["Screening", "pick_by_hypervolume"]

# Masks that the surrogate learns from at most, so that neither time nor memory grow with the search. Beyond
# them, this share is kept to go on from.
LEARNED_FROM = 2000
KEPT_SHARE = 0.75
# Generations from one tuning of the surrogate to the next, once it has seen some.
TUNED_EVERY = 4
ALWAYS_TUNED = 60


class Screening:
    """Learns what masks are worth and picks the most promising of many.

    Parameters
    ----------
    space : FilterSpace
    reference_point : float64 [n_obj]
    optimism : float
        Standard deviations by which a guess is taken to be better than its mean.
    cost : callable, optional
        Exact costs of masks, bool [N, n_var] -> float64 [N]; by default they are guessed as well. Guidance
        takes the filters of one layer to cost alike; picking does not.
    """

    def __init__(
        self,
        space: FilterSpace,
        *,
        reference_point: FloatArray,
        optimism: float,
        cost: Callable[[BoolArray], FloatArray] | None,
    ) -> None:
        self._space = space
        self._reference_point = reference_point
        self._optimism = optimism
        self._cost = cost
        self._surrogate = Surrogate(space.sizes)
        self._masks = np.empty((0, space.n_var), dtype=bool)
        self._objectives = np.empty((0, len(reference_point)))
        self._fits = 0
        # On one thread sums are rounded alike whatever the number of cores (not on every processor: linear
        # algebra has its own code for each), and these are small.
        self._threads = ThreadpoolController()

    def learn(self, masks: BoolArray, objectives: FloatArray) -> None:
        """Take in masks, bool [N, n_var], and what they were worth, float64 [N, n_obj]."""
        self._masks = np.concatenate([self._masks, masks])
        self._objectives = np.concatenate([self._objectives, objectives])
        if len(self._masks) > LEARNED_FROM:
            kept = self._newest_and_best(int(LEARNED_FROM * KEPT_SHARE))
            self._masks, self._objectives = self._masks[kept], self._objectives[kept]

    def state(self) -> Snapshot:
        """Write down what was learned from, and how."""
        learned = Snapshot({"masks": self._masks, "objectives": self._objectives}, {"fits": self._fits})
        return Snapshot.joined({"learned": learned, "surrogate": self._surrogate.state()})

    def restore(self, state: Snapshot) -> None:
        """Go on from what another screening of the same space has written down."""
        learned = state.inside("learned")
        self._masks = learned.array("masks", bool, None, self._space.n_var)
        count = len(self._masks)
        if not count:
            raise RunError("the stored state of the search does not fit: its surrogate has seen nothing")
        self._objectives = learned.array("objectives", float, count, len(self._reference_point))
        self._fits = learned.count("fits")
        self._surrogate.restore(
            state.inside("surrogate"), n_values=len(self._reference_point) - (self._cost is not None)
        )

    def refit(self) -> None:
        """Bring the surrogate up to date."""
        values = self._objectives if self._cost is None else self._objectives[:, :-1]
        tune = len(self._masks) < ALWAYS_TUNED or self._fits % TUNED_EVERY == 0
        with self._threads.limit(limits=1, user_api="blas"):
            self._surrogate.fit(self._masks, values, tune=tune)
        self._fits += 1

    def _newest_and_best(self, most: int) -> np.ndarray:
        """Choose that many at most: the newest half, and the best of what came before."""
        count = len(self._masks)
        newest = count - most // 2
        wanted = most - most // 2
        _, rank = NonDominatedSorting().do(
            self._objectives[:newest], return_rank=True, n_stop_if_ranked=wanted
        )
        best = np.argsort(rank, kind="stable")[:wanted]
        return np.concatenate([np.sort(best), np.arange(newest, count)])

    def worth_of_flips(self, masks: BoolArray, weights: FloatArray) -> FloatArray:
        """Guess how a weighted sum of the objectives changes with each single filter.

        Parameters
        ----------
        masks : bool [N, n_var]
        weights : float64 [N, n_obj]
            Of the objectives in standard deviations of what was seen so far, for each mask its own.

        Returns
        -------
        float64 [N, n_var]
            Below 0 where a flip is for the better.
        """
        spread = self._objectives.std(axis=0)
        scaled = weights / np.where(spread > 0, spread, 1.0)
        with self._threads.limit(limits=1, user_api="blas"):
            changes = self._surrogate.change_by_flip(masks)
        worth = np.zeros(masks.shape)
        for change, weight in zip(changes, scaled.T, strict=False):
            change *= weight[:, None].astype(np.float32)
            worth += change
        if self._cost is not None:
            self._add_cost_of_flips(worth, masks, scaled[:, -1])
        return worth

    def _add_cost_of_flips(self, worth: FloatArray, masks: BoolArray, weight: FloatArray) -> None:
        """Measure it on one filter kept and one removed of each layer; a layer's filters cost alike."""
        assert self._cost is not None
        rows = np.arange(len(masks))
        others = np.repeat(masks[None], 1 + 2 * self._space.n_layers, axis=0)
        for fewer, more, part in zip(others[1::2], others[2::2], self._space.slices, strict=True):
            fewer[rows, part.start + masks[:, part].argmax(axis=1)] = False
            more[rows, part.start + masks[:, part].argmin(axis=1)] = True
            fewer[:, part] |= ~fewer[:, part].any(axis=1, keepdims=True)  # an empty layer has no cost
        costs = self._cost(others.reshape(-1, self._space.n_var)).reshape(len(others), -1)
        changes = (costs[1:] - costs[0]) * weight
        for down, up, part in zip(changes[::2], changes[1::2], self._space.slices, strict=True):
            worth[:, part] += np.where(masks[:, part], down[:, None], up[:, None])

    def pick(self, candidates: BoolArray, known: FloatArray, count: int) -> np.ndarray:
        """Pick ``count`` candidates, bool [N, n_var], that together promise most beyond ``known`` points.

        Returns
        -------
        int [min(count, N)]
            Rows of ``candidates``, the most promising first.
        """
        with self._threads.limit(limits=1, user_api="blas"):
            guess = self._surrogate.guess(candidates)
        cost = None if self._cost is None else self._cost(candidates)
        picked: list[int] = []
        optimism = self._optimism
        # Where nothing promises a gain, more optimism tells what is least sure to bring none.
        for _ in range(4):
            hoped = np.clip(guess.mean - optimism * guess.deviation, 0, 1)
            if cost is not None:
                hoped = np.column_stack([hoped, cost])
            left = np.setdiff1d(np.arange(len(candidates)), picked)
            points = np.concatenate([known, hoped[picked]])
            picked += [
                int(left[row])
                for row in pick_by_hypervolume(
                    hoped[left], points, count - len(picked), reference_point=self._reference_point
                )
            ]
            if len(picked) >= min(count, len(candidates)):
                return np.array(picked)
            optimism = max(1.0, 2 * optimism)
        left = np.setdiff1d(np.arange(len(candidates)), picked)
        unsure = left[np.argsort(-guess.deviation[left].sum(axis=1), kind="stable")]
        return np.array([*picked, *unsure[: count - len(picked)].tolist()], dtype=int)


def pick_by_hypervolume(
    points: FloatArray, known: FloatArray, count: int, *, reference_point: FloatArray
) -> list[int]:
    """Pick points one after another, each time the one that adds most hypervolume; none that adds nothing.

    Parameters
    ----------
    points : float64 [N, n_obj]
    known : float64 [n, n_obj]
    count : int
        How many at most.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]])
    >>> pick_by_hypervolume(points, np.empty((0, 2)), 2, reference_point=np.ones(2))
    [0, 2]
    """
    front = known[moocore.is_nondominated(known)] if len(known) else known
    boxes = np.clip(reference_point - points, 0, None).prod(axis=1).tolist()
    measure = moocore.Hypervolume(ref=reference_point)

    def gain(row: int) -> float:
        """Its own box, less what of the box others cover already."""
        box: float = boxes[row]
        if box == 0 or not len(front):
            return box
        return box - float(measure(np.maximum(front, points[row])))

    # What others dominate adds nothing; to tell that is cheaper than to measure it.
    dominated = np.any(np.all(front[None] <= points[:, None], axis=2), axis=1)
    # A gain only shrinks as more is picked: what was best, looked at again and still best, is the best.
    queue = [(-gain(int(row)), int(row), 0) for row in np.flatnonzero(~dominated)]
    heapq.heapify(queue)
    picked: list[int] = []
    while queue and len(picked) < count:
        negative, row, looked_at = heapq.heappop(queue)
        if -negative <= 1e-12:
            break
        if looked_at < len(picked):
            heapq.heappush(queue, (-gain(row), row, len(picked)))
        else:
            picked.append(row)
            front = np.concatenate([front, points[row : row + 1]])
    return picked
