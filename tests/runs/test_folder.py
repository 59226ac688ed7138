"""A run on disk: written whole or not at all, and read with care."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest

from ccsrp.attack.pgd import Attack
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.runs.config import RunConfig, read_config
from ccsrp.runs.folder import new_folder, read_front
from ccsrp.runs.views import config_bytes
from tests.conftest import SumProblem
from tests.runs.interrupted import searched


@pytest.fixture
def config() -> RunConfig:
    problem = SumProblem()
    problem.attack = Attack.sharp(eps=0.1)
    problem.provenance = {"validation_images": 5, "device": "cpu"}
    return RunConfig.of("digits", {"cost": "flops", "weights": Path("w")}, SearchSettings(budget=50), problem)


def test_config_survives_the_disk(tmp_path: Path, config: RunConfig) -> None:
    (tmp_path / "config.toml").write_bytes(config_bytes(config.tables()))
    assert read_config(tmp_path) == config


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("budget = 50", "bugdet = 50"), "wrong at search.bugdet"),
        (lambda text: text.replace("budget = 50", 'budget = "many"'), "wrong at search.budget"),
        (lambda text: text[:40], "damaged"),
        (lambda text: text.replace("[run]", "[walk]"), "damaged"),
    ],
)
def test_wrong_config_is_refused_in_one_line(tmp_path: Path, config: RunConfig, change, says: str) -> None:
    (tmp_path / "config.toml").write_bytes(config_bytes(config.tables()))
    file = tmp_path / "config.toml"
    file.write_text(change(file.read_text()))
    with pytest.raises(RunError, match=says) as caught:
        read_config(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_finished_run_can_be_read_back(tmp_path: Path) -> None:
    result = searched(tmp_path, SumProblem(), SearchSettings(budget=60))
    pd.testing.assert_frame_equal(read_front(tmp_path), result.front, check_exact=False)
    assert (
        pd.read_csv(tmp_path / "history.csv")["evaluations"].tolist()
        == result.history["evaluations"].tolist()
    )
    assert (tmp_path / "front.png").read_bytes()[:4] == b"\x89PNG"
    assert {file.name for file in tmp_path.iterdir()} == {
        "config.toml",
        "history.csv",
        "front.csv",
        "front.png",
        "run.sqlite",
    }


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="not empty"), new_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RunError), new_folder(path):
            pass


def test_an_error_before_anything_was_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_another_runs_folder_is_not_taken_away(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), new_folder(tmp_path / "runs" / "a"):
        (tmp_path / "runs" / "b").mkdir()
        raise ZeroDivisionError
    assert [item.name for item in (tmp_path / "runs").iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "damaged"),
        ("member,accuracy,robust_accuracy,cost,mask\n", "holds no networks"),
        ("member,accuracy\n0,1\n", "column 'robust_accuracy' is missing"),
        ("member,accuracy,robust_accuracy,cost,mask\n0,high,0,0,1\n", "column 'accuracy' holds text"),
        ("member,accuracy,robust_accuracy,cost,mask\n0,1,2\n1,2,3,4,5,6,7\n", "damaged"),
    ],
)
def test_damaged_fronts_are_refused_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "front.csv").write_text(content)
    with pytest.raises(RunError, match=says) as caught:
        read_front(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "says"), [("nowhere", "not a run folder"), (".", "holds no front.csv")])
def test_folders_without_a_front_are_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(RunError, match=says):
        read_front(tmp_path / name)
