"""``ccsrp report`` and ``ccsrp plot``, on runs on disk: finished, unfinished, several, and none."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.registry import load_problem
from ccsrp.runs.config import RunConfig
from ccsrp.runs.reading import read_run, read_runs
from ccsrp.runs.searching import search_into
from tests.conftest import Ended
from tests.runs.interrupted import Silent

Command = Callable[..., Ended]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    folder.mkdir()
    problem, settings = load_problem("digits-14"), SearchSettings(budget=60)
    config = RunConfig.of("digits-14", {}, settings, problem)
    search_into(folder, problem, settings, config, plan=None, shown=Silent())
    return folder


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(searched, tmp_path / "run"))


def data(page: Path) -> dict:
    begin = '<script type="application/json" id="data">'
    found = re.search(rf"{begin}(.*?)</script>", page.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_run_is_read_whole(run: Path) -> None:
    record = read_run(run)
    problem = load_problem("digits-14")
    assert record.name == "run"
    assert record.layers == problem.space
    assert record.evaluations == len(record.evaluated) == 60
    assert record.cells.to_csv(index=False, lineterminator="\n") == (run / "front.csv").read_text()
    assert not record.has_network
    assert record.seconds is not None
    best = record.evaluated["accuracy"].max()
    assert record.front["accuracy"].max() == best


def test_a_report_is_one_file_that_holds_the_front(run: Path, command: Command) -> None:
    done = command("report", "run", cwd=run.parent)
    assert (done.returncode, done.stderr) == (0, "")
    front = pd.read_csv(run / "front.csv", dtype=str)
    assert data(run / "report.html")["runs"][0]["cells"] == front.to_numpy().tolist()
    assert sorted(file.name for file in run.parent.iterdir()) == ["run"]


def test_several_runs_are_compared(run: Path, command: Command) -> None:
    shutil.copytree(run, run.parent / "other" / "run")
    done = command("report", "run", "other/run", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    shown = data(run.parent / "report.html")
    assert [one["name"] for one in shown["runs"]] == [f"{run.parent.name}/run", "other/run"]
    assert shown["settings"]["runs"] == [f"{run.parent.name}/run", "other/run"]


def test_an_unfinished_search_is_reported_as_far_as_it_is(run: Path, command: Command) -> None:
    finished = pd.read_csv(run / "front.csv", dtype={"mask": str})
    for name in ("front.csv", "history.csv", "front.png"):
        (run / name).unlink()
    done = command("report", "run", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert "ccsrp resume run" in done.stdout
    record = read_run(run)
    assert set(record.front["mask"]) == set(finished["mask"])
    assert np.isclose(record.front["cost"], finished["cost"]).all()
    assert len(record.history)
    assert data(run / "report.html")["warnings"]


def test_a_plot_of_the_front_is_that_of_the_search(run: Path, command: Command) -> None:
    done = command("plot", "run", "--figure", "front", "--out", "picture.png", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert (run.parent / "picture.png").read_bytes() == (run / "front.png").read_bytes()
    done = command("plot", "run", "--figure", "hypervolume", "--format", "svg", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert (run / "hypervolume.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "nowhere"), "nowhere is not a run folder"),
        (("report", "run", "run"), "run is named twice"),
        (("report", "run", "--out", "run/front.csv"), "let --out end in .html"),
        (("report", "run", "--out", "nowhere/page.html"), "cannot write nowhere/page.html"),
        (("report", "."), "holds no front.csv"),
        (("plot", "run", "--figure", "rounds"), "search with --rounds"),
        (("plot", "run", "--figure", "front", "--out", "front.jpg"), "let it end in .png, .svg or .pdf"),
        (("plot", "nowhere", "--figure", "front"), "nowhere is not a run folder"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    arguments: tuple[str, ...], says: str, run: Path, command: Command
) -> None:
    done = command(*arguments, cwd=run.parent)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("history.csv", "evaluations\n1\n", "'hypervolume' is missing"),
        ("history.csv", "evaluations,hypervolume\n1,text\n", "holds text"),
        ("rounds.csv", "round,cost\n1,0.5\n", "'predicted_accuracy' is missing"),
        ("audit.csv", "member\n1\n", "'images' is missing"),
    ],
)
def test_damaged_tables_are_named(name: str, content: str, says: str, run: Path) -> None:
    (run / name).write_text(content)
    with pytest.raises(RunError, match=says):
        read_run(run)


def test_audits_of_members_that_are_gone_are_left_out(run: Path) -> None:
    columns = "member,images,clean_accuracy,search_robust_accuracy,worst_case_accuracy\n"
    (run / "audit.csv").write_text(f"{columns}0,40,0.9,0.5,0.4\n99999,40,0.9,0.5,0.4\n")
    assert read_run(run).audit["member"].tolist() == [0]


def test_what_each_attack_left_is_read(run: Path) -> None:
    columns = "member,images,clean_accuracy,search_robust_accuracy,worst_case_accuracy\n"
    (run / "audit.csv").write_text(f"{columns}0,40,0.9,0.5,0.4\n1,40,0.9,0.5,0.4\n")
    (run / "audit").mkdir()
    rows = 'PGD,white box,0.4,40,"eps 0.1, 10 steps"\nAPGD,skipped,,40,needs 3 classes\n'
    table = run / "audit" / "member-0.csv"
    table.write_text(f"attack,group,accuracy,images,description\n{rows}")
    attacks = read_run(run).attacks
    assert list(attacks) == [0]
    assert attacks[0]["description"].tolist() == ["eps 0.1, 10 steps", "needs 3 classes"]
    for content in ("", "attack,group\n", table.read_text().replace("0.4", "1.4"), '"', "\0"):
        table.write_text(content)
        with pytest.raises(RunError, match=r"member-0.csv is damaged.*'ccsrp audit .* --member 0' writes it"):
            read_run(run)


def test_layers_that_do_not_fit_the_masks_are_refused(run: Path) -> None:
    config = run / "config.toml"
    config.write_text(re.sub(r"(\[layers\]\n[^=]+= )\d+", r"\g<1>99", config.read_text()))
    with pytest.raises(RunError, match="its layers and its masks do not fit"):
        read_run(run)


def test_a_run_from_before_layers_were_named_numbers_them(run: Path) -> None:
    config = run / "config.toml"
    config.write_text(re.sub(r"\[layers\]\n([^=\n]+= \d+\n)+", "", config.read_text()))
    assert "[layers]" not in config.read_text()
    (run / "run.sqlite").unlink()
    assert read_run(run).layers is None
    assert read_runs([run])[0].evaluated.empty
