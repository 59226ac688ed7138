"""Networks, problems and evaluators that many tests share."""

from __future__ import annotations

import ccsrp  # noqa: F401  # isort: skip  # before torch: threads that wait then leave the cores to others

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ccsrp.cli import main
from ccsrp.snn.data import DEBIAN_FASHION_MNIST, default_data_dir
from ccsrp.space import BoolArray, FilterSpace, FloatArray
from problems import DigitsPruning, FashionMnistPruning

HAS_FASHION_MNIST = DEBIAN_FASHION_MNIST.is_dir() or (default_data_dir() / "FashionMNIST").is_dir()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def digits() -> DigitsPruning:
    """The real problem on fewer images, so that a test takes seconds."""
    return DigitsPruning(validation_images=60, calibration_images=128, test_images=40)


@pytest.fixture(scope="session")
def digits_standard() -> DigitsPruning:
    return DigitsPruning(attack="standard", validation_images=60, calibration_images=128, test_images=40)


@pytest.fixture(scope="session")
def fashion_options() -> dict[str, int]:
    if not HAS_FASHION_MNIST:
        pytest.skip("Fashion-MNIST is not on this machine (Debian package dataset-fashion-mnist)")
    return {"validation_images": 48, "calibration_images": 128, "test_images": 40}


@pytest.fixture(scope="session")
def fashion(fashion_options: dict[str, int]) -> FashionMnistPruning:
    return FashionMnistPruning(**fashion_options)


class SumProblem:
    """A made-up evaluator whose answers are known: cost is the kept share, errors grow as filters go."""

    def __init__(self, sizes: tuple[int, ...] = (6, 5, 7)) -> None:
        self.space = FilterSpace(names=tuple(f"layer{i}" for i in range(len(sizes))), sizes=sizes)
        weight = np.random.default_rng(1).random((2, self.space.n_var))
        self.weight = weight / weight.sum(axis=1, keepdims=True)
        self.reference_point = np.ones(3)
        self.seen: list[BoolArray] = []

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        self.seen.extend(masks.copy())
        lost = (~masks[:, None, :] * self.weight).sum(axis=-1)  # a matrix product would round by the batch
        return np.column_stack([lost[:, 0], np.sqrt(lost[:, 1]), masks.mean(axis=1)])

    def report(self, masks, objectives, *, on_member=None):
        import pandas as pd

        return pd.DataFrame(
            {
                "accuracy": 1 - objectives[:, 0],
                "robust_accuracy": 1 - objectives[:, 1],
                "cost": objectives[:, 2],
                "mask": [self.space.to_string(mask) for mask in masks],
            }
        )


@pytest.fixture
def sum_problem() -> SumProblem:
    return SumProblem()


def make_lively(network: nn.Module, *, seed: int = 0) -> nn.Module:
    """Give batch norms uneven statistics and gains, so that untrained networks spike in every layer."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor, low, high in (
                (module.weight.data, 1.0, 2.5),
                (module.bias.data, -0.3, 0.5),
                (module.running_mean, -0.1, 0.1),
                (module.running_var, 0.1, 0.5),
            ):
                tensor.uniform_(low, high, generator=generator)
    return network.eval()


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the command line in this process, where torch is loaded: ``command(*arguments, cwd=...)``."""

    def run(*arguments: str, cwd: Path) -> Ended:
        monkeypatch.chdir(cwd)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["ccsrp", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Ended(int(end.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
