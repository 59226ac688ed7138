"""What is written of an eps is that eps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.attack.description import Attack
from ccsrp.attack.exact import exact


def read(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


@given(st.floats(0, 1, exclude_min=True) | st.fractions(0, 1, max_denominator=1000).map(float))
def test_exactly_this_number_can_be_read_back(value: float) -> None:
    assert read(exact(value)) == value


@pytest.mark.parametrize("levels", [1, 2, 4, 8, 16, 32])
def test_levels_of_a_pixel_are_said_as_such(levels: int) -> None:
    assert exact(levels / 255) == f"{levels}/255"
    assert f"eps {levels}/255," in Attack.standard(eps=levels / 255).describe()


@pytest.mark.parametrize("value", [0.0, -1.0, 2.0, float("inf"), float("nan"), 1e308])
def test_what_is_no_eps_is_written_all_the_same(value: float) -> None:
    assert exact(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"), [(1.3 * (8 / 255), "10.4/255"), (1 / 255 / 4, "0.25/255"), (1 / 255 / 16, "1/4080")]
)
def test_parts_of_a_level_are_decimals_where_these_are_short(value: float, text: str) -> None:
    assert exact(value) == text
