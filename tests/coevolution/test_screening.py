"""Which candidates are picked, and what that is worth."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation
from pymoo.optimize import minimize

import ccsrp
from ccsrp.coevolution.screening import KEPT_SHARE, LEARNED_FROM, Screening, pick_by_hypervolume
from ccsrp.coevolution.search import Coevolution
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from problems import PathwayPruning, TabularPruning
from tests.conftest import SumProblem

ONES = np.ones(3)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), known=st.integers(0, 6), count=st.integers(1, 8))
def test_picking_is_greedy_in_exact_hypervolume(seed: int, known: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    points, front = rng.random((12, 3)), rng.random((known, 3))
    picked = pick_by_hypervolume(points, front, count, reference_point=ONES)
    assert len(set(picked)) == len(picked) <= count
    have = front
    for row in picked:
        gains = [moocore.hypervolume(np.vstack([have, point]), ref=ONES) for point in points]
        assert gains[row] == pytest.approx(max(gains))
        have = np.vstack([have, points[row]])
    if len(picked) < count:
        rest = moocore.hypervolume(np.vstack([have, points]), ref=ONES)
        assert rest == pytest.approx(moocore.hypervolume(have, ref=ONES))


def screening(problem: PathwayPruning, *, priced: bool = True) -> Screening:
    learner = Screening(
        problem.space,
        reference_point=problem.reference_point,
        optimism=0.7,
        cost=problem.exact_cost if priced else None,
    )
    rng = np.random.default_rng(0)
    masks = problem.space.random(80, keep=rng.uniform(0.3, 1, 80), rng=rng)
    learner.learn(masks, problem.evaluate(masks))
    learner.refit()
    return learner


@pytest.mark.parametrize("priced", [True, False])
def test_what_it_picks_is_better_than_what_it_leaves(priced: bool) -> None:
    problem = PathwayPruning(n_var=36, n_layers=3, interaction=0.3)
    learner = screening(problem, priced=priced)
    rng = np.random.default_rng(1)
    candidates = problem.space.random(200, keep=0.6, rng=rng)
    known = problem.evaluate(problem.space.random(20, keep=0.7, rng=rng))
    picked = learner.pick(candidates, known, 20)
    assert len(set(picked.tolist())) == 20
    left = np.setdiff1d(np.arange(200), picked)

    def volume(rows: np.ndarray) -> float:
        return float(moocore.hypervolume(np.vstack([known, problem.evaluate(candidates[rows])]), ref=ONES))

    random = [volume(rng.choice(left, 20, replace=False)) for _ in range(50)]
    assert volume(picked) > np.quantile(random, 0.95)


def test_it_always_picks_as_many_as_asked_for_or_all() -> None:
    problem = PathwayPruning(n_var=36, n_layers=3)
    learner = screening(problem)
    candidates = problem.space.random(15, keep=0.6, rng=np.random.default_rng(1))
    hopeless = np.zeros((1, 3))  # nothing can add to a perfect network
    assert len(learner.pick(candidates, hopeless, 10)) == 10
    assert sorted(learner.pick(candidates, hopeless, 40).tolist()) == list(range(15))


def test_changes_of_cost_are_exact() -> None:
    problem = TabularPruning("digits-16")
    learner = Screening(problem.space, reference_point=ONES, optimism=1.0, cost=problem.exact_cost)
    masks = problem.space.random(30, keep=0.7, rng=np.random.default_rng(0))
    objectives = problem.evaluate(masks)
    learner.learn(masks, objectives)
    learner.refit()
    only_cost = np.tile([0.0, 0.0, 1.0], (30, 1))
    changes = learner.worth_of_flips(masks, only_cost) * objectives[:, 2].std()
    for row, mask in enumerate(masks):
        for bit in range(problem.n_var):
            flipped = mask.copy()
            flipped[bit] ^= True
            if not problem.space.empty_layers(flipped[None])[0]:
                difference = problem.evaluate(flipped[None])[0, 2] - objectives[row, 2]
                assert changes[row, bit] == pytest.approx(difference)


def test_learning_from_more_than_it_can_hold_keeps_the_newest_and_the_best() -> None:
    problem = PathwayPruning(n_var=36, n_layers=3)
    learner = Screening(problem.space, reference_point=ONES, optimism=1.0, cost=problem.exact_cost)
    rng = np.random.default_rng(0)
    count = LEARNED_FROM + 1
    masks = problem.space.random(count, keep=rng.uniform(0.3, 1, count), rng=rng)
    objectives = problem.evaluate(masks)
    learner.learn(masks, objectives)
    kept = learner.state().inside("learned").arrays["masks"]
    assert len(kept) == KEPT_SHARE * LEARNED_FROM
    newest = len(kept) // 2
    assert (kept[-newest:] == masks[-newest:]).all()
    best = masks[:-newest][moocore.is_nondominated(objectives[:-newest])]
    assert {mask.tobytes() for mask in best} <= {mask.tobytes() for mask in kept}


def test_what_is_kept_to_learn_from_does_not_grow_with_the_search() -> None:
    problem = PathwayPruning(n_var=36, n_layers=3)
    learner = Screening(problem.space, reference_point=ONES, optimism=1.0, cost=problem.exact_cost)
    rng = np.random.default_rng(0)
    sizes = []
    for _ in range(14):
        masks = problem.space.random(500, keep=rng.uniform(0.3, 1, 500), rng=rng)
        learner.learn(masks, problem.evaluate(masks))
        kept = learner.state().inside("learned").arrays["masks"]
        assert (kept[-500:] == masks).all(), "the newest are there"
        sizes.append(len(kept))
    assert max(sizes) <= LEARNED_FROM
    assert min(sizes[-5:]) >= KEPT_SHARE * LEARNED_FROM


def hypervolume(problem, seed: int, **options) -> float:
    return ccsrp.search(problem, budget=250, seed=seed, **options).archive.hypervolume()


def flat_nsga2(problem, seed: int) -> float:
    rng = np.random.default_rng(seed)
    algorithm = NSGA2(
        pop_size=25,
        sampling=problem.space.random(25, keep=np.linspace(0.95, 0.5, 25), rng=rng),
        crossover=UniformCrossover(),
        mutation=BitflipMutation(),
    )
    result = minimize(problem, algorithm, ("n_eval", 250), seed=seed, save_history=True)
    seen = np.concatenate([step.pop.get("F") for step in result.history])
    return float(moocore.hypervolume(seen, ref=ONES))


@pytest.mark.parametrize("name", ["digits-15", "pathways"])
def test_a_screened_search_beats_one_without_and_flat_nsga2(name: str) -> None:
    problem = TabularPruning(name) if name == "digits-15" else PathwayPruning(n_var=60)
    seeds = range(5)
    screened = np.median([hypervolume(problem, seed) for seed in seeds])
    plain = np.median([hypervolume(problem, seed, screening="none") for seed in seeds])
    flat = np.median([flat_nsga2(problem, seed) for seed in seeds])
    assert screened > 1.03 * max(plain, flat)


def test_costs_that_must_be_measured_are_guessed_too() -> None:
    problem = TabularPruning("digits-14", objectives=("error", "robust_error", "synops"))
    assert problem.exact_cost(problem.space.full()[None]) is None
    found = hypervolume(problem, 0)
    assert found > 0.9 * problem.max_hypervolume


@pytest.mark.parametrize(
    "objectives",
    [("flops", "error", "robust_error"), ("error", "flops"), ("error", "robust_error", "flops", "params")],
)
def test_other_objectives_are_refused_before_anything_is_evaluated(objectives: tuple[str, ...]) -> None:
    problem = TabularPruning("digits-14", objectives=objectives)
    with pytest.raises(OptionError, match="error, robust_error and a cost, in this order, got"):
        ccsrp.search(problem, budget=50)
    assert problem.simulated_gpu_seconds == 0


def test_neither_guided_nor_recombined_networks_lose_more_than_a_layer_may() -> None:
    problem = SumProblem(sizes=(10, 20))
    ccsrp.search(problem, budget=150, max_removed=0.3)
    assert (problem.space.counts(np.array(problem.seen)) >= [7, 14]).all()


def test_batches_grow_up_to_what_was_asked_for() -> None:
    engine = Coevolution(
        SumProblem(sizes=(20, 20)), reference_point=ONES, settings=SearchSettings(budget=250, batch=7)
    )
    counts = [0]
    while not engine.finished:
        counts.append(engine.run_generation().evaluations)
    batches = np.diff(counts)[1:-1]
    assert (np.diff(batches) >= 0).all()
    assert batches[0] == 1
    assert batches[-1] == 7


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"screening": "forest"}, "unknown screening 'forest'.*choose one of gp, none"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"optimism": -1.0}, "optimism must be 0 or more"),
        ({"optimism": float("nan")}, "optimism must be 0 or more"),
        ({"recombination": 1.5}, r"recombination must lie in \[0, 1\]"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        SearchSettings(**wrong)


def first_generation(*, n_var: int, budget: int = 500, **options: object) -> SumProblem:
    problem = SumProblem(sizes=(n_var // 4,) * 4)
    chosen = SearchSettings(budget=budget, **options)
    Coevolution(problem, reference_point=ONES, settings=chosen).run_generation()
    return problem


@pytest.mark.parametrize(("budget", "count"), [(30, 15), (77, 38), (500, 60)])
def test_large_networks_are_first_seen_at_every_size(budget: int, count: int) -> None:
    problem = first_generation(n_var=6000, budget=budget)
    kept = np.sort(problem.space.counts(np.array(problem.seen)).sum(axis=1)) / 6000
    assert len(kept) == count
    # However many the budget allows, no gap between 0.1 and 1 is much wider than an even one.
    assert np.diff(np.array([0.1, *kept])).max() < 3 * 0.9 / (count - 10)


@pytest.mark.parametrize(
    "options", [{"spread": False}, {"screening": "none"}, {"collaborators": "base"}, {"n_var": 1000}]
)
def test_what_is_first_seen_is_a_subpopulation_otherwise(options: dict) -> None:
    problem = first_generation(**({"n_var": 6000} | options))
    alone = 4 if options.get("collaborators") == "base" else 1
    assert len(problem.seen) == 1 + 9 * alone


def test_networks_seen_first_keep_what_each_layer_must() -> None:
    problem = first_generation(n_var=6000, max_removed=0.3)
    kept = problem.space.counts(np.array(problem.seen)) / 1500
    assert 0.7 <= kept.min() < 0.72
    assert len(kept) == 60


def test_on_large_networks_it_is_ahead_of_chance_early() -> None:
    problem = PathwayPruning(n_var=9000, n_layers=8, interaction=0.5, instance=13)
    result = ccsrp.search(problem, budget=150, seed=1000)
    rng = np.random.default_rng(1000)
    masks = problem.space.random(150, keep=rng.uniform(0.1, 1, 150), rng=rng)
    assert result.archive.hypervolume() > moocore.hypervolume(problem.evaluate(masks), ref=ONES)
