"""Which network is picked: never one that another beats, never by test figures, always with its reasons."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ccsrp
from ccsrp.decision.methods import METHODS
from ccsrp.decision.objectives import knee, objectives_of
from ccsrp.decision.pick import Pick
from ccsrp.decision.preferences import Preferences, parse_preferences
from ccsrp.errors import OptionError
from tests.decision.fronts import SHARES, front_of, fronts, preferences

CURVE = front_of([(1.0, 0.8, 1.0), (0.99, 0.78, 0.8), (0.97, 0.75, 0.4), (0.8, 0.5, 0.2), (0.4, 0.1, 0.1)])
methods = st.sampled_from(list(METHODS))


def picked(front: pd.DataFrame, **asked: object) -> Pick | None:
    """Pick; ``None`` where the method has none that stands out."""
    try:
        return ccsrp.pick(front, **asked)  # type: ignore[arg-type]
    except OptionError as error:
        said = str(error)
    assert "stands out" in said or "no network has" in said
    return None


@given(front=fronts, prefer=preferences, method=methods)
def test_no_network_that_matters_as_much_beats_the_one_that_is_picked(front, prefer, method) -> None:
    found = picked(front, prefer=prefer, method=method)
    if found is None:
        assert method == "tradeoff"
        return
    counts = Preferences.of(prefer).weights() > 0
    objectives = objectives_of(front)[:, counts]
    mine = objectives[front.index[front["member"] == found.member][0]]
    assert not ((objectives <= mine).all(axis=1) & (objectives < mine).any(axis=1)).any()


@given(front=fronts, prefer=preferences, method=methods, most=SHARES)
def test_what_is_picked_is_within_the_bounds_and_gives_up_what_it_says(front, prefer, method, most) -> None:
    found = picked(front, prefer=prefer, method=method, max_cost=most)
    if found is None:
        return
    row = front.set_index("member").loc[found.member]
    allowed = front[front["cost"] <= most]
    assert row["cost"] <= most
    assert found.within == len(allowed)
    assert {found.member, *found.alternatives} <= set(allowed["member"])
    assert len({found.member, *found.alternatives}) == 1 + len(found.alternatives)
    for concession in found.concessions:
        values = allowed[concession.objective]
        best = values.min() if concession.objective == "cost" else values.max()
        assert concession.value == row[concession.objective]
        assert concession.best == best
        assert concession.given_up == abs(best - concession.value)
        assert front.set_index("member").loc[concession.best_member, concession.objective] == best


@given(front=fronts, prefer=preferences, method=methods)
def test_test_figures_order_and_the_callers_table_do_not_matter(front, prefer, method) -> None:
    before = front.copy()
    found = picked(front, prefer=prefer, method=method)
    pd.testing.assert_frame_equal(front, before)
    assert picked(front.drop(columns=["test_accuracy", "mask"]), prefer=prefer, method=method) == found
    again = picked(front.set_index(np.arange(len(front)) * 7), prefer=prefer, method=method)
    assert again == found


@given(front=fronts, method=methods, factor=st.sampled_from([0.001, 3.0, 1000.0]))
def test_only_the_ratios_of_weights_count(front, method, factor) -> None:
    one = picked(front, prefer={"accuracy": 2, "cost": 0.5}, method=method)
    other = picked(
        front, prefer={"accuracy": 2 * factor, "robust": factor, "cost": 0.5 * factor}, method=method
    )
    assert (one and one.member) == (other and other.member)


@pytest.mark.parametrize("method", METHODS)
def test_a_front_of_one_is_picked_from(method: str) -> None:
    found = ccsrp.pick(CURVE.iloc[2:3], method=method)
    assert (found.member, found.alternatives, found.reason) == (5, (), "it is the only one")
    assert all(one.given_up == 0 for one in found.concessions)


@pytest.mark.parametrize("method", METHODS)
def test_a_column_that_is_the_same_for_all_tells_nothing(method: str) -> None:
    same = CURVE.assign(robust_accuracy=0.5)
    assert (
        ccsrp.pick(same, method=method).member == ccsrp.pick(same, method=method, prefer={"robust": 9}).member
    )


@pytest.mark.parametrize("method", [name for name in METHODS if name != "tradeoff"])
@pytest.mark.parametrize(("name", "best"), [("accuracy", 3), ("robust", 3), ("cost", 7)])
def test_one_objective_alone_has_its_best(method: str, name: str, best: int) -> None:
    weights = {"accuracy": 0, "robust": 0, "cost": 0} | {name: 1}
    assert ccsrp.pick(CURVE, prefer=weights, method=method).member == best


def test_the_methods_are_pymoos_own() -> None:
    """As its documentation applies them: on objectives that were scaled by ideal and nadir point."""
    from pymoo.decomposition.asf import ASF

    objectives = objectives_of(CURVE)
    low, high = objectives.min(axis=0), objectives.max(axis=0)
    weights = np.array([2.0, 1.0, 0.5])
    prefer = dict(zip(("accuracy", "robust", "cost"), weights, strict=True))
    row = ASF().do((objectives - low) / (high - low), 1 / weights).argmin()
    assert ccsrp.pick(CURVE, prefer=prefer).member == CURVE["member"][row]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymoo.mcdm.pseudo_weights import PseudoWeights

        row = PseudoWeights(weights / weights.sum()).do((objectives - low) / (high - low))
    assert ccsrp.pick(CURVE, prefer=prefer, method="pseudo-weights").member == CURVE["member"][row]
    assert ccsrp.pick(CURVE, method="knee").member == CURVE["member"][knee(objectives)]


def test_more_weight_on_cost_never_costs_more() -> None:
    costs = CURVE.set_index("member")["cost"]
    found = [costs[ccsrp.pick(CURVE, prefer={"cost": weight}).member] for weight in (0.1, 0.5, 1, 3, 30)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed=1", "unknown objective 'speed'"),
        ("accuracy", "got 'accuracy'"),
        ("accuracy=", "got 'accuracy='"),
        ("accuracy=much", "got 'accuracy=much'"),
        ("accuracy=1,accuracy=2", "two weights"),
        ("robust=1,robust_accuracy=2", "two weights"),
        ("accuracy=-1", "from 0 to 1e"),
        ("accuracy=nan", "from 0 to 1e"),
        ("accuracy=1e400", "from 0 to 1e"),
        ("accuracy=0,robust=0,cost=0", "all weights are 0"),
    ],
)
def test_wrong_preferences_are_refused(text: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        parse_preferences(text)


def test_names_that_are_left_out_weigh_one() -> None:
    assert parse_preferences("cost=0").table() == {"accuracy": 1, "robust_accuracy": 1, "cost": 0}
    assert parse_preferences("") == Preferences() == parse_preferences(" accuracy = 1 ,")


@pytest.mark.parametrize(
    ("front", "says"),
    [
        (CURVE.drop(columns="cost"), "has a column 'cost'"),
        (CURVE.assign(cost="much"), "should hold numbers"),
        (CURVE.assign(cost=float("nan")), "finite numbers"),
        (CURVE.iloc[:0], "holds no networks"),
    ],
)
def test_tables_that_are_no_front_are_refused(front: pd.DataFrame, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        ccsrp.pick(front)
    with pytest.raises(OptionError, match="unknown method 'luck'"):
        ccsrp.pick(CURVE, method="luck")
