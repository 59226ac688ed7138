"""Bounds: what is within them, and what is said when nothing is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from ccsrp.decision.bounds import Bounds, sorted_by
from ccsrp.errors import OptionError
from tests.decision.fronts import SHARES, front_of, fronts

FRONT = front_of([(0.99, 0.8, 1.0), (0.97, 0.7, 0.52384), (0.9, 0.6, 0.3), (0.9, 0.5, 0.2)])


@given(front=fronts, most=SHARES, least=SHARES)
def test_what_is_left_is_what_satisfies_all_bounds(front, most, least) -> None:
    wanted = front[(front["cost"] <= most) & (front["robust_accuracy"] >= least)]
    try:
        found = Bounds(max_cost=most, min_robust_accuracy=least).within(front)
    except OptionError:
        assert wanted.empty
    else:
        assert found.equals(wanted)


@given(front=fronts, most=SHARES, least=SHARES)
def test_who_asks_for_what_an_error_names_gets_something(front, most, least) -> None:
    bounds = Bounds(max_cost=most, min_accuracy=least)
    try:
        bounds.within(front)
    except OptionError as error:
        said = str(error)
    else:
        return
    together = "; with " in said
    lowest, highest = (
        re.search(rf"{name} is ([\d.]+)", said) for name in ("lowest cost", "highest accuracy")
    )
    assert lowest or highest
    if lowest:
        assert len(Bounds(max_cost=float(lowest[1]), min_accuracy=least if together else None).within(front))
    if highest:
        assert len(Bounds(max_cost=most if together else None, min_accuracy=float(highest[1])).within(front))


def test_errors_say_which_bound_is_to_blame() -> None:
    with pytest.raises(OptionError) as alone:
        Bounds(max_cost=0.1, min_accuracy=0.5).within(FRONT)
    assert str(alone.value) == "no network has cost at most 0.1: the lowest cost is 0.2"
    with pytest.raises(OptionError) as together:
        Bounds(max_cost=0.4, min_accuracy=0.95).within(FRONT)
    assert str(together.value) == (
        "no network has cost at most 0.4 and accuracy at least 0.95; with accuracy at least 0.95 the lowest "
        "cost is 0.5239; with cost at most 0.4 the highest accuracy is 0.9"
    )


def test_a_bound_is_met_in_spite_of_rounding() -> None:
    rounded = FRONT.assign(accuracy=1 - (1 - FRONT["accuracy"]))
    assert len(Bounds(min_accuracy=0.97).within(rounded)) == 2


@pytest.mark.parametrize("value", [-0.1, 1.1, 90, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["max_cost", "min_accuracy", "min_robust_accuracy"])
def test_bounds_are_shares(name: str, value: float) -> None:
    with pytest.raises(OptionError, match="share from 0 to 1"):
        Bounds(**{name: value})


def test_sorting_keeps_equal_rows_in_order_and_missing_figures_last() -> None:
    assert sorted_by(FRONT, "accuracy", descending=False)["member"].tolist() == [5, 6, 4, 3]
    assert sorted_by(FRONT, "accuracy", descending=True)["member"].tolist() == [3, 4, 5, 6]
    gap = FRONT.assign(test_accuracy=[0.1, float("nan"), 0.3, 0.2])
    assert sorted_by(gap, "test_accuracy", descending=True)["member"].tolist() == [5, 6, 3, 4]
    for name in ("mask", "speed"):
        with pytest.raises(OptionError, match="choose one of member, accuracy"):
            sorted_by(FRONT, name, descending=False)
