"""Problems that are sent to other processes: small, whole, and with the same answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ccsrp.evaluation.interface import PortableEvaluator
from ccsrp.snn import data, weights
from problems import DigitsPruning


@pytest.fixture(scope="module")
def masks(digits: DigitsPruning) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.concatenate([digits.space.full()[None], digits.space.random(4, keep=0.7, rng=rng)])


@pytest.mark.parametrize("cost", ["flops", "synops"])
def test_a_spiking_problem_travels_without_its_files(
    cost: str, digits: DigitsPruning, masks: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"validation_images": 60, "calibration_images": 128, "test_images": 40}
    problem = digits if cost == "flops" else DigitsPruning(cost=cost, **options)
    assert isinstance(problem, PortableEvaluator)
    pickled = pickle.dumps(problem.portable())
    assert len(pickled) < 200_000
    for module, name in ((data, "load_dataset"), (weights, "load_weights")):
        monkeypatch.setattr(module, name, None)
    there = pickle.loads(pickled)
    objectives = problem.evaluate(masks)
    assert (there.evaluate(masks) == objectives).all()
    here, bounded = (one.evaluate_bounded(masks, objectives[:2]) for one in (problem, there))
    assert not bounded.complete.all()
    assert (bounded.complete == here.complete).all()
    assert (bounded.expected == here.expected).all()
    assert there.whole == problem.portable().whole
    assert len(pickle.dumps(there)) < 200_000


def test_a_problem_that_judges_in_its_own_way_is_sent_whole() -> None:
    class Doubled(DigitsPruning):
        def _judge(self, masks):
            return super()._judge(masks) / 2

    problem = Doubled(validation_images=20, calibration_images=20, test_images=20)
    assert problem.portable() is problem
    assert "_evaluator" in problem.__dict__


def test_a_whole_problem_can_be_pickled(digits: DigitsPruning, masks: np.ndarray) -> None:
    there = pickle.loads(pickle.dumps(digits))
    assert (there.evaluate(masks) == digits.evaluate(masks)).all()
    assert there.provenance == digits.provenance
    assert (there.images("test")[0] == digits.images("test")[0]).all()
