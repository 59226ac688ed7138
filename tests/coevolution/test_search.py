"""Cooperative coevolution on an evaluator whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

import ccsrp
from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.collaboration import RULES
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.evaluation.interface import EvaluationError
from tests.conftest import SumProblem

rules = pytest.mark.parametrize("rule", RULES)


@rules
def test_one_seed_fixes_everything(rule: str) -> None:
    results = [ccsrp.search(SumProblem(), budget=120, seed=5, collaborators=rule) for _ in range(2)]
    assert results[0].front.equals(results[1].front)
    assert results[0].history.equals(results[1].history)
    other = ccsrp.search(SumProblem(), budget=120, seed=6, collaborators=rule)
    assert not other.history.equals(results[0].history)


@rules
@pytest.mark.parametrize("budget", [31, 50, 133])
def test_the_budget_is_spent_and_never_exceeded(rule: str, budget: int) -> None:
    problem = SumProblem()
    result = ccsrp.search(problem, budget=budget, collaborators=rule)
    keys = {mask.tobytes() for mask in problem.seen}
    assert len(keys) == len(problem.seen), "a mask was evaluated twice"
    assert len(keys) == budget == result.history["evaluations"].iloc[-1]


@rules
def test_the_front_is_what_is_not_dominated_of_all_that_was_seen(rule: str) -> None:
    problem = SumProblem()
    result = ccsrp.search(problem, budget=200, collaborators=rule)
    seen = np.array(problem.seen)
    objectives = SumProblem().evaluate(seen)
    first = NonDominatedSorting().do(objectives, only_non_dominated_front=True)
    assert {tuple(row) for row in result.archive.objectives} == {tuple(row) for row in objectives[first]}
    strings = {problem.space.to_string(mask) for mask in seen}
    assert set(result.front["mask"]) <= strings


@rules
def test_every_network_keeps_a_filter_in_each_layer_and_the_dense_one_is_judged(rule: str) -> None:
    problem = SumProblem(sizes=(1, 2, 9))
    ccsrp.search(problem, budget=60, collaborators=rule, initial_keep=(0.05, 0.1), max_removed=1.0)
    seen = np.array(problem.seen)
    assert not problem.space.empty_layers(seen).any()
    assert seen.all(axis=1).any()


@rules
def test_history_never_gets_worse(rule: str) -> None:
    history = ccsrp.search(SumProblem(), budget=200, collaborators=rule).history
    assert (history["hypervolume"].diff().dropna() >= -1e-12).all()
    assert (history["lowest_cost"].diff().dropna() <= 0).all()
    assert history["generation"].tolist() == list(range(1, len(history) + 1))


@pytest.mark.parametrize("rule", ["archive", "elite"])
def test_coevolution_beats_random_masks(rule: str) -> None:
    gains = []
    for seed in range(5):
        problem = SumProblem(sizes=(12, 12, 12))
        result = ccsrp.search(problem, budget=800, seed=seed, collaborators=rule, screening="none")
        rng = np.random.default_rng(seed)
        masks = problem.space.random(800, keep=rng.uniform(0.1, 1, 800), rng=rng)
        random = Archive(n_var=problem.space.n_var, reference_point=np.ones(3))
        random.add(masks, problem.evaluate(masks))
        gains.append(result.archive.hypervolume() - random.hypervolume())
    assert np.median(gains) > 0.01


def test_base_judges_every_layer_alone() -> None:
    problem = SumProblem()
    ccsrp.search(problem, budget=100, collaborators="base")
    touched = (problem.space.counts(np.array(problem.seen)) < problem.space.sizes).sum(axis=1)
    assert touched.max() == 1


def test_no_layer_loses_more_than_its_share() -> None:
    problem = SumProblem(sizes=(10, 20))
    ccsrp.search(problem, budget=150, max_removed=0.3, initial_keep=(0.2, 0.4))
    assert (problem.space.counts(np.array(problem.seen)) >= [7, 14]).all()


def test_a_space_smaller_than_the_budget_ends_the_search() -> None:
    problem = SumProblem(sizes=(2, 2))
    result = ccsrp.search(problem, budget=100, subpopulation_size=3)
    assert result.history["evaluations"].iloc[-1] <= 9
    assert len(result.front) > 0


def test_survivors_are_judged_anew_when_their_company_moves_on() -> None:
    from ccsrp.coevolution.search import Coevolution

    problem = SumProblem()
    settings = SearchSettings(budget=400, rejudged_share=1.0, screening="none")
    coevolution = Coevolution(problem, reference_point=np.ones(3), settings=settings)
    for _ in range(4):
        coevolution.run_generation()
    before = [list(s.company) for s in coevolution.subpopulations]
    stale = sum(
        coevolution.rule.moved_on(company, layer, coevolution._proposals._context)
        for layer, companies in enumerate(before)
        for company in companies
    )
    assert stale > 0
    coevolution.run_generation()
    for layer, subpopulation in enumerate(coevolution.subpopulations):
        part = coevolution.space.slices[layer]
        for own, company, f in zip(
            subpopulation.parts, subpopulation.company, subpopulation.objectives, strict=True
        ):
            whole = company.copy()
            whole[part] = own
            assert (problem.evaluate(whole[None])[0] == f).all(), (
                "standing and company do not belong together"
            )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"budget": 9}, "below one generation; these settings need at least 10"),
        ({"budget": 27, "collaborators": "base"}, "need at least 28"),
        ({"collaborators": "friends"}, "choose one of archive, elite, base"),
        ({"subpopulation_size": 1}, "at least 2"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"bit_flip_rate": 1.1}, "bit_flip_rate"),
        ({"max_removed": -0.1}, "max_removed"),
        ({"initial_keep": (0.9, 0.5)}, "initial_keep"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_evaluated(wrong: dict, says: str) -> None:
    problem = SumProblem()
    with pytest.raises(OptionError, match=says):
        ccsrp.search(problem, **wrong)
    assert not problem.seen


def test_an_evaluator_that_answers_nonsense_ends_the_search_with_a_clear_error() -> None:
    class Broken(SumProblem):
        def evaluate(self, masks, /):
            return super().evaluate(masks) * np.nan

    with pytest.raises(EvaluationError, match="none of the first 10 networks could be judged"):
        ccsrp.search(Broken(), budget=50)
