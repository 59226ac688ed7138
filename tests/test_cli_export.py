"""``ccsrp export``: a folder that stands for itself, measured again, and wrong input on purpose."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

import ccsrp
from ccsrp.cli import main
from ccsrp.runs.member import open_run
from ccsrp.snn.weights import save_weights
from tests.conftest import Ended
from tests.test_cli import QUICK

Command = Callable[..., Ended]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ccsrp", "search", "digits", "--out", str(folder), *QUICK])
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    return folder


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    shutil.copytree(searched, tmp_path / "run")
    return tmp_path / "run"


def test_an_exported_member_has_the_accuracy_of_the_front(run: Path, command: Command) -> None:
    done = command("export", "run", "--member", "1", "--format", "onnx", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    row = pd.read_csv(run / "front.csv").set_index("member").loc[1]
    assert (
        f"test accuracy: {row['test_accuracy']:.4f} of the files, {row['test_accuracy']:.4f} in"
        in done.stdout
    )
    assert "DIFFER" not in done.stdout
    folder = run / "exported" / "member-1"
    files = {"network.json", "network.py", "network.onnx", "weights.safetensors", "MODEL_CARD.md"}
    assert {file.name for file in folder.iterdir()} == files
    images, labels = open_run(run).problem.images("test")
    with torch.no_grad():
        right = (ccsrp.load_network(folder)(images).argmax(1) == labels).float().mean()
    assert float(right) == pytest.approx(row["test_accuracy"])


def test_the_card_says_what_a_stranger_must_know(run: Path, command: Command) -> None:
    assert command("export", "run", "--member", "1", cwd=run.parent).returncode == 0
    card = (run / "exported" / "member-1" / "MODEL_CARD.md").read_text()
    config = (run / "config.toml").read_text()
    weights = config.split("weights_sha256 = ")[1].split('"')[1]
    attack = open_run(run).problem.attack.describe()
    for needed in (
        weights,
        attack.replace("*", r"\*"),
        "No audit was made: <code>ccsrp audit run --member 1</code>",
        "| search: seed | 0 |",
        "## Licence",
        "## Limits",
        "spikingjelly",
        "| in each layer | module 0: ",
    ):
        assert needed in card
    assert "onnx" not in card, "versions are those of what was exported"
    (run / "finetuned").mkdir()
    audit = {
        "member": [1],
        "worst_case_accuracy": [0.125],
        "masked_gradients": [True],
        "steps_in_vain": [False],
    }
    rows = (
        "| robust accuracy at worst: right when clean and after every attack of the audit | 0.1250 |",
        "| does it only hide its gradients? | suspected |",
        "| steps in vain | no sign |",
    )
    for place in ("finetuned/audit.csv", "audit.csv"):
        pd.DataFrame(audit).to_csv(run / place, index=False)
        assert command("export", "run", "--member", "1", cwd=run.parent).returncode == 0
        card = (run / "exported" / "member-1" / "MODEL_CARD.md").read_text()
        assert "No audit was made" not in card
        assert all(line in card for line in rows) == (place == "audit.csv")
        assert ("audited after it was fine-tuned, and not with these" in card) == (place != "audit.csv")


def test_figures_that_differ_are_not_claimed(run: Path, command: Command) -> None:
    front = pd.read_csv(run / "front.csv", dtype={"mask": str})
    front["test_accuracy"] = 1.0
    front["test_robust_accuracy"] = 1.0
    front.to_csv(run / "front.csv", index=False)
    done = command("export", "run", "--member", "1", cwd=run.parent)
    assert done.returncode == 0
    assert "1.0000 in front.csv; they DIFFER" in done.stdout
    assert "front.csv and these files differ" in (run / "exported" / "member-1" / "MODEL_CARD.md").read_text()


def test_fine_tuned_weights_are_exported_beside(run: Path, command: Command) -> None:
    missing = command("export", "run", "--member", "1", "--finetuned", cwd=run.parent)
    assert (missing.returncode, "has no fine-tuned member 1" in missing.stderr) == (2, True)
    opened = open_run(run)
    problem, mask = opened.member(1)
    tuned = problem.network(mask)
    with torch.no_grad():
        next(tuned.parameters()).mul_(1.5)
    folder = run / "finetuned" / "member-1"
    folder.mkdir(parents=True)
    save_weights(tuned.network, folder / "weights.safetensors", metadata={"mask": str(opened.row(1)["mask"])})
    figures = {"network": ["after"], "test_accuracy": [0.5], "test_robust_accuracy": [0.25]}
    pd.DataFrame(figures).to_csv(folder / "figures.csv", index=False)
    (folder / "config.toml").write_text("[fine-tuning]\nepochs = 3\n")
    done = command("export", "run", "--member", "1", "--finetuned", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    loaded = ccsrp.load_network(run / "exported" / "member-1-finetuned")
    images, _ = problem.images("test")
    with torch.no_grad():
        assert torch.equal(loaded(images), tuned(images))
    assert (
        "fine-tuning: epochs | 3" in (run / "exported" / "member-1-finetuned" / "MODEL_CARD.md").read_text()
    )


def test_latency_is_measured_in_turns_and_says_where(run: Path, command: Command, monkeypatch) -> None:
    import ccsrp.runs.exporting as exporting
    from ccsrp.export.latency import measure

    monkeypatch.setattr(
        exporting, "measure", lambda networks, images: measure(networks, images, seconds=0.01)
    )
    done = command("export", "run", "--member", "1", "--format", "onnx", "--latency", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("on this machine") == 8
    table = pd.read_csv(run / "exported" / "member-1" / "latency.csv")
    assert set(zip(table["network"], table["runtime"], table["batch"], strict=True)) == {
        (network, runtime, batch)
        for network in ("dense", "exported")
        for runtime in ("SpikingJelly", "onnxruntime")
        for batch in (1, 64)
    }
    assert (table["rounds"] >= 5).all()
    assert (table["lower_ms"] <= table["upper_ms"]).all()
    assert (
        "measured in turns on this machine alone"
        in (run / "exported" / "member-1" / "MODEL_CARD.md").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--member", "999"), "has no member 999"),
        (("--member", "1", "--format", "tflite"), "'tflite' is not one of"),
        (("--member", "1", "--out", "run"), "holds something else than this network"),
        (("--member", "1", "--out", "run/front.csv"), "holds something else than this network"),
        (("--member", "1", "--out", "link"), "nothing is written through links"),
        (("--member", "1", "--out", "a" * 300), "cannot write"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(
    arguments: tuple[str, ...], says: str, run: Path, command: Command
) -> None:
    (run.parent / "elsewhere").mkdir()
    (run.parent / "link").symlink_to(run.parent / "elsewhere")
    before = sorted(path for path in run.parent.rglob("*"))
    done = command("export", "run", *arguments, cwd=run.parent)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path for path in run.parent.rglob("*")) == before
