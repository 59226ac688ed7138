"""The archive against brute force, pymoo and moocore."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pymoo.indicators.hv import HV
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from ccsrp.coevolution.archive import Archive
from ccsrp.errors import OptionError

# A coarse grid, so that equal and weakly dominated rows come up.
points = st.integers(1, 25).flatmap(
    lambda n: arrays(np.float64, (n, 3), elements=st.integers(0, 5).map(lambda value: value / 5))
)


def masks_of(n: int) -> np.ndarray:
    return ((np.arange(n)[:, None] >> np.arange(6)) & 1).astype(bool)


def archive_of(objectives: np.ndarray, *, batches: int = 1) -> Archive:
    archive = Archive(n_var=6, reference_point=np.ones(3))
    masks = masks_of(len(objectives))
    for chosen in np.array_split(np.arange(len(objectives)), batches):
        archive.add(masks[chosen], objectives[chosen])
    return archive


@given(points, st.integers(1, 4))
@settings(deadline=None)
def test_members_are_the_non_dominated_rows_each_once(objectives: np.ndarray, batches: int) -> None:
    archive = archive_of(objectives, batches=batches)
    first = NonDominatedSorting().do(objectives, only_non_dominated_front=True)
    expected = {tuple(row) for row in objectives[first]}
    found = [tuple(row) for row in archive.objectives]
    assert set(found) == expected
    assert len(found) == len(expected)


@given(points, st.integers(1, 4))
@settings(deadline=None)
def test_of_equal_rows_the_first_stays(objectives: np.ndarray, batches: int) -> None:
    archive = archive_of(objectives, batches=batches)
    for mask, row in zip(archive.masks, archive.objectives, strict=True):
        first = int(np.flatnonzero((objectives == row).all(axis=1))[0])
        assert (mask == masks_of(len(objectives))[first]).all()
        assert mask in archive


@given(points)
@settings(deadline=None)
def test_hypervolume_is_pymoos_and_never_falls(objectives: np.ndarray) -> None:
    archive = Archive(n_var=6, reference_point=np.ones(3))
    before = 0.0
    for mask, row in zip(masks_of(len(objectives)), objectives, strict=True):
        archive.add(mask[None], row[None])
        now = archive.hypervolume()
        assert now >= before - 1e-12
        before = now
    assert before == pytest.approx(HV(ref_point=np.ones(3))(objectives), abs=1e-9)
    assert before == pytest.approx(float(moocore.hypervolume(objectives, ref=np.ones(3))), abs=1e-12)


def test_what_it_hands_out_cannot_change_it() -> None:
    archive = archive_of(np.array([[0.5, 0.5, 0.5]]))
    before = archive.masks.copy()
    with pytest.raises(ValueError, match="read-only"):
        archive.masks[:] = True
    archive.objectives[:] = 0
    assert (archive.masks == before).all()
    assert archive.hypervolume() == pytest.approx(0.125)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(OptionError):
        archive_of(np.array([[np.nan, 0, 0]]))
