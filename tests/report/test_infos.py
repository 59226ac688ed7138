"""What reports show of runs, before anything is drawn."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.attack.custom import CustomAttack
from ccsrp.attack.description import Attack
from ccsrp.report.attacks import attacks_info
from ccsrp.report.audits import audit_info
from ccsrp.report.courses import hypervolume_course
from ccsrp.report.html.render import as_json
from ccsrp.report.layers import layers_info
from ccsrp.report.page import page_data, page_lead, page_title
from ccsrp.report.parallel import parallel_axes
from ccsrp.report.settings import attack_sentence, settings_info
from ccsrp.report.stages import rounds_info
from ccsrp.space import FilterSpace
from tests.report.records import EVIL, made_up

NOTHING = pd.DataFrame()


@pytest.mark.parametrize(
    "attack", [Attack.standard(eps=8 / 255, steps=7), Attack.sharp(eps=0.1), Attack.strong(eps=0.05, seed=3)]
)
def test_an_attack_is_described_as_it_describes_itself(attack: Attack) -> None:
    assert attack_sentence(asdict(attack)) == attack.describe()


def test_an_attack_of_a_users_own_is_described_as_it_describes_itself() -> None:
    own = CustomAttack(name="darker", eps=0.1, run=lambda network, images, labels: images - 0.1, seed=2)
    assert attack_sentence(own.table()) == own.describe()


def test_settings_that_differ_are_marked_and_all_are_there() -> None:
    info = settings_info([made_up("a"), made_up("b", seed=1)])
    assert info.runs == ("a", "b")
    found = {(row.group, row.name): row for row in info.rows}
    assert found["search", "seed"].values == ("0", "1")
    assert found["search", "seed"].differs
    assert not found["search", "budget"].differs
    assert found["search", "initial keep"].values[0] == "0.5, 0.95"
    assert [row.name for row in info.differing] == ["seed"]
    assert found["run", "filters"].values[0] == "16 in 2 layers"


def test_what_only_one_run_has_is_shown_as_missing_from_the_other() -> None:
    other = replace(made_up("b"), settings={"search": {"budget": 5}})
    info = settings_info([made_up("a"), other])
    row = next(row for row in info.rows if (row.group, row.name) == ("attack", "eps"))
    assert row.values == ("0.1", "not set")
    assert row.differs


def test_kept_filters_are_counted_layer_by_layer_and_one_by_one() -> None:
    record = made_up()
    info = layers_info(record)
    assert info is not None
    masks = np.array([[kept == "1" for kept in mask] for mask in record.front["mask"]])
    assert np.allclose(info.share[:, 0], masks[:, :6].mean(axis=1))
    assert np.allclose(info.share[:, 1], masks[:, 6:].mean(axis=1))
    assert np.allclose(np.concatenate(info.frequency), masks.mean(axis=0))
    assert layers_info(replace(record, layers=None)) is None


def test_axes_leave_out_what_another_says_already() -> None:
    axes = parallel_axes(made_up().front.assign(constant=3))
    names = [axis.name for axis in axes]
    assert names == ["cost", "accuracy", "robust_accuracy", "round", "params", "test_accuracy"]
    assert (axes[0].low, axes[0].high) == (0.1, 1.0)
    single = parallel_axes(made_up().front.head(1))
    assert all(axis.low < axis.high for axis in single)


def test_a_long_history_is_thinned_to_what_a_picture_shows_and_keeps_its_end() -> None:
    count = np.arange(1, 20_002)
    history = pd.DataFrame({"evaluations": count, "hypervolume": count / 30_000})
    course = hypervolume_course(replace(made_up(), history=history))
    assert course is not None
    assert len(course.evaluations) <= 5001
    assert course.evaluations[-1] == 20_001
    assert set(course.round) == {1}


def test_rounds_and_audits_come_in_order() -> None:
    record = made_up()
    rounds, audit = rounds_info(record), audit_info(record)
    assert rounds is not None
    assert audit is not None
    assert rounds.accuracy[0].tolist() == pytest.approx([0.8, 0.7, 0.9])  # predicted, spliced, tuned
    assert audit.members.tolist() == [1, 3]  # the dearest first
    assert audit.worst.tolist() == [0.4, 0.2]
    assert audit.suspicious.tolist() == [False, True]


def test_attacks_of_audits_come_group_by_group_the_strongest_first() -> None:
    info = attacks_info(made_up())
    assert info is not None
    assert info.members.tolist() == [1, 3]  # the dearest first
    names = ["search-time attack", "PGD in rounds", "PGD margin training", "Square"]
    assert list(info.names) == names
    assert info.left[0].tolist() == [0.6, 0.25, 0.5, 0.55]
    assert (info.clean[0], info.worst[0], info.images[0], info.eps) == (0.95, 0.2, 40, 0.1)
    assert info.not_run[0].startswith("APGD dlr training (the DLR loss needs")
    assert info.signs[1] == "an attack does worse with more steps"
    assert info.found.tolist() == [[0, 0], [1, 0]]
    assert attacks_info(replace(made_up(), attacks={})) is None


def test_members_that_met_other_attacks_are_shown_together() -> None:
    record = made_up()
    stronger = record.attacks[3].assign(description="more steps")
    info = attacks_info(replace(record, attacks={1: record.attacks[1], 3: stronger}))
    assert info is not None
    assert info.left.shape == (2, 8)
    assert np.isnan(info.left).sum(axis=1).tolist() == [4, 4]


def test_a_run_without_network_history_rounds_and_audits_has_a_page_too() -> None:
    bare = replace(
        made_up(),
        settings={"search": {}},
        history=NOTHING,
        rounds=NOTHING,
        audit=NOTHING,
        attacks={},
        evaluated=NOTHING,
        layers=None,
        seconds=None,
        evaluations=None,
        has_network=False,
    )
    (run,) = page_data([bare])["runs"]
    assert run["export"] == ""
    missing = ("course", "rounds", "audit", "attacks", "layers", "evaluated")
    assert [run[name] for name in missing] == [None] * 6


def test_a_page_holds_the_cells_to_the_letter_and_finite_numbers_only() -> None:
    record = made_up()
    record.front.loc[2, "test_accuracy"] = np.nan
    data = page_data([record, made_up("b", seed=1)])
    assert data["runs"][0]["cells"] == record.cells.to_numpy().tolist()
    json.dumps(data, allow_nan=False)
    assert data["runs"][0]["export"] == "ccsrp export runs/made-up --member "


def test_commands_are_safe_to_paste() -> None:
    data = page_data([replace(made_up(), folder="a b; rm -rf $HOME")])
    assert data["runs"][0]["export"] == "ccsrp export 'a b; rm -rf $HOME' --member "
    assert page_data([replace(made_up(), folder="a\nb")])["runs"][0]["export"] == ""


def test_an_unfinished_run_says_so_and_exports_nothing() -> None:
    data = page_data([replace(made_up(), unfinished="not finished: 5 of 9; 'ccsrp resume x' goes on")])
    assert data["warnings"] == ["made-up: not finished: 5 of 9; 'ccsrp resume x' goes on"]
    assert data["runs"][0]["export"] == ""


def test_runs_of_different_problems_are_said_not_to_compare() -> None:
    other = replace(made_up("b"), problem="fashion-mnist")
    said = "The runs are of different problems: their figures do not compare."
    assert page_data([made_up("a"), other])["notes"][0] == said
    assert said not in page_data([made_up("a"), made_up("b")])["notes"]


def test_layers_that_are_numbers_are_called_so() -> None:
    record = replace(made_up(), layers=FilterSpace(names=("0", "features.3"), sizes=(6, 10)))
    assert page_data([record])["runs"][0]["layers"]["names"] == ["module 0", "features.3"]


def test_thinned_networks_are_mentioned() -> None:
    data = page_data([replace(made_up(), evaluations=1000)])
    assert "30 of 1,000 evaluated networks are drawn, evenly spread." in data["notes"]


def test_titles_name_the_runs() -> None:
    records = [made_up("a"), made_up("b"), made_up("c")]
    assert page_title(records[:1]) == "a"
    assert page_title(records[:2]) == "a and b"
    assert page_title(records) == "3 runs"
    assert page_lead(records[:1]) == "Searched by ccsrp on digits, budget 100, seed 0"


@given(st.recursive(st.text() | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=5))
def test_data_cannot_leave_its_script_element(data: object) -> None:
    text = as_json([data, EVIL])
    assert "<" not in text
    assert json.loads(text) == [data, EVIL]
