"""Another package's problem, installed beside ours, is found, searched and conforms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "halves"
version = "1.0"

[project.entry-points."ccsrp.problems"]
halves = "halves:HalvesPruning"
"""

MODULE = '''
import numpy as np
from ccsrp.space import FilterSpace
from problems import PruningProblem


class HalvesPruning(PruningProblem):
    """Keep the first half for accuracy, the second for robustness."""

    def __init__(self, *, size: int = 6) -> None:
        super().__init__(FilterSpace(names=("conv1", "conv2"), sizes=(size, size)))

    def _judge(self, masks):
        half = self.n_var // 2
        lost = (~masks[:, :half]).mean(axis=1), (~masks[:, half:]).mean(axis=1)
        return np.stack([*lost, masks.mean(axis=1)], axis=1)
'''

SUITE = """
from halves import HalvesPruning
from problems.testing import ProblemConformance


class TestHalves(ProblemConformance):
    @classmethod
    def make_problem(cls):
        return HalvesPruning()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the other package is installed."""
    source, target = tmp_path_factory.mktemp("halves"), tmp_path_factory.mktemp("site")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "halves.py").write_text(MODULE)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(target), str(source)], check=True, capture_output=True)
    return target


def run(site: Path, cwd: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_listed_and_searched(site: Path, tmp_path: Path) -> None:
    command = ("-c", "from ccsrp.cli import main; main()")
    assert "halves          Keep the first half for accuracy" in run(site, tmp_path, *command, "problems")
    said = run(site, tmp_path, *command, "search", "halves", "--budget", "40", "--seed", "3", "--out", "run")
    assert "halves: 12 filters in 2 layers" in said
    assert (tmp_path / "run" / "front.csv").is_file()


def test_the_conformance_suite_runs_on_it(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_halves.py").write_text(SUITE)
    said = run(site, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_halves.py")
    assert "11 passed, 1 skipped" in said
