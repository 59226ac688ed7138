"""Valid runs, made once, that fuzz tests spoil copies of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.registry import load_problem
from ccsrp.runs.config import RunConfig
from ccsrp.runs.searching import search_into
from tests.fuzz.helpers import said
from tests.runs.interrupted import Silent

SMALL = {"n_var": 12, "n_layers": 2}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search on a made-up network of 12 filters."""
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    folder.mkdir()
    problem, settings = load_problem("pathways", **SMALL), SearchSettings(budget=14, subpopulation_size=3)
    config = RunConfig.of("pathways", SMALL, settings, problem)
    search_into(folder, problem, settings, config, plan=None, shown=Silent())
    return folder


@pytest.fixture(scope="session")
def network_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search on a real network, so that its members can be built."""
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    quick = ("--steps", "1", "--validation-images", "12", "--test-images", "10", "--no-calibrate")
    done = said("search", "digits", "--out", str(folder), "--budget", "4", "--subpop", "3", *quick)
    assert done.status == 0, done.error
    return folder


@pytest.fixture(scope="package", autouse=True)
def terminal() -> Iterator[None]:
    """A wide terminal without colours; pictures are laid out, but not painted, which takes long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        patch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: None)
        yield
