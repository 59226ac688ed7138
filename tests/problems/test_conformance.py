"""Our own problems pass the suite that is shipped for those of others."""

from __future__ import annotations

import numpy as np
import pytest

from problems import DigitsPruning, FashionMnistPruning, PathwayPruning, PruningProblem, TabularPruning
from problems.testing import ProblemConformance
from tests.conftest import HAS_FASHION_MNIST


class TestDigits(ProblemConformance):
    @classmethod
    def make_problem(cls) -> PruningProblem:
        return DigitsPruning(validation_images=24, calibration_images=32, test_images=8)


class TestDigitsInTorch(ProblemConformance):
    checked = 3

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return DigitsPruning(
            attack="standard",
            cost="synops",
            steps=2,
            validation_images=12,
            calibration_images=32,
            test_images=8,
        )


@pytest.mark.skipif(not HAS_FASHION_MNIST, reason="Fashion-MNIST is not on this machine")
class TestFashionMnist(ProblemConformance):
    checked = 3

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return FashionMnistPruning(validation_images=12, calibration_images=32, test_images=8)


class TestDigits14(ProblemConformance):
    checked = 100

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return TabularPruning("digits-14")


class TestDigits15(ProblemConformance):
    checked = 100

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return TabularPruning("digits-15")


class TestDigits16(ProblemConformance):
    checked = 100

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return TabularPruning("digits-16")


class TestNoisyTable(ProblemConformance):
    checked = 100

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return TabularPruning("digits-14", noisy=True)


class TestTableWithOtherObjectives(ProblemConformance):
    checked = 100

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return TabularPruning("digits-14", objectives=("robust_error", "params", "synops", "error"))


class TestSeparablePathways(ProblemConformance):
    checked = 50

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return PathwayPruning(n_var=12, n_layers=2, interaction=0.0)


class TestPathways(ProblemConformance):
    checked = 50

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return PathwayPruning(n_var=50, n_layers=3, interaction=0.4)


class TestWholePathways(ProblemConformance):
    checked = 50

    @classmethod
    def make_problem(cls) -> PruningProblem:
        return PathwayPruning(n_var=120, n_layers=4, interaction=1.0)


class Broken(PathwayPruning):
    """Answers differ with the company."""

    def _judge(self, masks):
        return np.clip(super()._judge(masks) + 0.01 * len(masks), 0, 1)


class Drawing(PathwayPruning):
    """Draws a global random number, though it does not show in the answers."""

    def _judge(self, masks):
        np.random.random_sample()
        return super()._judge(masks)


def test_the_suite_finds_a_problem_that_draws_global_random_numbers() -> None:
    suite, problem = ProblemConformance(), Drawing()
    masks = problem.space.random(4, keep=0.5, rng=np.random.default_rng(0))
    with pytest.raises(AssertionError):
        suite.test_it_is_pure(problem, masks)


def test_the_suite_finds_a_problem_that_is_not_pure() -> None:
    suite, problem = ProblemConformance(), Broken()
    masks = problem.space.random(4, keep=0.5, rng=np.random.default_rng(0))
    with pytest.raises(AssertionError):
        suite.test_company_does_not_matter(problem, masks)
