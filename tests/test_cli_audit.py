"""``ccsrp audit``: what it writes, that it agrees with the run, and wrong input on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Ended
from tests.test_cli import QUICK, ccsrp

IMAGES = 8
Command = Callable[..., Ended]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    done = ccsrp("search", "digits", "--out", "run", "--seed", "4", *QUICK, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture
def copy(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def test_members_are_audited_and_a_second_time_nothing_is_run(command: Command, copy: Path) -> None:
    front = pd.read_csv(copy / "front.csv", dtype={"mask": str})
    first, last = int(front["member"].iloc[0]), int(front["member"].iloc[-1])
    assert first != last
    for member in (last, first):
        done = command("audit", "run", "--member", str(member), "--images", "8", cwd=copy.parent)
        assert done.returncode == 0, done.stderr
        assert "worst case" in done.stdout
    table = pd.read_csv(copy / "audit.csv")
    assert table["member"].tolist() == sorted([first, last])
    assert set(table["images"]) == {IMAGES}
    assert (table["worst_case_accuracy"] <= table["search_robust_accuracy"]).all()
    assert (table["search_robust_accuracy"] <= table["clean_accuracy"]).all()
    gap = 100 * (table["search_robust_accuracy"] - table["worst_case_accuracy"])
    assert table["gap_points"].tolist() == pytest.approx(gap.tolist())
    attacks = pd.read_csv(copy / "audit" / f"member-{first}.csv").set_index("attack")
    assert attacks.loc["worst case", "accuracy"] == table["worst_case_accuracy"].iloc[0]
    files = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    again = command("audit", "run", "--member", str(first), "--images", "8", cwd=copy.parent)
    assert again.returncode == 0
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == files


def replace_in(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_other_weights_or_another_attack_are_refused(command: Command, copy: Path) -> None:
    config = (copy / "config.toml").read_text()
    line = next(line for line in config.splitlines() if line.startswith("weights_sha256"))
    for before, after, says in (
        (line, f'weights_sha256 = "{"0" * 64}"', "other weights"),
        ("eps = 0.1", "eps = 0.2", "another attack"),
    ):
        replace_in(copy / "config.toml", before, after)
        done = command("audit", "run", cwd=copy.parent)
        assert done.returncode == 2
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1
        (copy / "config.toml").write_text(config)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("audit", "nowhere"), "not a run folder"),
        (("audit", "."), "holds no front.csv"),
        (("audit", "run", "--member", "99"), "no member 99; its members are 0"),
        (("audit", "run", "--images", "0"), "asked for 0"),
        (("audit", "run", "--images", "-3"), "asked for -3"),
        (("audit", "run", "--images", "9999"), "has 300 images"),
        (("audit", "run", "--member", "first"), "--member"),
        (("audit", "bare"), "cannot read"),
        (("audit", "table"), "no network behind its masks"),
    ],
)
def test_wrong_input_ends_with_one_clear_line_and_status_2(
    command: Command, copy: Path, arguments, says: str
) -> None:
    folder = copy.parent
    (folder / "bare").mkdir()
    shutil.copy(copy / "front.csv", folder / "bare")
    (folder / "table").mkdir()
    shutil.copy(copy / "front.csv", folder / "table")
    config = (copy / "config.toml").read_text()
    kept = [part for part in config.split("\n\n") if part.startswith(("[search]", "[versions]"))]
    head = ['[run]\nproblem = "digits-14"', "[options]", "[attack]", "[provenance]"]
    (folder / "table" / "config.toml").write_text("\n\n".join([*head, *kept]))
    before = sorted(folder.rglob("*"))
    done = command(*arguments, cwd=folder)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before, "something was left behind"
