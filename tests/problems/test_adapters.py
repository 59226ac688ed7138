"""Pruning problems in other libraries: the same answers, and their own algorithms run."""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pytest

from ccsrp.errors import OptionError
from problems import TabularPruning
from problems.deap import DeapPruning
from problems.optuna import OptunaPruning
from problems.pygmo import PygmoPruning


class Counting(TabularPruning):
    """Counts the calls of the problem."""

    def __init__(self) -> None:
        super().__init__("digits-14")
        self.calls = 0

    def _judge(self, masks):
        self.calls += 1
        return super()._judge(masks)


@pytest.fixture
def problem() -> Counting:
    return Counting()


def test_deap_runs_its_own_algorithm_and_evaluates_in_batches(problem: Counting) -> None:
    from deap import algorithms, tools

    random.seed(1)
    adapter = DeapPruning(problem)
    toolbox = adapter.toolbox()
    population = toolbox.population(n=20)
    front = tools.ParetoFront()
    algorithms.eaMuPlusLambda(
        population, toolbox, mu=20, lambda_=20, cxpb=0.6, mutpb=0.4, ngen=5, halloffame=front, verbose=False
    )
    assert problem.calls == 6, "one call a generation"
    masks = adapter.masks(front)
    assert not problem.space.empty_layers(masks).any()
    values = np.array([individual.fitness.values for individual in front])
    assert (values == problem.evaluate(masks)).all()
    assert adapter.weights == (-1.0, -1.0, -1.0)


def test_deap_repeats_itself_from_a_seed(problem: Counting) -> None:
    drawn = []
    for _ in range(2):
        random.seed(3)
        toolbox = DeapPruning(problem).toolbox()
        pair = toolbox.population(n=2)
        toolbox.mate(*pair)
        toolbox.mutate(pair[0])
        drawn.append([list(individual) for individual in pair])
    assert drawn[0] == drawn[1]


def test_deap_individuals_always_keep_a_filter_in_each_layer(problem: Counting) -> None:
    random.seed(0)
    adapter = DeapPruning(problem)
    sparse = [adapter.individual(keep=0.01) for _ in range(20)]
    for individual in sparse:
        adapter.mutate(individual, rate=0.9)
    adapter.mate(sparse[0], sparse[1], rate=1.0)
    assert not problem.space.empty_layers(adapter.masks(sparse)).any()
    with pytest.raises(OptionError, match="keep must be a rate"):
        adapter.individual(keep=0.0)


def test_deaps_copies_keep_their_fitness_apart(problem: Counting) -> None:
    adapter = DeapPruning(problem)
    one = adapter.individual()
    one.fitness.values = adapter.evaluate(one)
    other = copy.deepcopy(one)
    del other.fitness.values
    assert one.fitness.valid
    assert not other.fitness.valid


def test_deaps_map_maps_other_functions_too(problem: Counting) -> None:
    adapter = DeapPruning(problem)
    assert list(adapter.map(len, [[1], [1, 2]])) == [1, 2]
    assert adapter.evaluate_many([]) == []


def test_pygmo_takes_it_and_searches_it(problem: Counting) -> None:
    pygmo = pytest.importorskip("pygmo")
    udp = PygmoPruning(problem)
    wrapped = pygmo.problem(udp)
    assert (wrapped.get_nobj(), wrapped.get_nix(), wrapped.get_name()) == (3, 14, "Counting")
    dense = np.ones(14)
    assert (wrapped.fitness(dense) == problem.evaluate(problem.space.full()[None])[0]).all()
    vectors = (np.random.default_rng(0).random((5, 14)) < 0.6).astype(float)
    together = udp.batch_fitness(vectors.ravel()).reshape(5, 3)
    assert (together == [wrapped.fitness(vector) for vector in vectors]).all()
    population = pygmo.population(wrapped, size=20, b=pygmo.bfe(), seed=1)
    population = pygmo.algorithm(pygmo.nsga2(gen=5, seed=1)).evolve(population)
    assert udp.masks(population.get_x()).shape == (20, 14)


def test_pygmo_gets_the_worst_for_what_is_no_network(problem: Counting) -> None:
    assert PygmoPruning(problem).fitness(np.zeros(14)).tolist() == [1.0, 1.0, 1.0]


def test_optuna_optimizes_it(problem: Counting) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    objective = OptunaPruning(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own experimental features
        study = optuna.create_study(
            directions=objective.directions, sampler=optuna.samplers.NSGAIISampler(seed=1, population_size=10)
        )
        study.optimize(objective, n_trials=30)
    for trial in study.best_trials:
        mask = objective.mask(trial.params)
        if not problem.space.empty_layers(mask[None])[0]:
            assert tuple(problem.evaluate(mask[None])[0]) == tuple(trial.values)


@pytest.mark.parametrize("adapter", [DeapPruning, PygmoPruning, OptunaPruning])
def test_adapters_take_any_number_of_objectives(adapter) -> None:
    two = adapter(TabularPruning("digits-14", objectives=("error", "synops")))
    if isinstance(two, DeapPruning):
        assert two.weights == (-1.0, -1.0)
    elif isinstance(two, PygmoPruning):
        assert two.get_nobj() == 2
    else:
        assert two.directions == ["minimize"] * 2
