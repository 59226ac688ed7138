"""Checkpoints of a training from anyone: gone on with, or refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import nn

from ccsrp.errors import RunError
from ccsrp.runs.training import CHECKPOINT, train_to_the_end
from ccsrp.snn.training import Trainer, TrainingSettings
from tests.fuzz.helpers import TEXTS, VALUES, ends_well, spoilt, tries

CONFIG = {"training": {"epochs": 2}}


def trainer(epochs: int = 2) -> Trainer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3))
        images, labels = torch.rand(6, 1, 2, 2), torch.arange(6) % 3
    settings = TrainingSettings(method="standard", epochs=epochs, batch_size=3)
    return Trainer(network, images, labels, attack=None, settings=settings)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that was interrupted after its first epoch."""
    folder = tmp_path_factory.mktemp("training")
    train_to_the_end(trainer(epochs=1), folder, CONFIG)
    return folder


def gone_on_with(begun: Path, folders: pytest.TempPathFactory, change: Callable[[Path], Any]) -> None:
    folder = folders.mktemp("training") / "copy"
    shutil.copytree(begun, folder)
    change(folder)
    ends_well(lambda: train_to_the_end(trainer(), folder, CONFIG))


@tries(60)
@given(data=st.data(), name=st.sampled_from([CHECKPOINT, "curve.csv", "config.toml"]))
def test_spoilt_files_are_gone_on_with_or_refused(
    begun: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    content = data.draw(spoilt((begun / name).read_bytes()))
    gone_on_with(begun, tmp_path_factory, lambda folder: (folder / name).write_bytes(content))


@tries(60)
@given(data=st.data())
def test_wrong_tensors_are_gone_on_with_or_refused(
    begun: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    tensors = load((begun / CHECKPOINT).read_bytes())
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from(sorted(tensors)))
        kind = data.draw(st.sampled_from(["value", "shape", "dtype", "gone", "named"]))
        if kind == "value":
            value = data.draw(st.sampled_from([-1, 3, 100, float("nan"), float("inf"), -1e30]))
            tensors[name] = torch.full(tensors[name].shape, value).to(tensors[name].dtype)
        elif kind == "shape":
            tensors[name] = torch.zeros(data.draw(st.lists(st.integers(0, 3), max_size=3)))
        elif kind == "dtype":
            tensors[name] = tensors[name].to(
                data.draw(st.sampled_from([torch.int8, torch.float64, torch.bool]))
            )
        elif kind == "gone":
            del tensors[name]
        else:
            odd = [
                "optimizer.99.step",
                "optimizer.-1.step",
                "optimizer.x.y",
                "optimizer.0.step.more",
                "network.",
            ]
            tensors[data.draw(st.sampled_from(odd))] = tensors.pop(name)
    content = save(tensors)
    gone_on_with(begun, tmp_path_factory, lambda folder: (folder / CHECKPOINT).write_bytes(content))


@tries(20)
@given(cells=st.lists(st.one_of(VALUES, TEXTS).map(str), min_size=4, max_size=4))
def test_curves_of_any_kind_are_gone_on_with_or_refused(
    begun: Path, tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    text = (begun / "curve.csv").read_text() + ",".join(cells)
    gone_on_with(
        begun, tmp_path_factory, lambda folder: (folder / "curve.csv").write_text(text, errors="replace")
    )


@pytest.mark.parametrize("epoch", [-1, -(2**62), 3, 2**62])
def test_an_epoch_that_cannot_be_is_refused(begun: Path, tmp_path: Path, epoch: int) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(begun, folder)
    tensors = load((folder / CHECKPOINT).read_bytes()) | {"epoch": torch.tensor(epoch)}
    (folder / CHECKPOINT).write_bytes(save(tensors))
    with pytest.raises(RunError, match="epoch"):
        train_to_the_end(trainer(), folder, CONFIG)


def test_a_whole_checkpoint_is_gone_on_with(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(begun, folder)
    resumed = trainer()
    train_to_the_end(resumed, folder, CONFIG)
    assert resumed.epoch == 2
