"""What every method promises, whatever it does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from ccsrp.attack.pgd import Attack
from ccsrp.errors import OptionError
from ccsrp.methods import METHODS, ccep, method
from ccsrp.methods.interface import FineTuning, Pruned, Task
from ccsrp.snn.data import Dataset
from ccsrp.snn.graph import trace_filters
from problems import DigitsPruning
from problems.spiking import SpikingPruning
from tests.methods.test_esl import nonzero_share
from tests.snn.families import FAMILIES, build

# They choose among what they have judged, and need not use all of a target.
SEARCHES = ("ccsrp", "ccep")
FORMED_BY_TRAINING = ("sca", "esl", "hydra", "slimming")
TINY = FineTuning(epochs=1, images=128, attack_steps=1)
every_method = pytest.mark.parametrize("name", METHODS)


def made(problem: SpikingPruning, name: str, targets: list[float], tuning: FineTuning = TINY) -> list[Pruned]:
    return list(method(name)(Task(problem, tuning, seed=3, budget=40), targets))


def cost(problem: SpikingPruning, pruned: Pruned) -> float:
    """What a method is held to: its mask's cost, or the share of parameters that are left."""
    if pruned.mask is None:
        return nonzero_share(pruned.network)
    return float(problem.cost(pruned.mask[None])[0])


def check(problem: SpikingPruning, pruned: Pruned) -> None:
    """See that the network is within its target, is that of its mask, and classifies."""
    assert cost(problem, pruned) <= pruned.target + 1e-9
    assert not pruned.network.training
    images, _ = problem.images("validation")
    with torch.no_grad():
        logits = pruned.network(images[:4])
    assert torch.isfinite(logits).all()
    assert logits.shape == (4, 10)
    if pruned.mask is not None:
        kept = [layer.size for layer in trace_filters(pruned.network.network).layers]
        assert kept == problem.space.counts(pruned.mask[None])[0].tolist()


@every_method
def test_targets_are_met_in_their_order(digits: DigitsPruning, name: str) -> None:
    pruned = made(digits, name, [0.4, 0.7])
    assert [item.target for item in pruned] == [0.4, 0.7]
    for item in pruned:
        check(digits, item)
        if name not in SEARCHES:
            assert cost(digits, item) > 0.85 * item.target, "the target is not made use of"
            assert item.epochs == (2 if name in FORMED_BY_TRAINING else 1)
        assert (item.evaluations > 0) == (name in SEARCHES)


@every_method
def test_the_same_seed_gives_the_same_network(digits: DigitsPruning, name: str) -> None:
    (first,), (second,) = made(digits, name, [0.5]), made(digits, name, [0.5])
    assert np.array_equal(first.mask, second.mask) or (first.mask is None and second.mask is None)
    other = second.network.state_dict()
    assert all(torch.equal(tensor, other[name]) for name, tensor in first.network.state_dict().items())


@every_method
def test_nothing_of_the_problem_changes_and_test_images_are_left_alone(
    digits: DigitsPruning, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, state = digits.base_network().state_dict(), torch.get_rng_state()
    images = digits.images

    def without_test(split: str) -> tuple[torch.Tensor, torch.Tensor]:
        assert split != "test"
        return images(split)

    monkeypatch.setattr(digits, "images", without_test)
    made(digits, name, [0.5])
    after = digits.base_network().state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert torch.equal(torch.get_rng_state(), state)


@every_method
def test_everything_may_stay(digits: DigitsPruning, name: str) -> None:
    (pruned,) = made(digits, name, [1.0])
    check(digits, pruned)
    assert name in SEARCHES or cost(digits, pruned) > 0.99


@every_method
def test_a_target_out_of_reach_is_refused(digits: DigitsPruning, name: str) -> None:
    with pytest.raises(OptionError, match="cannot be reached"):
        made(digits, name, [1e-3])


@every_method
@pytest.mark.parametrize("targets", [[], [0.0], [1.5]])
def test_targets_that_are_no_shares_are_refused(
    digits: DigitsPruning, name: str, targets: list[float]
) -> None:
    with pytest.raises(OptionError, match="target"):
        made(digits, name, targets)


# Of networks that differ only where nothing is pruned, one of each kind; ``test_gates`` has them all.
PRUNED_FAMILIES = [
    name
    for name in FAMILIES
    if name
    not in ("resnet18 as it comes", "resnet50 (bottleneck)", "sew_resnet18, IAND", "sew_resnet50, ADD")
]


@cache
def family_problem(family: str) -> SpikingPruning:
    network, shape = build(family)
    if "resnet" in family:
        shape = (3, 8, 8)  # they pool over what places there are, and fewer are faster
    draws = np.random.default_rng(0)
    splits = {"train": 8, "validation": 8, "test": 4}
    dataset = Dataset(
        images={n: draws.integers(0, 256, (count, *shape), dtype=np.uint8) for n, count in splits.items()},
        labels={n: np.arange(count, dtype=np.int64) % 10 for n, count in splits.items()},
        scale=255,
    )
    return SpikingPruning(
        network,
        dataset,
        attack=Attack.sharp(eps=0.05, steps=1),
        time_steps=2,
        calibrate=False,
        validation_images=8,
        test_images=4,
    )


@every_method
@pytest.mark.parametrize("family", PRUNED_FAMILIES)
def test_every_family_can_be_pruned(family: str, name: str) -> None:
    problem = family_problem(family)
    least = float(problem.cost(one_filter_a_layer(problem)[None])[0])
    target = (1 + max(least, 0.2)) / 2
    tuning = FineTuning(epochs=1, attack_steps=1)

    def attempt() -> list[Pruned]:
        if name == "ccep":  # its own 55 masks a layer and round are too many for large networks
            short = ccep.LayerEvolution(population=2, generations=1, max_removed=0.5)
            return list(ccep.prune(Task(problem, tuning, seed=3), [target], evolution=short))
        return made(problem, name, [target], tuning)

    if name == "slimming" and family == "bias, average pool, IF and PLIF":
        with pytest.raises(OptionError, match="slimming needs batch norms"):
            attempt()
    else:
        check(problem, attempt()[0])


def one_filter_a_layer(problem: SpikingPruning) -> np.ndarray:
    mask = np.zeros(problem.space.n_var, dtype=bool)
    mask[[part.start for part in problem.space.slices]] = True
    return mask


def test_the_dense_network_teaches_by_default(digits: DigitsPruning) -> None:
    task = Task(digits, TINY)
    images, _ = task.training_images()
    with torch.no_grad():
        said = digits.base_network()(images)
    assert task.teacher_logits is not None
    assert torch.allclose(task.teacher_logits, said, atol=1e-5)
    other = digits.network(digits.space.random(1, keep=0.5, rng=np.random.default_rng(0))[0])
    assert not torch.allclose(Task(digits, TINY, teacher=other).teacher_logits, said, atol=1e-2)
    assert Task(digits, replace(TINY, training="pgd-at")).teacher_logits is None


def test_training_reaches_beyond_the_box_of_the_search(digits: DigitsPruning) -> None:
    task = Task(digits, replace(TINY, attack_reach=1.5))
    assert task.training_attack.eps == pytest.approx(1.5 * digits.attack.eps)
    assert task.training_attack.step_size == pytest.approx(1.5 * digits.attack.step_size)
    assert Task(digits, replace(TINY, attack_reach=1e6)).training_attack.eps == 1.0


@pytest.mark.parametrize("wrong", [{"training": "trades"}, {"attack_reach": 0.0}, {"temperature": -1.0}])
def test_impossible_fine_tunings_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        FineTuning(**wrong)
