"""A user's own problem class from the command line, and code that no run folder has run."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from ccsrp import recorded, search
from ccsrp.errors import RunError
from problems import load_problem
from tests.conftest import Ended

MINE = '''
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn
from torch.utils.data import TensorDataset

from ccsrp import CustomAttack
from ccsrp.snn.data import Dataset
from problems import SpikingPruning


def darker(network, images, labels):
    return images - 0.1


def share(masks, space):
    return masks.mean(axis=1)


class MyPruning(SpikingPruning):
    """Eight filters on noise."""

    def __init__(self, *, colour: str = "grey") -> None:
        torch.manual_seed(0)
        network = nn.Sequential(
            layer.Conv2d(1, 8, 3, padding=1), neuron.LIFNode(), layer.Flatten(), layer.Linear(128, 3)
        )
        images = TensorDataset(torch.rand(60, 1, 4, 4), torch.arange(60) % 3)
        super().__init__(
            network,
            Dataset.of(train=images, test=0.2, validation=0.2),
            attack=CustomAttack(name="darker", eps=0.1, run=darker),
            cost=share,
            validation_images=9,
            calibration_images=9,
            test_images=9,
        )


def factory():
    return MyPruning()
'''

Command = Callable[..., Ended]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``mine.py``, which no other test has imported."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("mine", "broken", "trained"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_it_is_searched_resumed_and_fine_tuned_by_its_name(mine: Path, command: Command) -> None:
    done = command("search", "mine:MyPruning", "--budget", "6", "--subpop", "3", "--seed", "0", cwd=mine)
    assert done.returncode == 0, done.stderr
    assert "mine:MyPruning takes no seed: --seed 0 is that of the search" in done.stdout
    assert "seed" not in tomllib.loads(
        (mine / "runs" / "mine-MyPruning-seed-0" / "config.toml").read_text()
    ).get("options", {})
    assert "robust under: darker, made by mine.darker" in done.stdout
    folder = mine / "runs" / "mine-MyPruning-seed-0"
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["attack"]["run"] == "mine.darker"
    assert config["provenance"]["cost"] == "mine.share"
    again = command("resume", str(folder), "--problem", "mine:MyPruning", cwd=mine)
    assert again.returncode == 0, again.stderr
    picked = command("pick", str(folder), cwd=mine)
    assert "ccsrp export" in picked.stdout
    assert "--problem mine:MyPruning" in picked.stdout, "what is suggested can be run"
    tune = ("finetune", str(folder), "--member", "0", "--epochs", "1", "--images", "30")
    tuned = command(*tune, "--problem", "mine:MyPruning", cwd=mine)
    assert tuned.returncode == 0, tuned.stderr
    settings = tomllib.loads((folder / "finetuned" / "member-0" / "config.toml").read_text())["fine-tuning"]
    assert {"attack_steps", "attack_reach"}.isdisjoint(settings), "the attack heeds neither"
    for option, value in (("--steps", "3"), ("--reach", "1.3")):
        unheeded = command(*tune, option, value, "--problem", "mine:MyPruning", cwd=mine)
        assert (unheeded.returncode, len(unheeded.stderr.splitlines())) == (2, 1)
        assert f"{option} changes nothing here: the attack 'darker'" in unheeded.stderr
        compared = command("compare", "mine:MyPruning", "--out", "study", option, value, cwd=mine)
        assert (compared.returncode, compared.stderr) == (2, unheeded.stderr)
        assert not (mine / "study").exists()
    cost = pd.read_csv(folder / "front.csv").set_index("member").loc[0, "cost"]
    row = next(line.split() for line in tuned.stdout.splitlines() if "cost by mine.share" in line)
    assert row[-2:] == [f"{cost:.4f}"] * 2, "training changes no mask"
    home = ("export", str(folder), "--member", "0", "--finetuned", "--problem", "mine:MyPruning")
    assert command(*home, cwd=mine).returncode == 0
    card = (folder / "exported" / "member-0-finetuned" / "MODEL_CARD.md").read_text()
    assert f"| cost by mine.share, which the search minimised | {cost:.4f} | 1.0000 | {cost:.4f} |" in card
    taken = command("search", "mine:MyPruning", "--out", str(folder), cwd=mine)
    assert f"go on with 'ccsrp resume {folder} --problem mine:MyPruning'" in taken.stderr
    shown = command("show", str(folder), "--member", "0", cwd=mine)
    assert "module 0" in shown.stdout
    assert f"ccsrp audit {folder} --member 0 --problem mine:MyPruning" in shown.stdout

    for asked in (("resume", str(folder)), tune, ("audit", str(folder))):
        del sys.modules["mine"]
        refused = command(*asked, cwd=mine)
        assert refused.returncode == 2
        assert (
            "no folder has code run: if it is yours, say so with --problem mine:MyPruning" in refused.stderr
        )
        assert "mine" not in sys.modules, "it was not even imported"
        sys.modules["mine"] = object()  # type: ignore[assignment]
    del sys.modules["mine"]

    (mine / "mine.py").write_text(MINE.replace("images - 0.1", "images - 0.125"))
    changed = command("resume", str(folder), "--problem", "mine:MyPruning", cwd=mine)
    assert changed.returncode == 2
    assert "under another attack than 'mine:MyPruning' has now: its code was" in changed.stderr


def test_a_folder_is_on_the_problem_that_it_is_on(tmp_path: Path) -> None:
    from ccsrp.coevolution.settings import SearchSettings
    from ccsrp.runs.config import RunConfig
    from ccsrp.runs.resuming import check_named

    config = RunConfig(
        problem="digits", options={}, search=SearchSettings(), attack={}, provenance={}, versions={}
    )
    check_named(tmp_path, config, None)
    with pytest.raises(RunError, match="is a search on 'digits', not on 'mine:MyPruning'"):
        check_named(tmp_path, config, "mine:MyPruning")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("mine:Mine", MINE, "module 'mine' has no class 'Mine'; its problem classes are MyPruning"),
        ("mine:factory", MINE, "mine:factory is a function; name a subclass of problems.PruningProblem"),
        ("mine:nn", MINE, "mine:nn is a module; name a subclass"),
        ("mine:TensorDataset", MINE, "mine:TensorDataset is a class that is no problem"),
        ("yours:MyPruning", MINE, "there is no module 'yours' in"),
        ("mine/x:MyPruning", MINE, "is no MODULE:CLASS; write mine:MyPruning"),
        ("mine.py:MyPruning", MINE, "a module is named without .py and with dots for folders; write mine:My"),
        ("../mine.py:X", MINE, "write mine:X, in the folder where it lies"),
        ("mine:", MINE, "is no MODULE:CLASS; write mine:MyPruning"),
        ("broken:X", "1 / 0", "module 'broken' cannot be imported (ZeroDivisionError: division by zero, at "),
        ("broken:X", "raise SystemExit('bye')", "module 'broken' cannot be imported (SystemExit: bye"),
        ("broken:X", "def (", "(SyntaxError: invalid syntax (broken.py, line 1))"),
        ("broken:X", "import nonsuch", "(ModuleNotFoundError: No module named 'nonsuch', at "),
        (
            "broken:X",
            "from problems import PruningProblem\nclass X(PruningProblem):\n    def __init__(self): 1 / 0",
            "broken:X cannot be built (ZeroDivisionError: division by zero, at ",
        ),
        (
            "broken:X",
            "from problems import PruningProblem\nclass X(PruningProblem):\n    def __init__(self): pass",
            "broken:X has no space once it is built; call super().__init__",
        ),
    ],
)
def test_wrong_names_and_modules_end_with_one_line(
    name: str, text: str, says: str, mine: Path, command: Command
) -> None:
    (mine / ("broken.py" if name.startswith("broken") else "mine.py")).write_text(text)
    done = command("search", name, "--out", "run", cwd=mine)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (mine / "run").exists()


PAGE = (Path(__file__).parent.parent / "docs" / "how-to" / "bring-your-own.md").read_text()
TRAINED = next(
    block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "class Trained" in block
)
TRAIN = ("train", "trained:Trained", "--epochs", "1", "--images", "64", "--steps", "1")


def test_the_example_of_training_is_trained_and_searched(mine: Path, command: Command) -> None:
    (mine / "trained.py").write_text(TRAINED)
    asked = command("search", "trained:Trained", "--out", "run", cwd=mine)
    assert "make them with 'ccsrp train trained:Trained --out DIR'" in asked.stderr
    for out in ("base", "again"):
        torch.rand(1)
        done = command(*TRAIN, "--out", out, "--seed", "3", cwd=mine)
        assert done.returncode == 0, done.stderr
        assert "training acc. under attack 0." in done.stdout
    weights = [(mine / out / "weights.safetensors").read_bytes() for out in ("base", "again")]
    assert weights[0] == weights[1], "--seed fixes the weights that training begins with"
    given = ("--weights", "base/weights.safetensors", "--budget", "6", "--subpop", "3", "--out", "run")
    searched = command("search", "trained:Trained", *given, "--validation-images", "20", cwd=mine)
    assert searched.returncode == 0, searched.stderr


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "@classmethod\n    def untrained(cls",
            "def untrained(self",
            "Trained.untrained failed (TypeError: ",
        ),
        (
            "@classmethod\n    def dataset(cls, ",
            "def dataset(self, ",
            "wants @classmethod def dataset(cls, *,",
        ),
        ("def dataset(cls, *, data_dir", "def dataset(*, data_dir", "Trained.dataset failed (TypeError: "),
        (
            "def untrained(cls, *, network=None, seed=0)",
            "def untrained(cls)",
            "(cls, *, network=None, seed=0)",
        ),
        (
            "return nn.Sequential(",
            "return list((",
            "untrained must return a network, an nn.Module, got a list",
        ),
        (
            "    eps = 0.1",
            "    epsilon = 0.1",
            "has no attribute 'eps'); training wants a class attribute such",
        ),
    ],
)
def test_a_class_that_cannot_be_trained_ends_with_one_line(
    before: str, after: str, says: str, mine: Path, command: Command
) -> None:
    assert before in TRAINED
    text = TRAINED.replace(before, after)
    (mine / "trained.py").write_text(text.rstrip() + ")\n" if after.endswith("((") else text)
    done = command(*TRAIN, "--out", "base", cwd=mine)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_options_that_its_class_does_not_take_are_refused(mine: Path, command: Command) -> None:
    done = command("search", "mine:MyPruning", "--cost", "params", cwd=mine)
    assert done.returncode == 2
    assert "problem 'mine:MyPruning' has no option 'cost'; it takes colour" in done.stderr


def test_a_folder_made_from_python_is_told_from_a_damaged_one(tmp_path: Path, command: Command) -> None:
    with recorded(tmp_path / "made", about="mine, eps 0.1") as journal:
        search(load_problem("digits-14"), budget=12, journal=journal, screening="none")
    for name in ("show", "report", "resume", "pick"):
        ended = command(name, "made", cwd=tmp_path)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
        assert "made from Python (ccsrp.recorded)" in ended.stderr
