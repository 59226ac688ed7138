"""Masks from anyone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ccsrp.errors import MaskError
from ccsrp.space import FilterSpace
from problems import load_problem
from tests.fuzz.helpers import TEXTS, ends_well, tries

SPACE = FilterSpace(names=("a", "b"), sizes=(2, 3))
PROBLEM = load_problem("pathways", n_var=12, n_layers=2)


@tries(100)
@given(
    text=st.one_of(
        TEXTS, st.text("01", min_size=4, max_size=6), st.text("01\u0661\uff11 \0", min_size=5, max_size=5)
    )
)
def test_a_text_is_a_mask_or_refused(text: str) -> None:
    mask = ends_well(lambda: SPACE.from_string(text))
    assert mask is None or SPACE.to_string(mask) == text


def test_a_mask_of_a_billion_characters_is_refused_with_some_of_them() -> None:
    with pytest.raises(MaskError, match="got 1000000000 characters") as caught:
        SPACE.from_string("1" * 10**9)
    assert len(str(caught.value)) < 200


@tries(100)
@given(
    masks=arrays.arrays(
        dtype=st.sampled_from([bool, np.int8, np.float64, np.complex128]),
        shape=arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12),
    )
)
def test_an_array_is_judged_or_refused(masks: Any) -> None:
    ends_well(lambda: PROBLEM.evaluate(masks))


@pytest.mark.parametrize("masks", [None, "1" * 12, [], [[]], [[True] * 12, [True]], {}, [[None] * 12]])
def test_what_is_no_array_is_refused(masks: Any) -> None:
    with pytest.raises(MaskError):
        PROBLEM.evaluate(masks)
