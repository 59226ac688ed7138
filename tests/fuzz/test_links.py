"""Links and pipes in a run folder: nothing outside is written, and nothing waits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccsrp.errors import CcsrpError
from ccsrp.methods.interface import FineTuning
from ccsrp.runs.finetuning import finetune_member
from ccsrp.runs.member import Run, open_run
from ccsrp.runs.rounds import StoredRounds
from ccsrp.runs.store import STORE, RunStore
from tests.fuzz.helpers import said

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")

FILES = ("front.csv", "front.png", "history.csv", "config.toml", STORE, "run.lock")
BESIDE = (
    "front.csv.tmp",
    f"{STORE}.tmp",
    f"{STORE}.tmp-wal",
    f"{STORE}-wal",
    f"{STORE}-shm",
    f"{STORE}-journal",
)
WRITTEN = (*FILES, *BESIDE)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file in it, both of which have to stay as they are."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_text("data")
    yield folder
    assert [file.name for file in folder.iterdir()] == ["precious"]
    assert (folder / "precious").read_text() == "data"


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("name", "target"),
    [*((name, "precious") for name in WRITTEN), ("run.lock", "new"), *((name, "new") for name in BESIDE)],
)
def test_resuming_writes_through_no_link(copy: Path, outside: Path, name: str, target: str) -> None:
    (copy / name).unlink(missing_ok=True)
    (copy / name).symlink_to(outside / target)
    said("resume", str(copy))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_search_begins_through_no_link(tmp_path: Path, outside: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).symlink_to(outside / "precious")
    said("search", "pathways", "--budget", "12", "--subpop", "3", "--out", str(folder))


@pytest.mark.parametrize("name", WRITTEN)
def test_no_pipe_is_waited_for(copy: Path, name: str) -> None:
    (copy / name).unlink(missing_ok=True)
    os.mkfifo(copy / name)
    said("resume", str(copy))
    said("show", str(copy))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_folder_in_the_place_of_a_file_is_no_defect(copy: Path, name: str) -> None:
    (copy / name).unlink(missing_ok=True)
    (copy / name).mkdir()
    said("resume", str(copy))
    said("show", str(copy))


@pytest.fixture(scope="session")
def opened(network_run: Path) -> Run:
    return open_run(network_run)


@pytest.mark.parametrize("link", ["finetuned", "finetuned/member-0"])
def test_fine_tuning_leaves_the_folder_through_no_link(
    opened: Run, network_run: Path, tmp_path: Path, outside: Path, link: str
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(network_run, copy)
    (copy / link).parent.mkdir(exist_ok=True)
    (copy / link).symlink_to(outside)
    mine = Run(copy, opened.config, opened.front, opened.problem)
    with pytest.raises(CcsrpError, match="is a link"):
        finetune_member(mine, 0, FineTuning(epochs=1, images=10, attack_steps=1))


@pytest.mark.parametrize("link", ["rounds", "rounds/round-1-training"])
def test_rounds_leave_the_folder_through_no_link(opened: Run, copy: Path, outside: Path, link: str) -> None:
    (copy / link).parent.mkdir(exist_ok=True)
    (copy / link).symlink_to(outside)
    tuning = FineTuning(epochs=1, images=10, attack_steps=1)
    with RunStore(copy) as store, pytest.raises(CcsrpError, match="is a link"):
        StoredRounds(copy, store).after(
            1, opened.problem, opened.problem.space.full(), tuning, seed=0, first=opened.problem
        )


@pytest.mark.parametrize("link", ["audit", "audit.csv", "audit.csv.tmp"])
def test_an_audit_leaves_the_folder_through_no_link(
    network_run: Path, tmp_path: Path, outside: Path, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(network_run, copy)
    (copy / link).symlink_to(outside / ("precious" if "csv" in link else ""))
    monkeypatch.setattr("ccsrp.runs.audit.ensemble", lambda search, settings: _one(search))
    said("audit", str(copy), "--member", "0", "--images", "4")


def _one(search: object) -> list[object]:
    from ccsrp.attack.ensemble import ensemble

    return ensemble(search)[:1]  # type: ignore[arg-type]


def test_a_folder_with_everything_in_its_place_is_gone_on_with(copy: Path) -> None:
    for name in ("rounds", "finetuned", "audit"):
        (copy / name).mkdir()
    assert said("resume", str(copy)).status == 0
