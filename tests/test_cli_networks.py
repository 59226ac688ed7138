"""The command line from masks to networks: rounds, fine-tuning, comparison; and wrong input on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from problems import DigitsPruning
from tests.conftest import Ended
from tests.test_cli import QUICK, ccsrp

ROUNDS = ("--rounds", "2", "--target-cost", "0.5", "--epochs", "1", "--images", "64")
TUNE = ("finetune", "run", "--images", "64", "--steps", "1")
COMPARE = ("compare", "digits", "--out", "study", "--methods", "random,magnitude", "--targets", "0.5")
Command = Callable[..., Ended]
SMALL = ("--epochs", "1", "--images", "64", "--steps", "1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rounds")
    done = ccsrp("search", "digits", "--out", "run", *QUICK, *ROUNDS, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def test_rounds_leave_weights_and_one_joint_front(run: Path) -> None:
    rounds = pd.read_csv(run / "rounds.csv", dtype={"mask": str})
    front = pd.read_csv(run / "front.csv", dtype={"mask": str})
    assert len(rounds) <= 2
    assert {file.name for file in (run / "rounds").iterdir()} == {
        f"round-{number}.safetensors" for number in rounds["round"]
    }
    assert set(front["mask"].str.len()) == {80}
    assert front["round"].max() <= len(rounds)
    assert pd.read_csv(run / "history.csv")["evaluations"].is_monotonic_increasing


def test_a_member_of_a_later_round_is_what_the_front_says(run: Path) -> None:
    from ccsrp.runs.member import open_run

    opened = open_run(run)
    row = opened.front[opened.front["round"] > 0].iloc[0]
    problem, mask = opened.member(int(row["member"]))
    error, robust_error, cost = problem.evaluate(mask[None])[0]
    assert [1 - error, 1 - robust_error] == pytest.approx([row["accuracy"], row["robust_accuracy"]])
    assert cost == pytest.approx(row["cost"])
    whole = DigitsPruning().space.from_string(row["mask"])
    assert DigitsPruning().cost(whole[None])[0] == pytest.approx(row["cost"])


def test_a_member_of_a_later_round_is_exported_with_what_its_round_learned(
    copy: Path, command: Command
) -> None:
    front = pd.read_csv(copy / "front.csv", dtype={"mask": str})
    row = front[front["round"] > 0].iloc[0]
    done = command("export", "run", "--member", str(row["member"]), cwd=copy.parent)
    assert done.returncode == 0, done.stderr
    assert f"test accuracy: {row['test_accuracy']:.4f} of the files" in done.stdout
    assert "DIFFER" not in done.stdout
    card = (copy / "exported" / f"member-{row['member']}" / "MODEL_CARD.md").read_text()
    assert f"rounds of pruning and fine-tuning before this member | {row['round']} |" in card


def test_a_member_is_fine_tuned_and_a_second_time_nothing_is_trained(copy: Path, command: Command) -> None:
    first = command(*TUNE, "--member", "1", "--epochs", "1", cwd=copy.parent)
    assert first.returncode == 0, first.stderr
    folder = copy / "finetuned" / "member-1"
    figures = pd.read_csv(folder / "figures.csv")
    assert list(figures["network"]) == ["before", "after"]
    weights = (folder / "weights.safetensors").read_bytes()
    second = command(*TUNE, "--member", "1", "--epochs", "1", cwd=copy.parent)
    assert second.returncode == 0
    assert "epoch 1" not in second.stdout
    assert (folder / "weights.safetensors").read_bytes() == weights
    other = command(*TUNE, "--member", "1", "--epochs", "2", cwd=copy.parent)
    assert (other.returncode, len(other.stderr.splitlines())) == (2, 1)
    assert "other settings (fine-tuning.epochs was 1, now 2)" in other.stderr


def test_a_fine_tuning_that_is_refused_leaves_nothing(copy: Path, command: Command) -> None:
    done = command("finetune", "run", "--member", "1", "--images", "99999", cwd=copy.parent)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert not (copy / "finetuned").exists()


def test_a_comparison_is_one_table(tmp_path: Path, command: Command) -> None:
    done = command(*COMPARE, *SMALL, "--test-images", "20", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "study" / "table.csv")
    assert list(table["method"]) == ["dense", "random", "magnitude"]
    assert "| magnitude | 0.5 | 1 |" in done.stdout
    about, _, rows = (tmp_path / "study" / "summary.md").read_text().partition("\n\n")
    assert rows.startswith("| method |")
    assert about.startswith("Problem digits (cost flops, test_images 20). Test figures are of 20 test images")
    assert "sharp PGD, L-infinity, eps 0.1, 10 steps" in about
    assert "surrogate ATan(alpha=6.0)" in about
    assert "1 epoch of 64 training images, distillation" in about
    assert "`seconds` are a method's own" in about
    assert (tmp_path / "study" / "summary.md").read_text() in done.stdout
    for name in ("show", "report", "resume", "pick"):
        asked = command(name, "study", cwd=tmp_path)
        assert (asked.returncode, len(asked.stderr.splitlines())) == (2, 1)
        assert "study is a comparison ('ccsrp compare'), not a search" in asked.stderr
    again = command(*COMPARE, *SMALL, "--test-images", "20", cwd=tmp_path)
    assert again.returncode == 0
    assert "random-0-0.5:" not in again.stdout, "what is there is not made again"
    judged = command(*COMPARE, *SMALL, "--test-images", "20", "--attack", "standard", cwd=tmp_path)
    assert (judged.returncode, len(judged.stderr.splitlines())) == (2, 1), "that is another comparison"
    small = ("compare", "digits", "--out", "other", "--methods", "random", "--targets", "0.5", *SMALL)
    other = command(*small, "--test-images", "20", "--attack", "strong", cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    robust = pd.read_csv(tmp_path / "other" / "table.csv")["test_robust_accuracy"]
    assert robust[0] < table["test_robust_accuracy"][0], "the same dense network, judged more strictly"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "digits", "--rounds", "-1"), "rounds must be at least 1"),
        (("search", "digits", "--target-cost", "1.5"), "share of the dense network's cost in (0, 1]"),
        (("search", "digits-14", "--rounds", "2"), "has no network to fine-tune"),
        (("search", "digits", "--choose", "knee"), "--choose needs --rounds"),
        (("search", "digits", "--epochs", "3"), "--epochs needs --rounds"),
        (("search", "digits", "--rounds", "1", "--robust-loss", "0.1"), "needs --choose cheapest"),
        (("search", "digits", "--preset", "paper", "--budget", "50"), "--budget is fixed by --preset paper"),
        (("search", "digits", "--preset", "paper", "--stop-dominated"), "--stop-dominated is fixed by"),
        (("search", "digits", "--rounds", "1", "--epochs", "0"), "epochs of fine-tuning must be at least 1"),
        (("search", "digits", "--rounds", "1", "--images", "99999"), "the train split has 1197"),
        (("compare", "digits", "--out", "x", "--targets", "0.5,2"), "in (0, 1], got 2.0"),
        (("compare", "digits", "--out", "x", "--targets", "half"), "numbers separated by commas"),
        (("compare", "digits", "--out", "x", "--methods", "luck"), "unknown method 'luck'"),
        (("compare", "digits-14", "--out", "x"), "has no network to prune"),
        (("compare", "digits", "--out", "x", "--images", "99999"), "the train split has 1197"),
        (("compare", "digits", "--out", "x", "--audit", "-1"), "at least 1 image"),
        (("finetune", "nowhere", "--member", "0"), "nowhere is not a run folder"),
    ],
)
def test_wrong_input_ends_with_one_line_and_nothing_is_left(
    arguments: tuple[str, ...], said: str, tmp_path: Path, command: Command
) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_target_out_of_reach_says_how_far_it_goes_and_finished_cells_stay(
    tmp_path: Path, command: Command
) -> None:
    done = command(*COMPARE[:-1], "0.001", *SMALL, cwd=tmp_path)
    assert done.returncode == 2
    assert "one filter in every layer costs 0.00" in done.stderr
    assert (tmp_path / "study" / "cells" / "dense-0.csv").exists()


def test_a_run_whose_parts_are_missing_is_refused(copy: Path, command: Command) -> None:
    front = pd.read_csv(copy / "front.csv", dtype={"mask": str})
    late = int(front.loc[front["round"] > 0, "member"].iloc[0])
    unknown = command(*TUNE, "--member", "999", cwd=copy.parent)
    shutil.rmtree(copy / "rounds")
    missing = command(*TUNE, "--member", str(late), cwd=copy.parent)
    for done, said in ((unknown, "has no member 999"), (missing, "cannot read")):
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
