"""Rounds of search and fine-tuning that are cut off anywhere end as if they had not been."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ccsrp.coevolution.rounds import RoundSettings
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.methods.interface import FineTuning
from ccsrp.runs.config import RunConfig
from ccsrp.runs.plan import RoundPlan
from ccsrp.runs.reading import read_run
from ccsrp.runs.searching import search_into
from ccsrp.snn.training import Trainer
from problems import DigitsPruning
from tests.runs.interrupted import Silent, Unplugged

SETTINGS = SearchSettings(budget=14, seed=1)
PLAN = RoundPlan(
    RoundSettings(rounds=2, target_cost=0.5), FineTuning(epochs=2, images=64, batch_size=32, attack_steps=1)
)


class Watched(Silent):
    """Pulls the plug at an event."""

    def __init__(self, at: str = "") -> None:
        super().__init__()
        self.at = at
        self.events: list[str] = []

    def told(self, event: str) -> None:
        self.events.append(event)
        if event == self.at:
            raise Unplugged

    def generation(self, report) -> None:
        self.told("generation")

    def round(self, finished) -> None:
        self.told(f"round {finished.number}")

    def member(self, done, total) -> None:
        self.told(f"member {done}")


def rounds(folder: Path, shown: Watched) -> None:
    folder.mkdir(exist_ok=True)
    problem = DigitsPruning(steps=1, validation_images=30, test_images=20, calibration_images=32)
    config = RunConfig.of("digits", {}, SETTINGS, problem, rounds=PLAN.described(problem.attack))
    search_into(folder, problem, SETTINGS, config, plan=PLAN, shown=shown)


def files(folder: Path) -> dict[str, bytes]:
    found = [file for file in folder.rglob("*") if file.is_file() and file.suffix in (".csv", ".safetensors")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    rounds(folder, Watched())
    return folder


def cut_in_training(folder: Path, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Cut once that many epochs have been trained in all."""
    trained = iter(range(10**6))
    run_epoch = Trainer.run_epoch

    def fragile(self, on_batch=None):
        if next(trained) == after:
            raise Unplugged
        return run_epoch(self, on_batch)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "run_epoch", fragile)
        with pytest.raises(Unplugged):
            rounds(folder, Watched())


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_fine_tuning_that_was_cut_goes_on_at_its_last_epoch(
    epochs: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_in_training(tmp_path, monkeypatch, after=epochs)
    trained: list[int] = []
    run_epoch = Trainer.run_epoch
    monkeypatch.setattr(
        Trainer, "run_epoch", lambda self, on_batch=None: trained.append(1) or run_epoch(self, on_batch)
    )
    rounds(tmp_path, Watched())
    assert len(trained) == 4 - epochs
    assert files(tmp_path) == files(whole)


@pytest.mark.parametrize("event", ["round 1", "round 2", "member 2"])
def test_a_cut_at_any_stage_changes_nothing(event: str, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(Unplugged):
        rounds(tmp_path, Watched(at=event))
    shown = Watched()
    rounds(tmp_path, shown)
    assert files(tmp_path) == files(whole)
    assert shown.events.count("generation") <= 6 if event == "round 1" else "generation" not in shown.events


def test_weights_that_were_exchanged_are_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(Unplugged):
        rounds(tmp_path, Watched(at="round 1"))
    file = tmp_path / "rounds" / "round-1.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(RunError, match="not what round 1 ended with"):
        rounds(tmp_path, Watched())


def test_an_unfinished_run_in_rounds_is_read_with_masks_of_the_first_network(
    whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "front.csv").unlink()
    record = read_run(tmp_path / "run")
    assert "the search has ended" in record.unfinished
    assert record.layers is not None
    kept = record.layers.counts(np.array([record.layers.from_string(mask) for mask in record.front["mask"]]))
    base = record.layers.from_string(str(record.rounds["mask"].iloc[0]))
    assert (kept <= record.layers.counts(base[None])).all()
    assert record.front["cost"].max() <= record.rounds["cost"].iloc[0] + 1e-12
    assert sorted(set(record.history["round"])) == [1, 2]
