"""Where values lie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ccsrp.snn.compiled.memory import aligned, place_intervals

INTERVALS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 9)).map(
        lambda item: (min(item[:2]), max(item[:2]), item[2] * 16)
    ),
    max_size=25,
)


@given(INTERVALS)
def test_what_is_needed_together_does_not_overlap(intervals: list[tuple[int, int, int]]) -> None:
    offsets, total = place_intervals(intervals)
    for a, (first, last, size) in enumerate(intervals):
        assert 0 <= offsets[a] <= offsets[a] + size <= total
        for b, (other_first, other_last, other_size) in enumerate(intervals[:a]):
            if first <= other_last and other_first <= last:
                assert offsets[a] + size <= offsets[b] or offsets[b] + other_size <= offsets[a]


@given(st.integers(1, 4), st.integers(1, 100))
def test_rows_start_at_cache_lines(rows: int, size: int) -> None:
    memory = aligned(rows, size)
    assert memory.shape[0] == rows
    assert memory.shape[1] >= size
    assert all(memory[row].ctypes.data % 64 == 0 for row in range(rows))
