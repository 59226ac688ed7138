"""Rounds, on an evaluator whose answers are known: what is chosen, and how fronts are joined."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ccsrp.coevolution.choice import CHOICES, Choice, choose, knee
from ccsrp.coevolution.rounds import Round, RoundSettings, run_rounds
from ccsrp.coevolution.run import SearchResult, search_archive
from ccsrp.coevolution.search import Coevolution
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FilterSpace, lifted
from tests.conftest import SumProblem

SETTINGS = SearchSettings(budget=60, seed=1)


class Remainder(SumProblem):
    """What a mask leaves of a ``SumProblem``, where fine-tuning has halved all errors."""

    def __init__(self, whole: SumProblem, base: BoolArray, recovered: float) -> None:
        sizes = whole.space.counts(base[None])[0]
        self.space = FilterSpace(names=whole.space.names, sizes=tuple(int(size) for size in sizes))
        self.whole, self.base, self.recovered = whole, base, recovered
        self.reference_point = whole.reference_point

    def evaluate(self, masks: BoolArray, /) -> np.ndarray:
        return self.whole.evaluate(lifted(self.base, masks)) * [self.recovered, self.recovered, 1.0]


def after(number: int, problem: SumProblem, mask: BoolArray) -> SumProblem:
    if isinstance(problem, Remainder):
        return Remainder(problem.whole, lifted(problem.base, mask), 0.5**number)
    return Remainder(problem, mask, 0.5)


def rounds(settings: RoundSettings, **options: object) -> tuple[SearchResult, list[Round]]:
    seen: list[Round] = []
    result = run_rounds(SumProblem(), SETTINGS, settings, after=after, on_round=seen.append, **options)
    return result, seen


@pytest.fixture(scope="module")
def searched() -> Coevolution:
    return search_archive(SumProblem(), SETTINGS)


def test_a_target_is_reached_in_equal_reductions() -> None:
    _, seen = rounds(RoundSettings(rounds=3, target_cost=0.4))
    costs = [item.tuned[2] for item in seen]
    assert costs[-1] <= 0.4
    assert all(cost <= 0.4 ** (number / 3) for number, cost in enumerate(costs, start=1))
    assert len(costs) <= 3


def test_rounds_end_early_once_the_target_is_met() -> None:
    _, seen = rounds(RoundSettings(rounds=50, target_cost=0.4, choice=Choice(rule="knee")))
    assert len(seen) < 50
    assert seen[-1].tuned[2] <= 0.4 < ([1.0, *(item.tuned[2] for item in seen)])[-2]


def test_each_round_removes_more_of_the_same_network() -> None:
    _, seen = rounds(RoundSettings(rounds=3))
    for before, later in pairwise(seen):
        assert (later.base <= before.base).all()
        assert later.base.sum() < before.base.sum()


def test_the_joint_front_holds_what_no_round_dominates() -> None:
    result, seen = rounds(RoundSettings(rounds=2))
    assert set(result.front["round"]) <= {0, 1, 2}
    first = SumProblem()
    bases = [first.space.full(), *(item.base for item in seen)]
    for _, row in result.front.iterrows():
        mask = first.space.from_string(row["mask"])
        assert (mask <= bases[row["round"]]).all(), "a mask speaks of the first network's filters"
        errors = first.evaluate(mask[None])[0, :2] * 0.5 ** row["round"]
        assert [1 - row["accuracy"], 1 - row["robust_accuracy"]] == pytest.approx(errors)
    values = result.archive.objectives
    worse = (values[None] <= values[:, None]).all(2) & (values[None] < values[:, None]).any(2)
    assert not worse.any()
    assert len(values) == len(result.front)
    assert list(result.front["member"]) == list(range(len(result.front)))
    assert result.history["evaluations"].is_monotonic_increasing


def test_rounds_that_find_nothing_to_go_on_with_keep_what_was_found() -> None:
    reasons: list[str] = []
    none_allowed = Choice(rule="cheapest", accuracy_loss=0.0, robust_loss=0.0)
    result, seen = rounds(RoundSettings(rounds=3, choice=none_allowed), on_end=reasons.append)
    assert seen == []
    assert reasons[0].startswith("the rounds end with round 1: no smaller network loses at most")
    alone = search_archive(SumProblem(), SETTINGS).archive
    assert {tuple(row) for row in result.archive.objectives} == {tuple(row) for row in alone.objectives}


def test_one_seed_fixes_all_rounds() -> None:
    (first, _), (second, _) = rounds(RoundSettings(rounds=2)), rounds(RoundSettings(rounds=2))
    assert first.front.equals(second.front)


@pytest.mark.parametrize("rule", CHOICES)
def test_a_choice_is_smaller_than_what_it_is_chosen_from(searched: Coevolution, rule: str) -> None:
    chosen = choose(searched, Choice(rule=rule, accuracy_loss=0.5, robust_loss=0.9))
    assert not chosen.mask.all()
    assert not searched.space.empty_layers(chosen.mask[None]).any()


def test_the_cheapest_choice_keeps_its_losses(searched: Coevolution) -> None:
    allowed = Choice(rule="cheapest", accuracy_loss=0.2, robust_loss=0.5)
    chosen = choose(searched, allowed)
    assert chosen.predicted[0] <= 0.2
    assert chosen.predicted[1] <= 0.5
    found = searched.archive.objectives
    within = (found[:, 0] <= 0.2) & (found[:, 1] <= 0.5) & ~searched.archive.masks.all(axis=1)
    assert chosen.predicted[2] == found[within, 2].min()
    with pytest.raises(OptionError, match="allow more"):
        choose(searched, Choice(rule="cheapest", accuracy_loss=0.0, robust_loss=0.0))


def test_the_best_choice_is_the_best_within_its_cost(searched: Coevolution) -> None:
    chosen = choose(searched, Choice(rule="best"), most=0.5)
    found = searched.archive.objectives
    sums = found[found[:, 2] <= 0.5, :2].sum(axis=1)
    assert chosen.predicted[2] <= 0.5
    assert chosen.predicted[:2].sum() == sums.min()


def test_a_splice_is_predicted_by_adding_up_what_layers_lose_alone() -> None:
    problem = SumProblem(sizes=(12, 20, 30))
    search = search_archive(problem, SearchSettings.paper(n_layers=3, seed=2))
    chosen = choose(search, Choice(rule="splice"))
    dense = problem.evaluate(problem.space.full()[None])[0]
    alone = np.zeros(3)
    for part in problem.space.slices:
        mask = problem.space.full()
        mask[part] = chosen.mask[part]
        alone += problem.evaluate(mask[None])[0] - dense
    assert chosen.predicted == pytest.approx(dense + alone)


def test_a_knee_is_near_the_ideal_in_every_objective() -> None:
    assert knee(np.array([[0.0, 1.0, 1.0], [0.1, 0.1, 0.1], [1.0, 0.0, 0.0]])) == 1
    assert knee(np.array([[0.3, 0.3, 0.3]])) == 0


@pytest.mark.parametrize("wrong", [{"rule": "luck"}, {"accuracy_loss": -0.1}, {"robust_loss": 2.0}])
def test_impossible_choices_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        Choice(**wrong)


@pytest.mark.parametrize(("count", "target"), [(0, None), (1, 0.0), (1, 1.1)])
def test_impossible_rounds_are_refused(count: int, target: float | None) -> None:
    with pytest.raises(OptionError):
        RoundSettings(rounds=count, target_cost=target)
