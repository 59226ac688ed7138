"""Folders of comparisons from anyone: gone on with, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.errors import CcsrpError
from ccsrp.methods.interface import FineTuning
from ccsrp.methods.measure import FIGURES
from ccsrp.runs.comparison import ComparisonSettings, run_comparison, write_report
from problems import DigitsPruning
from tests.fuzz.helpers import VALUES, ends_well, spoilt, tries

SETTINGS = ComparisonSettings(
    methods=("random",), targets=(0.5,), tuning=FineTuning(epochs=1, images=10, attack_steps=1)
)
CONFIG: dict[str, Any] = {
    "problem": {"name": "digits"},
    "comparison": {"targets": [0.5], "budget": 300, "methods": ["random"], "seeds": 1},
    "fine-tuning": {
        "training": "distillation",
        "epochs": 1,
        "images": 10,
        "batch_size": 64,
        "learning_rate": 3e-3,
        "attack_steps": 1,
        "attack_reach": 1.3,
        "temperature": 4.0,
    },
}
HEAD = ["method", "seed", "target", *FIGURES, "seconds", "mask"]


@pytest.fixture(scope="module")
def problem() -> DigitsPruning:
    return DigitsPruning(validation_images=4, test_images=4, calibrate=False)


def row(method: str, target: float) -> list[str]:
    return [method, "0", str(target), *["0.5"] * len(FIGURES), "1.0", "1" * 80]


def made(folder: Path, *, cell: bytes, config: bytes) -> Path:
    """Write the folder of a comparison of which every cell is there."""
    (folder / "cells").mkdir()
    (folder / "config.toml").write_bytes(config)
    (folder / "cells" / "random-0.csv").write_bytes(cell)
    (folder / "cells" / "dense-0.csv").write_bytes(table(row("dense", 1.0)))
    return folder


def table(*rows: list[str]) -> bytes:
    return "\n".join(",".join(cells) for cells in [HEAD, *rows]).encode(errors="replace")


def read(problem: DigitsPruning, folder: Path) -> None:
    found = run_comparison(problem, SETTINGS, folder, described={"name": "digits"})
    write_report(found, folder)


@tries(25)
@given(data=st.data())
def test_cells_of_any_kind_are_taken_or_refused(
    problem: DigitsPruning, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cells = row("random", 0.5)
    for _ in range(data.draw(st.integers(1, 2))):
        cells[data.draw(st.integers(0, len(cells) - 1))] = str(data.draw(VALUES))
    cell = data.draw(st.one_of(st.just(table(cells)), spoilt(table(row("random", 0.5)))))
    folder = made(tmp_path_factory.mktemp("study"), cell=cell, config=tomli_w.dumps(CONFIG).encode())
    ends_well(lambda: read(problem, folder))


@tries(40)
@given(data=st.data())
def test_a_spoilt_config_is_that_of_another_comparison(
    problem: DigitsPruning, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    config = data.draw(spoilt(tomli_w.dumps(CONFIG).encode()))
    folder = made(tmp_path_factory.mktemp("study"), cell=table(row("random", 0.5)), config=config)
    ends_well(lambda: read(problem, folder))


@pytest.mark.parametrize("method", ["../../escaped", "/tmp/escaped", "dense"])
def test_a_cell_names_no_file_outside(problem: DigitsPruning, tmp_path: Path, method: str) -> None:
    folder = made(tmp_path, cell=table(row(method, 0.5)), config=tomli_w.dumps(CONFIG).encode())
    with pytest.raises(CcsrpError, match="other networks"):
        read(problem, folder)


@pytest.mark.parametrize("name", ["cells", "networks"])
def test_a_comparison_is_written_through_no_link(problem: DigitsPruning, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / name).symlink_to(tmp_path / "outside")
    with pytest.raises(CcsrpError, match="is a link"):
        read(problem, tmp_path / "study")
    assert not list((tmp_path / "outside").iterdir())


def test_what_is_whole_is_gone_on_with(problem: DigitsPruning, tmp_path: Path) -> None:
    folder = made(tmp_path, cell=table(row("random", 0.5)), config=tomli_w.dumps(CONFIG).encode())
    read(problem, folder)
    assert (folder / "table.csv").is_file()
