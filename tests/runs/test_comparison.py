"""Comparisons on disk: one table, resumable cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest

from ccsrp.errors import OptionError, RunError
from ccsrp.methods.interface import FineTuning
from ccsrp.report.comparison import comparison_figure, comparison_info, comparison_markdown, summary
from ccsrp.runs import comparison
from ccsrp.runs.comparison import ComparisonSettings, run_comparison, write_report
from ccsrp.snn.weights import load_weights
from problems import DigitsPruning

SETTINGS = ComparisonSettings(
    methods=("random", "magnitude"),
    targets=(0.6, 0.4),
    seeds=2,
    budget=20,
    tuning=FineTuning(epochs=1, images=64, attack_steps=1),
)
DESCRIBED = {"name": "digits"}
Compared: TypeAlias = tuple[Path, pd.DataFrame]


@pytest.fixture(scope="module")
def compared(digits: DigitsPruning, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("comparison")
    return folder, run_comparison(digits, SETTINGS, folder, described=DESCRIBED)


def test_every_network_has_a_row_with_its_figures(compared: Compared, digits: DigitsPruning) -> None:
    _, table = compared
    assert len(table) == 1 + 2 * 2 * 2
    dense = table[table["method"] == "dense"].iloc[0]
    assert [dense["flops"], dense["params"]] == [1, 1]
    as_trained, as_searched = (digits.network_costs(n) for n in (digits.base_network(), digits.network()))
    assert dense["synops"] == as_trained.synops / as_searched.synops != 1, "what targets are shares of"
    pruned = table[table["method"] != "dense"]
    assert (pruned["flops"] <= pruned["target"]).all()
    assert pruned["test_accuracy"].between(0, 1).all()
    assert (pruned["epochs"] == 1).all()


def test_figures_are_those_of_the_weights_that_are_kept(compared: Compared, digits: DigitsPruning) -> None:
    folder, table = compared
    row = table[(table["method"] == "random") & (table["seed"] == 1) & (table["target"] == 0.4)].iloc[0]
    network = digits.network(digits.space.from_string(row["mask"]))
    load_weights(network.network, folder / "networks" / "random-1-0.4.safetensors")
    judged = digits.judge_network(network, "test")
    assert [judged.accuracy, judged.robust_accuracy] == [row["test_accuracy"], row["test_robust_accuracy"]]


def test_what_the_search_was_told_stands_beside(compared: Compared, digits: DigitsPruning) -> None:
    _, table = compared
    row = table.iloc[-1]
    error, robust_error, cost = digits.evaluate(digits.space.from_string(row["mask"])[None])[0]
    assert [1 - error, 1 - robust_error, cost] == [
        row["searched_accuracy"],
        row["searched_robust_accuracy"],
        row["flops"],
    ]


def test_an_interrupted_comparison_goes_on_where_it_was(
    compared: Compared,
    digits: DigitsPruning,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    whole = comparison.measure

    def measured(problem, pruned):
        made.append(pruned.target)
        if len(made) == 4:
            raise KeyboardInterrupt
        return whole(problem, pruned)

    monkeypatch.setattr(comparison, "measure", measured)
    with pytest.raises(KeyboardInterrupt):
        run_comparison(digits, SETTINGS, tmp_path, described=DESCRIBED)
    table = run_comparison(digits, SETTINGS, tmp_path, described=DESCRIBED)
    assert len(made) == 4 + 2 + 2 + 2, "finished cells are not made again"
    pd.testing.assert_frame_equal(table.drop(columns="seconds"), compared[1].drop(columns="seconds"))


def test_more_seeds_can_be_added(digits: DigitsPruning, tmp_path: Path) -> None:
    one = ComparisonSettings(methods=("random",), targets=(0.5,), seeds=1, tuning=SETTINGS.tuning)
    two = ComparisonSettings(methods=("random", "magnitude"), targets=(0.5,), seeds=2, tuning=SETTINGS.tuning)
    first = run_comparison(digits, one, tmp_path, described=DESCRIBED)
    second = run_comparison(digits, two, tmp_path, described=DESCRIBED)
    assert len(second) == 5
    row = second[(second["method"] == "random") & (second["seed"] == 0)]
    assert row["seconds"].iloc[0] == first["seconds"].iloc[1], "it was not made again"


@pytest.mark.parametrize(
    "other",
    [
        ({"targets": (0.3,)}, DESCRIBED),
        ({"budget": 21}, DESCRIBED),
        ({"tuning": FineTuning(epochs=2, images=64, attack_steps=1)}, DESCRIBED),
        ({}, {"name": "digits", "cost": "params"}),
    ],
)
def test_another_comparison_is_not_mixed_in(
    compared: Compared, digits: DigitsPruning, other: tuple[dict, dict]
) -> None:
    changed, described = other
    options = {name: getattr(SETTINGS, name) for name in ("methods", "targets", "seeds", "budget", "tuning")}
    before = (compared[0] / "config.toml").read_text()
    with pytest.raises(RunError, match="holds a comparison with"):
        run_comparison(digits, ComparisonSettings(**(options | changed)), compared[0], described=described)
    assert (compared[0] / "config.toml").read_text() == before


def test_a_damaged_cell_is_named(compared: Compared, digits: DigitsPruning, tmp_path: Path) -> None:
    one = ComparisonSettings(methods=("random",), targets=(0.5,), seeds=1, tuning=SETTINGS.tuning)
    run_comparison(digits, one, tmp_path, described=DESCRIBED)
    (tmp_path / "cells" / "random-0.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RunError, match=r"random-0.csv is damaged"):
        run_comparison(digits, one, tmp_path, described=DESCRIBED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ()},
        {"methods": ("random", "random")},
        {"methods": ("luck",)},
        {"methods": ("random",), "targets": (1.2,)},
        {"methods": ("random",), "targets": ()},
        {"methods": ("random",), "seeds": 0},
        {"methods": ("random",), "budget": 0},
    ],
)
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        ComparisonSettings(**wrong)


def test_the_summary_averages_over_seeds(compared: Compared) -> None:
    folder, table = compared
    averaged = summary(table)
    rows = table[(table["method"] == "random") & (table["target"] == 0.4)]
    row = averaged[(averaged["method"] == "random") & (averaged["target"] == 0.4)].iloc[0]
    assert row["seeds"] == 2
    assert row["test_accuracy"] == pytest.approx(rows["test_accuracy"].mean())
    assert row["test_accuracy_std"] == pytest.approx(rows["test_accuracy"].std(ddof=1))
    text = write_report(table, folder)
    assert text == comparison_markdown(table)
    assert text.count("\n") == 2 + 5
    assert (folder / "comparison.png").stat().st_size > 1000


def test_the_picture_shows_every_method_from_cheap_to_dear(compared: Compared) -> None:
    info = comparison_info(compared[1])
    assert list(info.panels) == ["test accuracy", "test robust accuracy"]
    for courses in info.panels.values():
        assert [course.method for course in courses] == ["random", "magnitude"]
        assert all(np.all(np.diff(course.cost) > 0) for course in courses)
    assert len(comparison_figure(info).axes) == 2
