"""Who gets how many masks, and what a death means, without Ray."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.evaluation.interface import Evaluation
from ccsrp.evaluation.workers.shards import LONGEST_SECONDS, MOST_DEATHS, Answers, Shards, shard_size

SPEEDS = st.lists(st.one_of(st.none(), st.floats(1e-3, 1e6)), min_size=1, max_size=20)


@given(left=st.integers(1, 10_000), speeds=SPEEDS)
def test_a_shard_is_never_empty_nor_more_than_there_is_nor_too_long(left: int, speeds: list) -> None:
    for speed in speeds:
        size = shard_size(left, speed=speed, speeds=speeds)
        assert 1 <= size <= left
        assert size == 1 if speed is None else size <= max(1, speed * LONGEST_SECONDS)


@given(left=st.integers(100, 10_000), slow=st.floats(1, 100), ratio=st.floats(1, 50))
def test_shards_last_about_as_long_on_workers_of_different_speed(
    left: int, slow: float, ratio: float
) -> None:
    speeds = [slow, slow * ratio]
    sizes = [shard_size(left, speed=speed, speeds=speeds) for speed in speeds]
    assert sizes[1] - 1 <= ratio * (sizes[0] + 1)
    assert sizes[0] - 1 <= (sizes[1] + 1) / ratio


def simulated(count: int, speeds: list[float]) -> tuple[float, list[int]]:
    """Share masks out to workers of known speed; return seconds until the end, and the sizes of shards."""
    shards, sizes = Shards(count), []
    measured: list[float | None] = [None] * len(speeds)
    free = [(0.0, worker) for worker in range(len(speeds))]
    end = 0.0
    while not shards.finished:
        now, worker = heapq.heappop(free)
        shard = shards.take(measured[worker], measured)
        if shard:
            sizes.append(len(shard))
            shards.answered(shard)
            measured[worker] = speeds[worker]
            end = max(end, now + len(shard) / speeds[worker])
            heapq.heappush(free, (now + len(shard) / speeds[worker], worker))
    return end, sizes


@given(
    count=st.integers(1, 2000), speeds=st.lists(st.sampled_from([3.0, 10.0, 40.0]), min_size=1, max_size=12)
)
def test_workers_end_together_whatever_their_speed(count: int, speeds: list[float]) -> None:
    end, sizes = simulated(count, speeds)
    assert sum(sizes) == count
    assert sizes[: min(count, len(speeds))] == [1] * min(count, len(speeds))  # nothing is known of anyone
    # No schedule ends sooner than when all work all the time; the slowest may begin its last mask just then,
    # and its first one was given to it before anyone knew how slow it is.
    assert end <= 1.05 * count / sum(speeds) + 2 / min(speeds)


def test_shards_shrink_towards_the_end() -> None:
    _, sizes = simulated(1000, [10.0, 10.0])
    assert sizes[2] > 200
    assert sizes[2:] == sorted(sizes[2:], reverse=True)
    assert sizes[-1] == 1
    assert len(sizes) < 40


def test_masks_of_a_worker_that_died_go_out_again_alone_and_first() -> None:
    shards = Shards(20)
    assert shards.take(None, [None]) == (0,)
    shard = shards.take(100.0, [100.0])
    assert len(shard) > 2
    assert shards.lost(shard, blamed=True) == ()
    assert [shards.take(100.0, [100.0]) for _ in shard] == [(mask,) for mask in shard]
    assert shards.take(100.0, [100.0])[0] == shard[-1] + 1


def test_a_mask_that_kills_its_workers_alone_is_given_up_and_no_other() -> None:
    shards = Shards(3)
    (first,) = shards.take(None, [None])
    for _ in range(MOST_DEATHS - 1):
        assert shards.lost((first,), blamed=True) == ()
        assert shards.take(None, [None]) == (first,)
    assert shards.lost((first,), blamed=True) == (first,)
    while shard := shards.take(1.0, [1.0]):
        assert first not in shard
        shards.answered(shard)
    assert shards.finished


@given(deaths=st.lists(st.booleans(), max_size=60), count=st.integers(1, 30))
def test_nothing_is_lost_whatever_dies(deaths: list[bool], count: int) -> None:
    shards, answered, given_up = Shards(count), [], []
    for death in [*deaths, *[False] * (10 * count)]:
        shard = shards.take(10.0, [10.0])
        if not shard:
            break
        if death:
            given_up += shards.lost(shard, blamed=len(shard) % 2 == 0)  # alone they are not blamed
        else:
            shards.answered(shard)
            answered += shard
    assert given_up == []
    assert sorted(answered) == list(range(count))
    assert shards.finished


@given(order=st.permutations(range(6)))
def test_answers_come_back_in_the_order_of_the_masks(order: list[int]) -> None:
    answers = Answers(7)
    for row in order:
        values = np.full((1, 3), row / 10)
        answers.add((row,), Evaluation(values, np.array([True]), values), worker=f"w{row % 2}")
    answers.fail(6, "killed its worker twice", worker="w1", seconds=0.5)
    evaluation = answers.evaluation()
    assert evaluation.objectives[:, 0].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 1])
    assert evaluation.failed.tolist() == [False] * 6 + [True]
    assert evaluation.complete.tolist() == [True] * 6 + [False]
    assert evaluation.workers == ("w0", "w1", "w0", "w1", "w0", "w1", "w1")
