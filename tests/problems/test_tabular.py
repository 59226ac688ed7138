"""Tables of exhaustively judged networks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import moocore
import numpy as np
import pytest

import ccsrp
from ccsrp.errors import OptionError, TableError
from ccsrp.evaluation.spiking import SpikingEvaluator
from ccsrp.snn.data import load_dataset
from problems import TabularPruning, load_problem
from problems.tables.codes import all_masks, row_weights
from problems.tabular import HERE, TABLES

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "tables"
names = pytest.mark.parametrize("name", TABLES)


@pytest.fixture(scope="module")
def make():
    """The script that made the tables."""
    spec = importlib.util.spec_from_file_location("make_tables", EXPERIMENT / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@names
def test_entries_are_what_the_network_shows(name: str, make) -> None:
    data = load_dataset("digits")
    network = make.trained(make.SHAPES[name], data, EXPERIMENT / f"{name}.safetensors")
    images, labels = data.split("validation", make.VALIDATION)
    evaluator = SpikingEvaluator(
        network,
        time_steps=make.TIME_STEPS,
        images=images,
        labels=labels,
        attack=make.ATTACK,
        calibration=data.split("train", make.CALIBRATION)[0],
    )
    problem = TabularPruning(name)
    masks = problem.space.random(6, keep=0.7, rng=np.random.default_rng(0))
    masks[0] = True
    # A table was made on one machine; another may round a spike or two differently.
    judged = evaluator.evaluate(masks)
    np.testing.assert_allclose(problem.evaluate(masks)[:, :2], judged[:, :2], atol=2 / make.VALIDATION)
    assert (problem.evaluate(masks)[:, 2] == judged[:, 2]).all()
    counts = make.judged(evaluator, masks[:2], data)
    table = problem.report(masks[:2], judged[:2])
    assert np.abs(table["test_accuracy"] - counts[:, 2] / make.TEST).max() <= 2 / make.TEST
    assert np.abs(table["test_robust_accuracy"] - counts[:, 3] / make.TEST).max() <= 2 / make.TEST
    np.testing.assert_allclose(table["synops"], counts[:, 4] / make.VALIDATION, rtol=0.01)


@names
def test_a_table_is_small_whole_and_without_objects(name: str) -> None:
    path = HERE / f"{name}.npz"
    assert path.stat().st_size < 2**20
    with np.load(path, allow_pickle=False) as arrays:
        rows = np.prod([2 ** int(size) - 1 for size in arrays["sizes"]])
        assert all(np.issubdtype(arrays[key].dtype, np.unsignedinteger) for key in arrays.files)
        assert len(arrays["validation_correct"]) == len(arrays["test_robust"]) == rows
        for split in ("validation", "test"):
            assert (arrays[f"{split}_robust"] <= arrays[f"{split}_correct"]).all()
    assert (HERE / f"{name}.md").is_file(), "a table needs a datasheet"


def test_a_damaged_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("problems.tabular.HERE", tmp_path)
    with pytest.raises(TableError, match="cannot read table"):
        TabularPruning("digits-14")
    (tmp_path / "digits-14.npz").write_bytes((HERE / "digits-14.npz").read_bytes()[:-1])
    with pytest.raises(TableError, match="damaged: its SHA-256 is not"):
        TabularPruning("digits-14")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "digits-99"}, "unknown table 'digits-99'; choose one of digits-14"),
        ({"objectives": ("error",)}, "at least two different names"),
        ({"objectives": ("error", "error")}, "at least two different names"),
        ({"objectives": "error"}, "objectives must be a sequence of names"),
        ({"objectives": ("error", "speed")}, "unknown objective 'speed'; choose from error"),
    ],
)
def test_wrong_options_are_refused(options: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        TabularPruning(**options)


@pytest.mark.parametrize("sizes", [(1,), (2, 3), (4, 1, 2), (3, 3, 3, 3)])
def test_every_mask_has_its_own_row(sizes: tuple[int, ...]) -> None:
    masks = all_masks(sizes)
    weights, offset = row_weights(sizes)
    assert (masks @ weights - offset == np.arange(len(masks))).all()
    assert len(np.unique(masks, axis=0)) == len(masks) == np.prod([2**size - 1 for size in sizes])


@names
@pytest.mark.parametrize("noisy", [False, True])
def test_the_front_is_that_of_all_masks(name: str, noisy: bool) -> None:
    problem = TabularPruning(name, noisy=noisy)
    everything = all_masks(problem.space.sizes)
    objectives = problem.true_objectives(everything)
    front = objectives[moocore.is_nondominated(objectives)]
    assert {tuple(row) for row in front} == {tuple(row) for row in problem.pareto_front()}
    assert problem.max_hypervolume == pytest.approx(moocore.hypervolume(objectives, ref=np.ones(3)))
    assert noisy != (objectives == problem.evaluate(everything)).all()


def test_a_search_nearly_reaches_the_whole_front() -> None:
    problem = TabularPruning("digits-14")
    result = ccsrp.search(problem, budget=600, seed=0)
    assert result.archive.hypervolume() > 0.99 * problem.max_hypervolume
    assert {"test_accuracy", "test_robust_accuracy", "synops", "params"} <= set(result.front)


def test_the_known_front_cannot_be_changed_by_accident() -> None:
    problem = TabularPruning("digits-14")
    with pytest.raises(ValueError, match="read-only"):
        problem.pareto_front()[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        problem.pareto_set()[0] = False


def test_simulated_time_adds_up() -> None:
    problem = TabularPruning("digits-14")
    masks = problem.space.random(10, keep=0.6, rng=np.random.default_rng(0))
    problem.evaluate(masks)
    once = problem.simulated_gpu_seconds
    assert once > 0
    problem.evaluate(masks[:5])
    problem.evaluate(masks[5:])
    assert problem.simulated_gpu_seconds == pytest.approx(2 * once)
    assert TabularPruning("digits-14").simulated_gpu_seconds == 0


def test_tables_are_found_by_name() -> None:
    for name in TABLES:
        assert load_problem(name, noisy=True).key == name
