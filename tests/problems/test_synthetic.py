"""The synthetic family: its front, in closed form, against every mask there is."""

from __future__ import annotations

from itertools import pairwise

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccsrp.errors import OptionError
from problems import PathwayPruning
from problems.tables.codes import all_masks

interactions = st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])


@settings(max_examples=20, deadline=None)
@given(
    shape=st.sampled_from([(6, 2), (7, 2), (9, 3), (11, 3), (12, 2), (12, 3), (13, 4), (14, 4)]),
    interaction=interactions,
    instance=st.integers(0, 100),
)
def test_the_front_is_that_of_all_masks(shape: tuple[int, int], interaction: float, instance: int) -> None:
    problem = PathwayPruning(n_var=shape[0], n_layers=shape[1], interaction=interaction, instance=instance)
    objectives = problem.evaluate(all_masks(problem.space.sizes)).round(9)
    front = {tuple(row) for row in objectives[moocore.is_nondominated(objectives)]}
    assert front == {tuple(row) for row in problem.pareto_front().round(9)}
    assert problem.max_hypervolume == pytest.approx(moocore.hypervolume(objectives, ref=np.ones(3)))


@settings(max_examples=20, deadline=None)
@given(n_var=st.integers(30, 150), n_layers=st.integers(2, 6), interaction=interactions)
def test_the_set_reaches_the_front_at_any_size(n_var: int, n_layers: int, interaction: float) -> None:
    problem = PathwayPruning(n_var=n_var, n_layers=n_layers, interaction=interaction)
    front = problem.pareto_front()
    np.testing.assert_allclose(problem.evaluate(problem.pareto_set()), front, atol=1e-12)
    assert problem.max_hypervolume == pytest.approx(moocore.hypervolume(front, ref=np.ones(3)))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_without_interaction_filters_add_up(seed: int) -> None:
    problem = PathwayPruning(n_var=30, n_layers=3, interaction=0.0, instance=seed)
    mask = problem.space.random(1, keep=0.7, rng=np.random.default_rng(seed))
    removable = [bit for bit in np.flatnonzero(mask[0]) if problem.space.counts(mask).min() > 2]
    alone = {}
    for bit in removable:
        less = mask.copy()
        less[0, bit] = False
        alone[bit] = problem.evaluate(less) - problem.evaluate(mask)
    for one, two in pairwise(removable):
        less = mask.copy()
        less[0, [one, two]] = False
        both = problem.evaluate(less) - problem.evaluate(mask)
        np.testing.assert_allclose(both, alone[one] + alone[two], atol=1e-12)


def test_with_full_interaction_a_filter_is_worth_nothing_alone() -> None:
    problem = PathwayPruning(n_var=24, n_layers=4, interaction=1.0)
    mask = problem.pareto_set()[-1]  # the cheapest of the front: one whole pathway
    error, robust_error, cost = problem.evaluate(mask[None])[0]
    assert cost == pytest.approx(4 / 24)
    assert min(error, robust_error) == 0.5
    for bit in np.flatnonzero(mask):
        other = mask.copy()
        layer = next(part for part in problem.space.slices if part.start <= bit < part.stop)
        other[bit] = False
        other[layer.start + (bit - layer.start + 1) % (layer.stop - layer.start)] = True
        assert (problem.evaluate(other[None])[0, :2] == 1).all()


def test_a_hundred_thousand_filters_are_no_trouble() -> None:
    problem = PathwayPruning(n_var=100_000, n_layers=20, interaction=0.5)
    masks = problem.space.random(20, keep=0.8, rng=np.random.default_rng(0))
    assert problem.evaluate(masks).shape == (20, 3)
    assert 0.6 < problem.max_hypervolume < 0.7
    with pytest.raises(OptionError, match="too many to list; max_hypervolume is known all the same"):
        problem.pareto_front()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n_var": 8, "n_layers": 4}, "at least 2 layers of at least 3 filters"),
        ({"n_var": 8, "n_layers": 1}, "at least 2 layers"),
        ({"interaction": 1.1}, r"interaction must lie in \[0, 1\]"),
        ({"instance": -1}, "must be a whole number"),
    ],
)
def test_wrong_options_are_refused(options: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        PathwayPruning(**options)
