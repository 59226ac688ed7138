"""How far a search has come, as events tell it; and what a display says of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.report.progress.display import SearchDisplay, Together
from ccsrp.report.progress.info import progress_info
from ccsrp.report.progress.sparkline import ASCII_BARS, BARS, sparkline
from ccsrp.report.progress.state import POINTS, SearchState
from tests.report.progress.events import earlier, generation, two_rounds


def test_a_new_search_has_no_rate_and_no_time_left() -> None:
    state = SearchState(budget=100)
    assert (state.evaluations, state.rate, state.seconds_left) == (0, 0.0, None)
    state = state.generation(generation(1, 20, seconds=4.0))
    assert (state.evaluations, state.rate, state.seconds_left) == (20, 5.0, 16.0)


def test_what_a_store_knew_counts_as_known_and_not_as_fast() -> None:
    state = SearchState(budget=100, rounds=3).resumed(earlier())
    assert (state.round, state.evaluations, state.rate) == (2, 10, 0.0)
    state = state.generation(generation(2, 20, round=2, seconds=0.001))
    assert (state.evaluations, state.rate) == (20, 0.0), "these were told from the store"
    state = state.generation(generation(3, 24, round=2, seconds=2.0))
    assert (state.new, state.rate) == (4, 2.0)


def test_rounds_begin_anew_and_those_told_again_change_nothing() -> None:
    display = SearchDisplay()
    two_rounds(display)
    assert (display.state.round, display.state.evaluations, display.state.rate) == (2, 30, 60 / 8)
    resumed = SearchState(budget=100, rounds=3).resumed(earlier())
    assert resumed.round_ended(1) == resumed
    assert resumed.round_ended(2).round == 3
    assert resumed.round_ended(2).latest is None


def test_after_the_last_round_nothing_begins() -> None:
    done = SearchState(budget=30, rounds=1).resumed(earlier())
    assert done.round == 1, "what the last round ended with is no further round"
    assert done.round_ended(1).evaluations == done.evaluations


@given(generations=st.integers(1, 2000))
def test_the_course_is_bounded_in_order_and_ends_with_the_latest(generations: int) -> None:
    state = SearchState(budget=generations)
    for number in range(1, generations + 1):
        state = state.generation(generation(number, number))
    assert len(state.course) <= POINTS
    assert list(state.course) == sorted(set(state.course))
    assert state.latest is not None
    assert state.course[-1] == state.latest.hypervolume
    assert state.course[0] == 0.301


def test_together_tells_all_of_them_the_same() -> None:
    one, other = SearchDisplay(), SearchDisplay()
    both = Together([one, other])
    two_rounds(both)
    assert one.state == other.state == both.state


@given(values=st.lists(st.floats(0, 1), max_size=300), width=st.integers(-2, 100), ascii_only=st.booleans())
def test_a_sparkline_fits_and_has_its_bars(values: list[float], width: int, ascii_only: bool) -> None:
    line = sparkline(values, width=width, ascii_only=ascii_only)
    assert len(line) == min(len(values), max(0, width))
    assert set(line) <= set(ASCII_BARS if ascii_only else BARS)
    if line and max(values) > min(values) and len(line) == len(values):
        assert line[values.index(max(values))] == (ASCII_BARS if ascii_only else BARS)[-1]


def test_the_display_says_all_that_is_known() -> None:
    state = SearchState(budget=40, rounds=2)
    before = progress_info(state, elapsed=0.4)
    assert (before.doing, before.round, before.done, before.left) == ("first generation", "1 of 2", 0.0, "")
    info = progress_info(
        state.generation(generation(1, 10, seconds=5.0, stopped=4, failed=1)), elapsed=65.0, waited=5.0
    )
    assert info.doing == "generation 2"
    assert (info.done, info.evaluations, info.speed) == (0.25, "10 of 40", "2.00 evaluations/s")
    assert progress_info(SearchState(budget=1), elapsed=200_000.4).time == "55:33:20"
    assert (info.time, info.left) == ("0:01:05", "0:00:10 left")
    assert (info.accuracy, info.robust_accuracy, info.cost) == ("0.980", "0.750", "0.250")
    assert (info.hypervolume, info.front) == ("0.3010", "4 networks")
    assert (info.stopped, info.failures) == ("4 of 10 (40.0%)", "1 of 10 (10.0%)")


@pytest.mark.parametrize("waited", [20.0, 1e9])
def test_no_time_is_left_below_nothing(waited: float) -> None:
    state = SearchState(budget=40).generation(generation(1, 10, seconds=5.0))
    assert progress_info(state, elapsed=1e9, waited=waited).left == ""
