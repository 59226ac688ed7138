"""The searches that are compared, each as a function of a recorder and a seed."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from deap import tools
from published import ccep, sparse_ea
from pymoo.algorithms.moo.age import AGEMOEA
from pymoo.algorithms.moo.moead import MOEAD
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.moo.sms import SMSEMOA
from pymoo.algorithms.moo.spea2 import SPEA2
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.bitflip import BitflipMutation
from pymoo.util.ref_dirs import get_reference_directions
from recorder import BudgetSpentError, Recorder, first_masks

from ccsrp.coevolution.search import Coevolution
from ccsrp.coevolution.settings import SearchSettings
from problems.deap import DeapPruning
from problems.optuna import OptunaPruning

__all__ = ["ALGORITHMS", "run"]

POPULATION = 50


def coevolution(**settings: Any) -> Callable[[Recorder, int], None]:
    """Ours, with settings other than the defaults."""

    def search(recorder: Recorder, seed: int) -> None:
        chosen = SearchSettings(budget=recorder.budget, seed=seed, stop_dominated=False, **settings)
        reference_point = recorder.problem.reference_point
        engine = Coevolution(recorder, reference_point=reference_point, settings=chosen)
        while not engine.finished:
            engine.run_generation()

    return search


def flat(build: Callable[..., Any], *, population: int = POPULATION) -> Callable[[Recorder, int], None]:
    """Run an algorithm of pymoo on the flat mask."""

    def search(recorder: Recorder, seed: int) -> None:
        algorithm = build(
            population,
            sampling=first_masks(recorder.space, population, seed),
            crossover=UniformCrossover(),
            mutation=BitflipMutation(),
        )
        algorithm.setup(recorder.for_pymoo(), termination=NoTermination(), seed=seed, verbose=False)
        while algorithm.has_next():
            algorithm.next()

    return search


def sized(kind: type) -> Callable[..., Any]:
    return lambda size, **options: kind(pop_size=size, **options)


def directed(kind: type) -> Callable[..., Any]:
    """Build an algorithm that steers by reference directions, as many as individuals."""

    def build(size: int, **options: Any) -> Any:
        directions = get_reference_directions("energy", 3, size, seed=1)
        return kind(ref_dirs=directions, **options)

    return build


def deap_nsga2(recorder: Recorder, seed: int) -> None:
    """NSGA-II in the order of DEAP's own example, with its adapter's operators for bits."""
    random.seed(seed)
    adapter = DeapPruning(recorder.problem)
    toolbox = adapter.toolbox()
    population = [
        adapter.Individual(mask.tolist()) for mask in first_masks(recorder.space, POPULATION + 2, seed)
    ]

    def judge(individuals: list[Any]) -> None:
        answers = recorder.judge(adapter.masks(individuals))
        for individual, answer in zip(individuals, answers.tolist(), strict=True):
            individual.fitness.values = answer

    judge(population)
    population = toolbox.select(population, len(population))
    while True:
        chosen = tools.selTournamentDCD(population, len(population))
        offspring = [adapter.Individual(individual) for individual in chosen]
        for first, second in zip(offspring[::2], offspring[1::2], strict=True):
            if random.random() < 0.9:
                toolbox.mate(first, second)
            toolbox.mutate(first)
            toolbox.mutate(second)
        judge(offspring)
        population = toolbox.select(population + offspring, len(population))


def random_masks(recorder: Recorder, seed: int) -> None:
    """Keep rates drawn evenly from 0.1 to 1, and masks from them."""
    rng = np.random.default_rng(seed)
    recorder.judge(recorder.space.full()[None])
    while True:
        recorder.judge(recorder.space.random(POPULATION, keep=rng.uniform(0.1, 1, POPULATION), rng=rng))


def optuna_sampler(name: str) -> Callable[[Recorder, int], None]:
    """Run a sampler of Optuna, one parameter a filter."""

    def search(recorder: Recorder, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = {
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
            "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed, population_size=POPULATION),
        }[name]()
        objective = OptunaPruning(recorder.problem)
        study = optuna.create_study(directions=objective.directions, sampler=sampler)
        for mask in first_masks(recorder.space, POPULATION if name == "nsga2" else 10, seed):
            study.enqueue_trial(dict(zip(objective.names, mask.tolist(), strict=True)))

        def judge(trial: Any) -> tuple[float, ...]:
            return tuple(recorder.judge(objective.suggested(trial)[None])[0].tolist())

        study.optimize(judge, n_trials=20 * recorder.budget)

    return search


ALGORITHMS: dict[str, Callable[[Recorder, int], None]] = {
    "ours": coevolution(),
    "ours-unscreened": coevolution(screening="none"),
    "nsga2": flat(sized(NSGA2)),
    "nsga2-20": flat(sized(NSGA2), population=20),
    "nsga3": flat(directed(NSGA3)),
    "sms-emoa": flat(sized(SMSEMOA)),
    "age-moea": flat(sized(AGEMOEA)),
    "moead": flat(directed(MOEAD)),
    "spea2": flat(sized(SPEA2)),
    "deap-nsga2": deap_nsga2,
    "sparse-ea": sparse_ea,
    "optuna-tpe": optuna_sampler("tpe"),
    "optuna-nsga2": optuna_sampler("nsga2"),
    "ccep": ccep,
    "random": random_masks,
}


def run(name: str, recorder: Recorder, seed: int) -> None:
    """Let an algorithm spend the recorder's budget."""
    try:
        ALGORITHMS[name](recorder, seed)
    except BudgetSpentError:
        return
