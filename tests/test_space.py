"""FilterSpace: masks in, layers out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.errors import MaskError
from ccsrp.space import FilterSpace

spaces = st.lists(st.integers(1, 9), min_size=1, max_size=5).map(
    lambda sizes: FilterSpace(names=tuple(f"l{i}" for i in range(len(sizes))), sizes=tuple(sizes))
)
seeds = st.integers(0, 2**32 - 1)


@given(spaces, seeds, st.floats(0, 1))
def test_random_masks_are_legal_and_survive_text(space: FilterSpace, seed: int, keep: float) -> None:
    masks = space.random(4, keep=keep, rng=np.random.default_rng(seed))
    assert space.check(masks) is masks
    for mask in masks:
        assert (space.from_string(space.to_string(mask)) == mask).all()
        assert (np.concatenate(space.split(mask)) == mask).all()


@given(spaces, seeds)
def test_counts_count_each_layer(space: FilterSpace, seed: int) -> None:
    masks = np.random.default_rng(seed).random((3, space.n_var)) < 0.5
    expected = np.column_stack([part.sum(axis=1) for part in space.split(masks)])
    assert (space.counts(masks) == expected).all()
    assert (space.empty_layers(masks) == (expected == 0).any(axis=1)).all()


@given(spaces, seeds)
def test_repair_adds_only_what_is_missing_and_keeps_its_input(space: FilterSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((3, space.n_var)) < 0.2
    before = masks.copy()
    repaired = space.repair(masks, rng=rng)
    assert (masks == before).all()
    assert (space.counts(repaired) == np.maximum(space.counts(before), 1)).all()
    assert (repaired >= before).all()


@pytest.mark.parametrize(
    ("masks", "says"),
    [
        (np.ones((2, 5)), "must be boolean"),
        (np.ones((2, 5), dtype=np.uint8), "must be boolean"),
        (np.ones(5, dtype=bool), r"shape \[N, 5\]"),
        (np.ones((2, 4), dtype=bool), r"shape \[N, 5\], got \[2, 4\]"),
        (np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], dtype=bool), "mask 1 keeps no filter in layer 'b'"),
    ],
)
def test_wrong_masks_are_refused_in_one_line(masks: np.ndarray, says: str) -> None:
    space = FilterSpace(names=("a", "b"), sizes=(2, 3))
    with pytest.raises(MaskError, match=says) as caught:
        space.check(masks)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["1111", "11112", "00111", "11 11"])
def test_wrong_mask_text_is_refused(text: str) -> None:
    with pytest.raises(MaskError):
        FilterSpace(names=("a", "b"), sizes=(2, 3)).from_string(text)


@pytest.mark.parametrize(
    ("names", "sizes"), [((), ()), (("a",), (1, 2)), (("a", "a"), (1, 2)), (("a",), (0,))]
)
def test_impossible_spaces_are_refused(names: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    with pytest.raises(MaskError):
        FilterSpace(names=names, sizes=sizes)
