"""The Torch evaluator: pure, deterministic, and what plain SpikingJelly would say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccsrp.attack.pgd import Attack
from ccsrp.errors import GraphError, OptionError, WeightsError
from ccsrp.snn.data import load_dataset
from ccsrp.snn.networks import build_network
from ccsrp.snn.weights import load_weights
from problems import DigitsPruning, SpikingPruning
from problems.shipped import WEIGHTS


@pytest.fixture(scope="module")
def masks(digits: DigitsPruning) -> np.ndarray:
    return digits.space.random(5, keep=[1.0, 0.9, 0.7, 0.5, 0.3], rng=np.random.default_rng(4))


def test_shuffling_and_splitting_change_no_bit(digits: DigitsPruning, masks: np.ndarray) -> None:
    whole = digits.evaluate(masks)
    order = [3, 0, 4, 1, 2]
    assert (digits.evaluate(masks[order]) == whole[order]).all()
    assert (np.concatenate([digits.evaluate(mask[None]) for mask in masks]) == whole).all()
    torch.rand(17)  # neither does the global random state
    torch.manual_seed(123)
    assert (digits.evaluate(masks) == whole).all()


def test_another_object_of_the_same_problem_says_the_same(digits: DigitsPruning, masks: np.ndarray) -> None:
    twin = DigitsPruning(validation_images=60, calibration_images=128, test_images=40)
    assert (twin.evaluate(masks[:2]) == digits.evaluate(masks[:2])).all()


def test_masks_are_not_changed(digits: DigitsPruning, masks: np.ndarray) -> None:
    before = masks.copy()
    digits.evaluate(masks[:1])
    assert (masks == before).all()


def test_objectives_lie_between_zero_and_one(digits: DigitsPruning, masks: np.ndarray) -> None:
    objectives = digits.evaluate(masks)
    assert objectives.dtype == np.float64
    assert ((objectives >= 0) & (objectives <= 1)).all()
    assert (objectives[:, 1] >= objectives[:, 0]).all(), "sharp counts the clean image"
    assert objectives[0, 2] == 1, "the first mask keeps every filter"
    assert (np.diff(objectives[:, 2]) < 0).all(), "each of the next keeps fewer"


def test_error_is_that_of_the_network_on_the_validation_images(
    digits: DigitsPruning, masks: np.ndarray
) -> None:
    images, labels = digits.images("validation")
    for mask, row in zip(masks[:3], digits.evaluate(masks[:3]), strict=True):
        with torch.no_grad():
            wrong = int((digits.network(mask)(images).argmax(1) != labels).sum())
        assert row[0] == 1 - (len(labels) - wrong) / len(labels)


@pytest.mark.parametrize("cost", ["flops", "params", "synops"])
def test_cost_is_the_kept_fraction(cost: str, masks: np.ndarray) -> None:
    options = {
        "attack": "standard",
        "steps": 1,
        "validation_images": 20,
        "calibration_images": 64,
        "test_images": 10,
    }
    problem = DigitsPruning(cost=cost, **options)
    both = np.stack([problem.space.full(), masks[3]])
    objectives = problem.evaluate(both)
    counts = problem.report(both, objectives)[cost].to_numpy(dtype=float)
    assert objectives[0, 2] == 1
    assert objectives[1, 2] == pytest.approx(counts[1] / counts[0])
    assert 0 < objectives[1, 2] < 1


def test_calibration_is_a_choice(digits: DigitsPruning, masks: np.ndarray) -> None:
    raw = DigitsPruning(calibrate=False, validation_images=60, test_images=40)
    means = [problem.network(masks[3]).network[1].running_mean for problem in (raw, digits)]
    assert not torch.allclose(*means)


def test_what_callers_do_to_images_does_not_reach_the_evaluator(digits: DigitsPruning) -> None:
    full = digits.space.full()[None]
    before = digits.evaluate(full)
    images, labels = digits.images("validation")
    images[:], labels[:] = 0, 0
    assert (digits.evaluate(full) == before).all()


def test_weights_that_are_not_finite_are_refused() -> None:
    network = build_network("digits")
    network[3].weight.data[0, 0] = float("inf")
    with pytest.raises(WeightsError, match=r"not finite in '3\.weight'"):
        SpikingPruning(network, load_dataset("digits"), attack=Attack.sharp(eps=0.1), test_images=10)


def test_state_left_over_from_training_does_not_matter() -> None:
    network = build_network("digits")
    network(torch.rand(2, 3, 1, 8, 8)).sum().backward()
    problem = SpikingPruning(
        network, load_dataset("digits"), attack=Attack.sharp(eps=0.1), validation_images=5, test_images=5
    )
    assert problem.space.n_var == 80


class TakesImages(torch.nn.Module):
    """Repeats the image over time by itself, as SpikingJelly's tutorial does."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = build_network("digits")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x.unsqueeze(0).repeat(2, 1, 1, 1, 1)).mean(0)


@pytest.mark.parametrize("network", [TakesImages(), build_network("fashion"), build_network("vgg11")])
def test_networks_of_another_shape_are_refused(network: torch.nn.Module) -> None:
    with pytest.raises(GraphError, match=r"must map \[T, B, C, H, W\] to \[T, B, classes\]") as caught:
        SpikingPruning(network, load_dataset("digits"), attack=Attack.sharp(eps=0.1), test_images=10)
    assert "\n" not in str(caught.value)


def test_a_network_that_never_spikes_has_no_synops() -> None:
    network = build_network("digits")
    for module in network:
        if hasattr(module, "v_threshold"):
            module.v_threshold = 1e9
    data, attack = load_dataset("digits"), Attack.standard(eps=0.1, steps=1)
    problem = SpikingPruning(network, data, attack=attack, cost="synops", validation_images=5, test_images=5)
    with pytest.raises(OptionError, match="never spikes"):
        problem.evaluate(problem.space.full()[None])


@pytest.mark.parametrize(
    "wrong",
    [
        {"cost": "watts"},
        {"attack": "fgsm"},
        {"device": "cuda"},
        {"device": "gpu"},
        {"device": "meta"},
        {"steps": 2.5},
        {"seed": -1},
        {"seed": 2**63},
        {"validation_images": 10**6},
        {"validation_images": 0},
        {"test_images": 2.5},
    ],
)
def test_wrong_options_are_refused(wrong: dict) -> None:
    if wrong.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(OptionError):
        DigitsPruning(**wrong)


def test_networks_that_cannot_be_compiled_get_the_same_answers(
    digits: DigitsPruning, masks: np.ndarray
) -> None:
    network = digits.untrained()
    load_weights(network, WEIGHTS / "digits.safetensors")
    for hook in (False, True):
        if hook:  # a compiled network has no place for it
            network[2].register_forward_hook(lambda module, inputs, output: None)
        problem = SpikingPruning(
            network,
            digits.dataset(),
            attack=digits.attack,
            validation_images=60,
            calibration_images=128,
            test_images=10,
        )
        answers = problem.evaluate(masks)
        bounded = problem.evaluate_bounded(masks, answers[:1])
        assert (bounded.objectives[bounded.complete] == answers[bounded.complete]).all()
        assert np.abs(answers - digits.evaluate(masks)).max() <= 1 / 60 + 1e-9
