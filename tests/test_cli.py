"""The command line: the contract, and wrong input on purpose."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ccsrp.runs.views import FRONT_COLUMNS
from ccsrp.snn.networks import build_network
from ccsrp.snn.weights import save_weights
from problems import DigitsPruning
from tests.conftest import Ended

QUICK = ("--budget", "8", "--subpop", "3", "--steps", "2", "--validation-images", "40", "--test-images", "20")


def ccsrp(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from ccsrp.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "200"},
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("cli")
    done = ccsrp("search", "digits", "--out", "run", "--seed", "4", *QUICK, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run", done.stdout


@pytest.mark.parametrize(
    ("options", "stops"),
    [
        ((), True),
        (("--no-stop-dominated",), False),
        (("--screen", "none"), True),
    ],
)
def test_who_stops_early(options: tuple[str, ...], stops: bool, tmp_path: Path) -> None:
    done = ccsrp("search", "digits-14", "--budget", "45", "--out", "found", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    config = tomllib.loads((tmp_path / "found" / "config.toml").read_text())
    assert config["search"]["stop_dominated"] is stops


def test_a_run_leaves_the_files_of_the_contract(run: tuple[Path, str]) -> None:
    folder, output = run
    assert {file.name for file in folder.iterdir()} == {
        "config.toml",
        "front.csv",
        "history.csv",
        "front.png",
        "run.sqlite",
    }
    front = pd.read_csv(folder / "front.csv", dtype={"mask": str})
    assert tuple(front.columns) == tuple(name for name in FRONT_COLUMNS if name != "round")
    assert set("".join(front["mask"])) == {"0", "1"}
    assert set(front["mask"].str.len()) == {80}
    for name in ("front.csv", "front.png", "history.csv", "config.toml"):
        assert f"run/{name}" in output
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["search"]["budget"] == 8
    assert config["attack"]["eps"] == 0.1
    assert config["provenance"]["validation_images"] == 40
    assert len(config["provenance"]["weights_sha256"]) == 64
    assert config["versions"]["torch"]


def test_the_front_is_what_python_says_of_its_masks(run: tuple[Path, str]) -> None:
    front = pd.read_csv(run[0] / "front.csv", dtype={"mask": str})
    problem = DigitsPruning(seed=4, steps=2, validation_images=40, test_images=20)
    masks = np.array([problem.space.from_string(mask) for mask in front["mask"]])
    objectives = problem.evaluate(masks)
    np.testing.assert_allclose(front["accuracy"], 1 - objectives[:, 0])
    np.testing.assert_allclose(front["robust_accuracy"], 1 - objectives[:, 1])
    np.testing.assert_allclose(front["cost"], objectives[:, 2])
    report = problem.report(masks, objectives)
    for name in ("flops", "params", "synops", "test_accuracy", "test_robust_accuracy"):
        np.testing.assert_allclose(front[name], report[name])


def test_the_same_command_gives_the_same_files(run: tuple[Path, str], tmp_path: Path) -> None:
    done = ccsrp("search", "digits", "--out", "again", "--seed", "4", *QUICK, cwd=tmp_path)
    assert done.returncode == 0
    for name in ("front.csv", "history.csv", "config.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (run[0] / name).read_bytes()


def test_show_prints_every_member(run: tuple[Path, str]) -> None:
    done = ccsrp("show", str(run[0]), cwd=run[0])
    assert done.returncode == 0
    front = pd.read_csv(run[0] / "front.csv")
    assert f"front of {len(front)} networks" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert [int(row[0]) for row in rows] == front["member"].tolist()
    assert [row[1] for row in rows] == [f"{value:.3f}" for value in front["accuracy"]]
    assert [row[-1] for row in rows] == [f"{value:.3f}" for value in front["test_robust_accuracy"]]
    assert max(len(line) for line in done.stdout.splitlines()) <= 80 + len(str(run[0]))


def test_problems_are_listed_with_what_they_are(tmp_path: Path) -> None:
    done = ccsrp("problems", cwd=tmp_path)
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "cifar10",
        "cifar10-dvs",
        "digits",
        "digits-14",
        "digits-15",
        "digits-16",
        "dvs128-gesture",
        "fashion-mnist",
        "nmnist",
        "pathways",
        "svhn",
    ]
    assert "80 filters" in done.stdout


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ((), ("problems", "search", "resume", "show", "report", "plot", "pick")),
        ((), ("finetune", "audit", "export", "compare", "train")),
        (
            ("search",),
            ("--out", "--seed", "--budget", "--subpop", "--collaborators", "--cost", "--no-calibrate"),
        ),
        (("search",), ("--rounds", "--target-cost", "--choose", "--preset", "--epochs")),
        (("search",), ("--quiet", "--json", "--tensorboard")),
        (("show",), ("DIR", "--max-cost", "--min-accuracy", "--min-robust-accuracy", "--sort", "--json")),
        (("pick",), ("DIR", "--prefer", "--method", "pseudo-weights", "--max-cost", "--json")),
        (("finetune",), ("DIR", "--member", "--epochs", "--images")),
        (("compare",), ("--methods", "--targets", "--seeds", "--audit", "--out")),
        (("audit",), ("DIR", "--member", "--images")),
        (("train",), ("--out", "--epochs", "--method", "--resume", "pgd-at", "trades")),
    ],
)
def test_help_names_what_can_be_said(
    which: tuple[str, ...], names: tuple[str, ...], tmp_path: Path, command: Callable[..., Ended]
) -> None:
    done = command(*which, "--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in names:
        assert name in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("search", "digit"), "unknown problem 'digit'"),
        (("search", "digits", "--budget", "5"), "below one generation"),
        (("search", "digits", "--budget", "many"), "--budget takes a whole number, got 'many'"),
        (("search", "digits", "--bugdet", "50"), "has no option --bugdet; did you mean --budget?"),
        (("pick", "full", "--member", "3"), "'ccsrp pick' has no option --member; 'ccsrp pick --help'"),
        (("search", "digits", "--collaborators", "friends"), "friends"),
        (("search", "digits", "--seed", "-1"), "seed must be a whole number"),
        (("search", "digits", "--steps", "0"), "at least 1 step"),
        (("search", "digits", "--out", "full"), "not empty"),
        (("search", "digits", "--out", "full/precious"), "not empty"),
        (("search", "digits", "--out", "/proc/nowhere/run"), "cannot write to"),
        (("search", "digits", "--out", "x" * 300), "cannot write to"),
        (("search", "digits", "--device", "gpu"), "unknown device 'gpu'"),
        (("search", "digits", "--seed", "9" * 23), "seed must be a whole number"),
        (("search", "digits", "--validation-images", "0"), "asked for 0"),
        (("search", "digits", "--weights", "missing.safetensors"), "cannot read weights"),
        (("search", "digits", "--weights", "nan.safetensors"), "not finite"),
        (("search", "digits", "--weights", "full/precious"), "not a whole safetensors file"),
        (("search", "digits", "--network", "lenet", "--weights", "w"), "unknown network"),
        (("search", "digits", "--validation-images", "9999"), "has 300 images"),
        (("search", "cifar10"), "make them with 'ccsrp train cifar10 --out DIR'"),
        (("search", "fashion-mnist", "--data-dir", "corrupt"), "fetch the data set anew"),
        (("show", "nowhere"), "not a run folder"),
        (("show", "full"), "holds no front.csv"),
        (("resume", "nowhere"), "not a run folder"),
        (("resume", "full"), "holds no run store"),
        (("show", "[/]"), "not a run folder"),
        (("train", "digits", "--out", "full"), "not empty"),
        (("train", "digits", "--out", "new", "--epochs", "0"), "epochs must be above 0"),
        (("train", "digits", "--out", "new", "--network", "vgg11"), "does not take images [1, 8, 8]"),
        (("train", "digits", "--out", "new", "--device", "tpu"), "unknown device"),
        (
            ("train", "digits", "--out", "new", "--learning-rate", "inf"),
            "learning_rate must be above 0 and finite",
        ),
        (("train", "digits", "--out", "new", "--resume"), "no training to resume"),
        (("launch",), "no such command 'launch'; see 'ccsrp --help'"),
        (("serch",), "no such command 'serch'; did you mean 'search'?"),
        (("search",), "missing argument 'PROBLEM'; see 'ccsrp search --help'"),
        (("search", "digits", "--budget"), "'--budget' requires an argument; see 'ccsrp search --help'"),
        (("search", "digits", "--workers", "0"), "workers must be at least 1, got 0"),
        (("resume", "nowhere", "--ray", "here"), "'here' is no address of a Ray cluster"),
    ],
)
def test_wrong_input_ends_with_one_clear_line_and_status_2(
    tmp_path: Path, arguments: tuple[str, ...], says: str, command: Callable[..., Ended]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("data")
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "train-images-idx3-ubyte.gz").write_bytes(b"garbage")
    network = build_network("digits")
    network[0].weight.data[0] = float("nan")
    save_weights(network, tmp_path / "nan.safetensors")
    before = sorted(tmp_path.rglob("*"))
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("ccsrp: ")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"


TRAIN = ("train", "digits", "--images", "128", "--steps", "1", "--batch-size", "64")


def test_training_can_be_interrupted_resumed_and_used(tmp_path: Path) -> None:
    whole = ccsrp(*TRAIN, "--out", "whole", "--epochs", "3", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert {file.name for file in (tmp_path / "whole").iterdir()} == {
        "config.toml",
        "curve.csv",
        "checkpoint.safetensors",
        "weights.safetensors",
    }
    assert len(pd.read_csv(tmp_path / "whole" / "curve.csv")) == 3
    script = (
        "import ccsrp.runs.training as t, ccsrp.cli as c\n"
        "whole = t.Trainer.run_epoch\n"
        "def cut(self, on_batch=None):\n"
        "    if self.epoch == 1: raise KeyboardInterrupt\n"
        "    return whole(self, on_batch)\n"
        "t.Trainer.run_epoch = cut\n"
        "c.main()\n"
    )
    cut = subprocess.run(
        [sys.executable, "-c", script, *TRAIN, "--out", "cut", "--epochs", "3"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert cut.returncode == 130
    assert cut.stderr.startswith("ccsrp: interrupted")
    assert len(cut.stderr.splitlines()) == 1
    assert not (tmp_path / "cut" / "weights.safetensors").exists()
    other = ccsrp(*TRAIN, "--out", "cut", "--epochs", "4", "--resume", cwd=tmp_path)
    assert other.returncode == 2
    assert "other settings: training.epochs was 3, now 4; say the same" in other.stderr
    resumed = ccsrp(*TRAIN, "--out", "cut", "--epochs", "3", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    for name in ("weights.safetensors", "curve.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    used = ccsrp(
        "search", "digits", "--out", "run", "--weights", "cut/weights.safetensors", *QUICK, cwd=tmp_path
    )
    assert used.returncode == 0, used.stderr


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    assert ccsrp(*TRAIN, "--out", "run", "--epochs", "1", cwd=tmp_path).returncode == 0
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(b"garbage")
    done = ccsrp(*TRAIN, "--out", "run", "--epochs", "1", "--resume", cwd=tmp_path)
    assert done.returncode == 2
    assert "damaged checkpoint" in done.stderr
    assert "Traceback" not in done.stderr
