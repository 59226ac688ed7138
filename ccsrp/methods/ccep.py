"""CCEP (Shang et al., IJCAI 2022, arXiv 2204.05639): layers evolved alone, for accuracy, in small steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ccsrp.errors import OptionError
from ccsrp.methods.interface import PrunableProblem, Pruned, Task, check_targets
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import BoolArray, lifted

__all__ = ["LayerEvolution", "prune"]


@dataclass(frozen=True, kw_only=True)
class LayerEvolution:
    """How one layer is evolved in one round; the defaults are those published for CIFAR-10.

    Parameters
    ----------
    population, generations : int
    keep : float
        Chance of each filter to be kept in the first individuals; one keeps all.
    bit_flip_rate : float
    max_removed : float
        Largest share of the filters that may go, but always one.
    """

    population: int = 5
    generations: int = 10
    keep: float = 0.95
    bit_flip_rate: float = 0.1
    max_removed: float = 0.1

    def best_part(self, problem: PrunableProblem, layer: int, rng: np.random.Generator) -> BoolArray:
        """Return the most accurate smaller mask of a layer, bool [size]; of equals the smallest.

        Every mask is judged with the other layers untouched. A layer of one filter stays.
        """
        space, size = problem.space, problem.space.sizes[layer]
        if size == 1:
            return np.ones(1, dtype=bool)
        parts = np.ones((self.population, size), dtype=bool)
        parts[1:] = rng.random((self.population - 1, size)) < self.keep
        errors = np.empty(0)
        for _ in range(self.generations + 1):
            parts[len(errors) :] = self._limited(parts[len(errors) :], rng)
            wholes = np.tile(space.full(), (len(parts) - len(errors), 1))
            wholes[:, space.slices[layer]] = parts[len(errors) :]
            errors = np.concatenate([errors, 1 - problem.accuracy(wholes)])
            parents = parts[np.lexsort((parts.sum(axis=1), errors))[: self.population]]
            flips = rng.random((self.population, size)) < self.bit_flip_rate
            parts = np.concatenate([parts, parents[rng.integers(self.population, size=len(flips))] ^ flips])
        parts = parts[: len(errors)]
        smaller = np.flatnonzero(~parts.all(axis=1))
        if not len(smaller):
            return np.ones(size, dtype=bool)
        best = smaller[np.lexsort((parts[smaller].sum(axis=1), errors[smaller]))[0]]
        found: BoolArray = parts[best]
        return found

    def _limited(self, parts: BoolArray, rng: np.random.Generator) -> BoolArray:
        """Put filters back, at random, until no more than allowed are gone."""
        size = parts.shape[1]
        most = min(size - 1, max(1, int(self.max_removed * size)))
        limited = parts.copy()
        for part in limited:
            gone = np.flatnonzero(~part)
            if len(gone) > most:
                part[rng.choice(gone, size=len(gone) - most, replace=False)] = True
        return limited


def prune(
    task: Task, targets: Sequence[float], *, evolution: LayerEvolution | None = None, rounds: int = 20
) -> Iterator[Pruned]:
    """Evolve each layer alone, splice the best of all layers, train, and repeat until the target is met.

    Robustness plays no part in the choice. The authors fine-tune for 100 epochs after every round; here a
    round gets the same small share of the task's epochs and the final network what is left, so that it has
    no more than those of other methods. Accuracy is that of validation images, where the authors used
    training images. The task's budget does not bind: it judges what its procedure asks for.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    evolution : LayerEvolution, optional
    rounds : int
        At most.

    Raises
    ------
    OptionError
        A target that is not met after all rounds: it says how far it got.
    """
    check_targets(targets)
    for target in targets:  # refused before anything is paid for
        best_at_cost(task.problem, np.zeros(task.problem.space.n_var), target)
    evolution = evolution or LayerEvolution()
    rng, epochs = task.rng(), task.tuning.epochs
    between = max(1, epochs // (2 * rounds))
    problem, base = task.problem, task.problem.space.full()
    waiting, found = sorted(targets, reverse=True), {}
    evaluations = spent = 0
    for _ in range(rounds):
        parts = [evolution.best_part(problem, layer, rng) for layer in range(problem.space.n_layers)]
        evaluations += len(parts) * evolution.population * (evolution.generations + 1)
        whole = np.concatenate(parts)
        base = lifted(base, whole)
        while waiting and problem.cost(whole[None])[0] <= waiting[0]:
            target, left = waiting.pop(0), max(1, epochs - spent)
            network = task.finetuned(problem.network(whole), epochs=left)
            found[target] = Pruned(target, network, base, evaluations=evaluations, epochs=spent + left)
        if not waiting:
            break
        spent += between
        network = task.finetuned(problem.network(whole), epochs=between, part=spent)
        problem = problem.rebased(network, kept=whole)
    if waiting:
        reached = float(problem.cost(problem.space.full()[None])[0])
        raise OptionError(
            f"ccep did not reach cost target {waiting[0]:g} in {rounds} rounds: it got to {reached:.4f}"
        )
    for target in targets:
        yield found[target]
