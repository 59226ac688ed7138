"""What is special to the methods that find filters by training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccsrp.errors import OptionError
from ccsrp.methods import hydra, sca, slimming
from ccsrp.methods.gates import Potentials
from ccsrp.methods.interface import FineTuning, Task
from ccsrp.methods.magnitude import relative_norms
from ccsrp.methods.ranking import best_at_cost
from ccsrp.snn.graph import trace_filters
from problems import DigitsPruning

TINY = FineTuning(epochs=1, images=128, attack_steps=1)


@pytest.fixture
def task(digits: DigitsPruning) -> Task:
    return Task(digits, TINY, seed=3)


def potentials_of(task: Task, values: np.ndarray) -> Potentials:
    seen = Potentials(task.problem.space.sizes)
    for index, part in enumerate(task.problem.space.slices):
        seen.add(index, -torch.from_numpy(values[part])[None, None], 2)  # its sign must not matter
    return seen


def test_sca_keeps_the_filters_with_the_largest_potentials(task: Task, rng: np.random.Generator) -> None:
    values = rng.random(task.problem.space.n_var)
    mask = sca.updated(task, potentials_of(task, values), np.ones(len(values)), allowed=0.5, swapped=0.0)
    assert np.array_equal(mask, best_at_cost(task.problem, values, 0.5))


def test_sca_brings_back_what_has_the_largest_gradients(task: Task, rng: np.random.Generator) -> None:
    values, growth = rng.random((2, task.problem.space.n_var))
    potentials = potentials_of(task, values)
    before = best_at_cost(task.problem, values, 0.5)
    after = sca.updated(task, potentials, growth, allowed=0.5, swapped=0.3)
    came = after & ~before
    assert came.any()
    assert growth[came].mean() > growth[~after].mean()
    assert values[before & ~after].max() < np.median(values[before])
    assert task.problem.cost(after[None])[0] <= 0.5


def test_sca_grows_by_the_gradient_of_the_scale(task: Task) -> None:
    network = task.problem.base_network()
    graph = trace_filters(network.network)
    images, labels = task.training_images()
    torch.nn.functional.cross_entropy(network.train()(images), labels).backward()
    expected = [network.network.get_submodule(item.norms[0]).weight.grad.abs() for item in graph.layers]
    np.testing.assert_allclose(sca.scale_gradients(network, graph), torch.cat(expected).numpy())


def test_hydra_leaves_the_weights_as_they_are(task: Task) -> None:
    network = task.problem.base_network()
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    start = best_at_cost(task.problem, relative_norms(task), 0.5)
    mask = hydra.learned_mask(task, network, 0.5, score_learning_rate=0.3, interval=1)
    assert all(torch.equal(parameter, before[name]) for name, parameter in network.named_parameters())
    assert not np.array_equal(mask, start), "nothing was learned"


def test_slimmings_penalty_shrinks_scales(task: Task) -> None:
    sums = []
    for penalty in (0.0, 0.1):
        trained = slimming.trained_with_penalty(task, penalty)
        graph = trace_filters(trained.network)
        sums.append(
            sum(float(s.detach().abs().sum()) for layer in slimming.scales(trained, graph) for s in layer)
        )
    assert sums[1] < sums[0]


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        (sca, {"interval": 0}),
        (sca, {"ramp": 0.0}),
        (sca, {"regrown": 1.0}),
        (hydra, {"interval": 0}),
        (hydra, {"score_learning_rate": 0.0}),
        (slimming, {"penalty": -1.0}),
    ],
)
def test_impossible_options_are_refused(task: Task, method, wrong: dict) -> None:
    with pytest.raises(OptionError):
        next(method.prune(task, [0.5], **wrong))
