"""Fine-tuned members: audited apart from members as searched, and never by figures of other weights."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ccsrp.attack.ensemble import ensemble
from ccsrp.attack.own_attacks import Pgd
from ccsrp.runs.reading import read_run
from tests.conftest import Ended
from tests.fuzz.helpers import said

Command = Callable[..., Ended]
QUICK = ("--steps", "2", "--validation-images", "12", "--test-images", "20", "--cost", "synops")
TUNE = ("finetune", "run", "--images", "32", "--steps", "1", "--epochs")
MEMBER = ("--member", "1")
AUDIT = ("audit", "run", "--finetuned")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose member 1 was fine-tuned for one epoch."""
    folder = tmp_path_factory.mktemp("finetuned") / "run"
    done = said("search", "digits", "--out", str(folder), "--budget", "6", "--subpop", "3", *QUICK)
    assert done.status == 0, done.error
    done = said(TUNE[0], str(folder), *TUNE[2:], "1", *MEMBER)
    assert done.status == 0, done.error
    return folder


@pytest.fixture
def run(tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and audits of three attacks in place of all."""
    monkeypatch.setattr("ccsrp.runs.audit.ensemble", lambda search, _: ensemble(search)[:3])
    shutil.copytree(tuned, tmp_path / "run")
    return tmp_path / "run"


def files(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def row(file: Path) -> pd.Series:
    table = pd.read_csv(file).set_index("member")
    assert list(table.index) == [1]
    return table.loc[1]


def test_an_audit_is_of_the_weights_after_fine_tuning_and_leaves_the_members_own_alone(
    run: Path, command: Command
) -> None:
    assert command("audit", "run", *MEMBER, cwd=run.parent).returncode == 0
    before = files(run)
    done = command(*AUDIT, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    tuned, searched = row(run / "finetuned" / "audit.csv"), row(run / "audit.csv")
    figures = pd.read_csv(run / "finetuned" / "member-1" / "figures.csv").set_index("network")
    for audited, name in ((searched, "before"), (tuned, "after")):
        assert audited["clean_accuracy"] == pytest.approx(figures.loc[name, "test_accuracy"])
        assert audited["search_robust_accuracy"] == pytest.approx(figures.loc[name, "test_robust_accuracy"])
    attacks = pd.read_csv(run / "finetuned" / "member-1" / "audit.csv").set_index("attack")
    assert attacks.loc["worst case", "accuracy"] == tuned["worst_case_accuracy"]
    own = f"{searched['search_robust_accuracy']:.3f} and {searched['worst_case_accuracy']:.3f}"
    assert f"before fine-tuning {own}" in done.stdout
    assert read_run(run).audit["worst_case_accuracy"].tolist() == [searched["worst_case_accuracy"]]
    after = files(run)
    assert {file: after[file] for file in before} == before
    assert command(*AUDIT, *MEMBER, cwd=run.parent).returncode == 0
    assert files(run) == after, "a second time nothing changes"


def test_an_interrupted_audit_goes_on(run: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run.with_name("whole")
    shutil.copytree(run, whole)
    assert command("audit", "whole", "--finetuned", cwd=run.parent).returncode == 0
    survivors, tried = Pgd.survivors, []

    def cut(self: Pgd, *case: object) -> object:
        tried.append(self.name)
        if len(tried) == 2:
            raise KeyboardInterrupt
        return survivors(self, *case)  # type: ignore[arg-type]

    monkeypatch.setattr(Pgd, "survivors", cut)
    assert command(*AUDIT, cwd=run.parent).returncode != 0
    assert not (run / "finetuned" / "audit.csv").exists()
    assert command(*AUDIT, cwd=run.parent).returncode == 0
    assert tried == [tried[0], tried[1], tried[1]], "what was done is not done again"
    for name in ("audit.csv", "member-1/audit.csv", "member-1/audit.npz"):
        assert (run / "finetuned" / name).read_bytes() == (whole / "finetuned" / name).read_bytes()


def card(run: Path, command: Command, out: str) -> str:
    done = command("export", "run", *MEMBER, "--finetuned", "--out", out, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    return (run.parent / out / "MODEL_CARD.md").read_text()


def test_synaptic_operations_are_shares_of_what_the_search_counts_as_one(run: Path, command: Command) -> None:
    cost = pd.read_csv(run / "front.csv").set_index("member").loc[1, "cost"]
    figures = pd.read_csv(run / "finetuned" / "member-1" / "figures.csv").set_index("network")
    assert 0 < cost < 1
    assert figures.loc["before", "synops"] == pytest.approx(cost, abs=1e-9)
    done = command("export", "run", *MEMBER, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    written = (run / "exported" / "member-1" / "MODEL_CARD.md").read_text()
    line = next(line for line in written.splitlines() if line.startswith("| synaptic operations"))
    assert line.endswith(f"| {cost:.4f} |")


def test_another_fine_tuning_takes_the_audit_with_it_and_keeps_the_earlier_one(
    run: Path, command: Command
) -> None:
    assert command(*AUDIT, cwd=run.parent).returncode == 0
    worst = row(run / "finetuned" / "audit.csv")["worst_case_accuracy"]
    assert f"every attack of the audit | {worst:.4f} |" in card(run, command, "first")
    folder, before = run / "finetuned" / "member-1", files(run)

    refused = command(*TUNE, "2", *MEMBER, cwd=run.parent)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "epochs was 1, now 2" in refused.stderr
    assert "--again" in refused.stderr
    assert files(run) == before

    done = command(*TUNE, "2", *MEMBER, "--again", cwd=run.parent)
    assert done.returncode == 0, done.stderr
    kept = folder.with_name("member-1-earlier-1")
    assert f"lies in {kept.relative_to(run.parent)} now" in done.stdout
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        file.name: content for file, content in before.items() if file.parent == folder
    }
    assert "No audit was made: <code>ccsrp audit run --member 1 --finetuned</code>" in card(
        run, command, "second"
    )
    assert pd.read_csv(run / "finetuned" / "audit.csv").empty
    names = sorted(file.name for file in (run / "finetuned").iterdir())
    assert command(*TUNE, "2", *MEMBER, "--again", cwd=run.parent).returncode == 0
    assert sorted(file.name for file in (run / "finetuned").iterdir()) == names, (
        "the same one is gone on with"
    )

    shutil.rmtree(folder)
    kept.rename(folder)  # taken up again, with its audit
    assert command(*AUDIT, cwd=run.parent).returncode == 0
    assert row(run / "finetuned" / "audit.csv")["worst_case_accuracy"] == worst


def test_an_audit_of_weights_that_were_exchanged_is_not_shown(run: Path, command: Command) -> None:
    from safetensors.torch import load_file, save_file

    assert command(*AUDIT, cwd=run.parent).returncode == 0
    file = run / "finetuned" / "member-1" / "weights.safetensors"
    mask = pd.read_csv(run / "front.csv", dtype={"mask": str}).set_index("member").loc[1, "mask"]
    other = {
        name: 1.25 * tensor if tensor.is_floating_point() else tensor
        for name, tensor in load_file(file).items()
    }
    save_file(other, file, metadata={"mask": mask})
    assert "No audit was made" in card(run, command, "home")
    again = command(*AUDIT, cwd=run.parent)
    assert "is of another network" in again.stdout
    assert "## Audit" in card(run, command, "home")


def test_what_was_not_fine_tuned_is_said_before_any_work(run: Path, command: Command) -> None:
    folder = run / "finetuned" / "member-1"
    (folder.with_name("member-0")).mkdir()
    (folder.with_name("member-0") / "checkpoint.safetensors").write_bytes(b"")
    cases = [
        (
            ("--member", "0"),
            "member 0 in run/finetuned/member-0 has not finished; 'ccsrp finetune run --member 0'",
        ),
        (("--member", "99"), "has no member 99"),
        (("--images", "0"), "asked for 0"),
    ]
    other = pd.read_csv(run / "front.csv")["member"].max()
    if other > 1:
        cases.append((("--member", str(other)), f"'ccsrp finetune run --member {other}' makes it"))
    before = files(run)
    for arguments, says in cases:
        done = command(*AUDIT, *arguments, cwd=run.parent)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert says in done.stderr
    assert files(run) == before
    shutil.rmtree(folder)
    done = command(*AUDIT, cwd=run.parent)
    assert done.returncode == 2
    assert "no member that was fine-tuned; 'ccsrp finetune run --member ID' does that" in done.stderr
