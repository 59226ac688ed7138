"""What is special to CCSRP and CCEP: finalists, rounds, steps."""

from __future__ import annotations

import numpy as np
import pytest

from ccsrp.coevolution.archive import Archive
from ccsrp.errors import OptionError
from ccsrp.methods import ccep, ccsrp
from ccsrp.methods.interface import FineTuning, Task
from problems import DigitsPruning

TINY = FineTuning(epochs=2, images=64, attack_steps=1)


def archive_of(problem: DigitsPruning, count: int = 30) -> Archive:
    rng = np.random.default_rng(0)
    masks = problem.space.random(count, keep=np.linspace(0.4, 0.95, count), rng=rng)
    cost = problem.cost(masks)
    archive = Archive(n_var=problem.space.n_var, reference_point=problem.reference_point)
    archive.add(masks, np.column_stack([1 - cost, 0.5 * (1 - cost), cost]))
    return archive


@pytest.mark.parametrize("target", [0.6, 0.35])
def test_finalists_spend_the_target_in_different_ways(digits: DigitsPruning, target: float) -> None:
    found = ccsrp._finalists(digits, archive_of(digits), target, 8, np.random.default_rng(0))
    costs = digits.cost(found)
    assert ((costs <= target) & (costs > 0.93 * target)).all()
    assert len({mask.tobytes() for mask in found}) == 8
    assert len({tuple(row) for row in digits.space.counts(found)}) >= 6
    shares = digits.space.counts(found)[4] / digits.space.sizes
    assert np.ptp(shares) < 0.15, "one finalist has all layers equally thinned"


def test_a_target_that_the_search_never_came_near_is_refused(digits: DigitsPruning) -> None:
    with pytest.raises(OptionError, match="larger budget"):
        ccsrp._finalists(digits, archive_of(digits), 0.01, 8, np.random.default_rng(0))


def test_rounds_share_budget_and_epochs(digits: DigitsPruning) -> None:
    task = Task(digits, TINY, budget=60, seed=1)
    (pruned,) = ccsrp.prune(task, [0.5], rounds=2, finalists=1)
    assert (pruned.evaluations, pruned.epochs) == (60, TINY.epochs)
    assert pruned.mask is not None
    assert digits.cost(pruned.mask[None])[0] <= 0.5
    with pytest.raises(OptionError, match="rounds from 1 to the epochs"):
        list(ccsrp.prune(task, [0.5], rounds=3))


@pytest.mark.parametrize(("layer", "size"), [(0, 16), (2, 40)])
def test_a_round_of_ccep_takes_at_most_a_tenth_of_a_layer(
    digits: DigitsPruning, layer: int, size: int, rng: np.random.Generator
) -> None:
    part = ccep.LayerEvolution(generations=2).best_part(digits, layer, rng)
    assert part.shape == (size,)
    assert 1 <= (~part).sum() <= max(1, size // 10)


def test_ccep_says_how_far_it_got(digits: DigitsPruning) -> None:
    short = ccep.LayerEvolution(population=2, generations=1)
    with pytest.raises(OptionError, match=r"target 0.2 in 1 rounds: it got to 0.[89]"):
        list(ccep.prune(Task(digits, TINY, seed=0), [0.2], evolution=short, rounds=1))
