"""A cost that a user brings: exact, checked, and of the first network's filters for ever."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import ccsrp
from ccsrp.coevolution.rounds import RoundSettings, run_rounds
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import MaskError, OptionError
from ccsrp.space import FilterSpace
from problems import DigitsPruning

OPTIONS = {"steps": 1, "validation_images": 20, "calibration_images": 32, "test_images": 10}
PRICES = np.random.default_rng(0).random(80)


def joules(masks: np.ndarray, space: FilterSpace) -> np.ndarray:
    """What a user writes first, and what numpy may round by the number of rows."""
    return masks @ PRICES / PRICES.sum()


@pytest.fixture(scope="module")
def problem() -> DigitsPruning:
    return DigitsPruning(cost=joules, **OPTIONS)


def test_it_is_the_third_objective_to_the_last_bit_in_any_company(problem: DigitsPruning) -> None:
    masks = problem.space.random(40, keep=0.5, rng=np.random.default_rng(1))
    costs = problem.exact_cost(masks)
    np.testing.assert_allclose(costs, joules(masks, problem.space), rtol=1e-12)
    assert (problem.exact_cost(masks[::-1])[::-1] == costs).all()
    assert (problem.evaluate(masks[:2])[:, 2] == costs[:2]).all()
    assert (problem.cost(masks) == costs).all()
    assert (pickle.loads(pickle.dumps(problem.portable())).exact_cost(masks) == costs).all()


def test_a_search_minimises_it_and_reports_it_beside_the_others(problem: DigitsPruning) -> None:
    front = ccsrp.search(problem, budget=5, subpopulation_size=4, batch=5).front
    masks = np.stack([problem.space.from_string(mask) for mask in front["mask"]])
    np.testing.assert_allclose(front["cost"], joules(masks, problem.space))
    assert (front["flops"] > 1).all()


def test_a_pruned_network_keeps_the_prices_of_the_filters_that_are_left(problem: DigitsPruning) -> None:
    rng = np.random.default_rng(2)
    kept = problem.space.random(1, keep=0.6, rng=rng)[0]
    once = problem.rebased(problem.network(kept), kept=kept)
    assert once.cost(once.space.full()[None])[0] == problem.cost(kept[None])[0]
    again = once.space.random(1, keep=0.6, rng=rng)[0]
    twice = once.rebased(once.network(again), kept=again)
    whole = kept.copy()
    whole[kept] = again
    assert twice.cost(twice.space.full()[None])[0] == problem.cost(whole[None])[0]
    with pytest.raises(MaskError, match="which of them are left"):
        problem.rebased(problem.network(kept))


def test_rounds_lead_to_a_target_of_it(problem: DigitsPruning) -> None:
    result = run_rounds(
        problem,
        SearchSettings(budget=5, subpopulation_size=4, batch=5),
        RoundSettings(rounds=2, target_cost=0.5),
        after=lambda number, current, mask: current.rebased(current.network(mask), kept=mask),
    )
    masks = np.stack([problem.space.from_string(mask) for mask in result.front["mask"]])
    np.testing.assert_allclose(result.front["cost"], joules(masks, problem.space))


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        (lambda masks, space: masks.sum(axis=1), r"must lie in \[0, 1\], got 80.0 for the mask 1111"),
        (lambda masks, space: masks.mean(), r"must be 1 number.*got float64 \[\]"),
        (lambda masks, space: -masks.mean(axis=1), r"must lie in \[0, 1\], got -1"),
        (lambda masks, space: masks.mean(axis=1) * np.nan, "got nan"),
        (lambda masks, space: ["cheap"], "must be 1 number"),
        (lambda masks: masks.mean(axis=1), "cannot be computed .TypeError"),
        (lambda masks, space: np.random.default_rng().random(1), "another when asked again"),
        ("joules", "choose one of flops, params, synops, or pass a function"),
    ],
)
def test_what_is_no_cost_is_refused_before_anything_is_judged(cost, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        DigitsPruning(cost=cost, **OPTIONS)


def test_a_record_says_what_it_was(problem: DigitsPruning, digits: DigitsPruning) -> None:
    assert problem.provenance["cost"] == f"{__name__}.joules"
    other = DigitsPruning(cost=lambda masks, space: masks.mean(axis=1), **OPTIONS)
    assert other.provenance["cost_code"] != problem.provenance["cost_code"]
    assert "cost" not in digits.provenance
