"""Two published procedures that no library offers."""

from __future__ import annotations

import math

import numpy as np
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from recorder import Recorder

from ccsrp.space import BoolArray, FloatArray

__all__ = ["ccep", "sparse_ea"]


def ccep(recorder: Recorder, seed: int) -> None:
    """CCEP (arXiv 2204.05639), without the fine-tuning between rounds.

    Each round and layer: 5 individuals, 10 generations, the others untouched, (mu + lambda) truncation by
    accuracy, ties to fewer filters. At most a tenth of a layer (here: at least one filter) goes in a round.
    """
    rng = np.random.default_rng(seed)
    space = recorder.space
    base = space.full()
    while True:
        spliced = base.copy()
        for part in space.slices:
            kept = np.flatnonzero(base[part])
            most = min(len(kept) - 1, max(1, math.floor(0.1 * len(kept))))
            if most < 1:
                continue

            def limited(child: BoolArray, kept: np.ndarray = kept, most: int = most) -> BoolArray:
                """Put filters back, at random, until no more than ``most`` are gone."""
                gone = kept[~child[kept]]
                if len(gone) > most:
                    child[rng.choice(gone, len(gone) - most, replace=False)] = True
                return child

            parts = np.tile(base[part], (5, 1))
            parts[1:, kept] = rng.random((4, len(kept))) < 0.95
            parts = np.array([limited(child) for child in parts])
            answers = _in_company(recorder, base, part, parts)
            for _ in range(10):
                children = parts[rng.integers(5, size=5)]
                flips = rng.random((5, len(kept))) < 0.1
                children[:, kept] ^= flips
                children = np.array([limited(child) for child in children])
                parts = np.concatenate([parts, children])
                answers = np.concatenate([answers, _in_company(recorder, base, part, children)])
                best = np.lexsort((parts.sum(axis=1), answers[:, 0]))[:5]
                parts, answers = parts[best], answers[best]
            pruned = np.flatnonzero((parts != base[part]).any(axis=1))
            spliced[part] = parts[pruned[0] if len(pruned) else 0]
        recorder.judge(spliced[None])
        if (spliced == base).all():
            # Truncation left nothing but the base: only chance can go on.
            part = space.slices[rng.integers(space.n_layers)]
            kept = part.start + np.flatnonzero(spliced[part])
            if len(kept) > 1:
                spliced[rng.choice(kept)] = False
            elif space.counts(spliced[None]).max() == 1:
                spliced = space.full()
        base = spliced


def _in_company(recorder: Recorder, base: BoolArray, part: slice, parts: BoolArray) -> FloatArray:
    wholes = np.tile(base, (len(parts), 1))
    wholes[:, part] = parts
    return recorder.judge(wholes)


def sparse_ea(recorder: Recorder, seed: int, *, population: int = 50) -> None:
    """SparseEA (Tian et al. 2020, 10.1109/TEVC.2019.2918140) inverted: sparse is what is removed.

    Each filter is scored by the front that the network without it alone falls into, which takes as many
    evaluations as there are filters. First masks remove a number of filters drawn evenly, chosen by binary
    tournaments on those scores; so do crossover and mutation. Of equal objectives one survives.
    """
    rng = np.random.default_rng(seed)
    space, size = recorder.space, recorder.space.n_var
    alone = space.repair(~np.eye(size, dtype=bool), rng=rng)
    answers = [recorder.judge(alone[i : i + 100]) for i in range(0, size, 100)]
    # Removing a filter with a low score is good.
    _, score = NonDominatedSorting().do(np.concatenate(answers), return_rank=True)

    def chosen(places: np.ndarray, *, low: bool) -> int:
        first, second = rng.choice(places, 2)
        better = score[first] <= score[second]
        return int(first if better == low else second)

    masks = np.ones((population, size), dtype=bool)
    for mask in masks:
        for _ in range(int(rng.random() * size)):
            mask[chosen(np.arange(size), low=True)] = False
    masks = space.repair(masks, rng=rng)
    values = recorder.judge(masks)
    while True:
        _, different = np.unique(values, axis=0, return_index=True)
        masks, values = masks[np.sort(different)], values[np.sort(different)]
        order = _ranked(values)[:population]
        masks, values = masks[order], values[order]
        few = len(masks)
        # The better of two by rank and crowding, which is the earlier one.
        parents = masks[np.minimum(*rng.integers(few, size=(2, 2 * population)))]
        children = parents[:population].copy()
        for child, other in zip(children, parents[population:], strict=True):
            differ = np.flatnonzero(child != other)
            if len(differ):
                kept, removed = differ[child[differ]], differ[~child[differ]]
                if rng.random() < 0.5 and len(kept):
                    child[chosen(kept, low=True)] = False
                elif len(removed):
                    child[chosen(removed, low=False)] = True
            if rng.random() < 0.5 and child.any():
                child[chosen(np.flatnonzero(child), low=True)] = False
            elif not child.all():
                child[chosen(np.flatnonzero(~child), low=False)] = True
        children = space.repair(children, rng=rng)
        masks = np.concatenate([masks, children])
        values = np.concatenate([values, recorder.judge(children)])


def _ranked(values: FloatArray) -> np.ndarray:
    """Order rows by front, then by crowding distance."""
    crowding = get_crowding_function("cd")
    order: list[int] = []
    for front in NonDominatedSorting().do(values):
        order += front[np.argsort(-crowding.do(values[front], n_remove=0), kind="stable")].tolist()
    return np.array(order)
