"""Which values are written as bits."""

from __future__ import annotations

from ccsrp.snn.compiled.lower import Operation
from ccsrp.snn.compiled.spikes import spike_values
from ccsrp.snn.compiled.table import Kind


def program(*steps: tuple[Kind, tuple[int, ...]]) -> list[Operation]:
    """Number the outputs from 1 on; value 0 is the image."""
    return [Operation(kind, inputs, number) for number, (kind, inputs) in enumerate(steps, 1)]


def test_what_convolutions_read_is_bits_and_everything_else_floats() -> None:
    operations = program(
        (Kind.CONVOLVE, (0,)), (Kind.FIRE, (1,)), (Kind.CONVOLVE, (2,)), (Kind.FIRE, (3,)), (Kind.SCALE, (4,))
    )
    values = spike_values(operations, 5)
    assert values.as_bits == {2}
    assert values.as_floats == {0, 1, 3, 4, 5}


def test_a_value_that_a_sum_reads_too_is_both() -> None:
    operations = program(
        (Kind.CONVOLVE, (0,)), (Kind.FIRE, (1,)), (Kind.CONVOLVE, (2,)), (Kind.ADD, (2, 3)), (Kind.FIRE, (4,))
    )
    values = spike_values(operations, 5)
    assert 2 in values.as_bits & values.as_floats


def test_a_pool_takes_bits_only_where_all_of_its_readers_do() -> None:
    start = ((Kind.CONVOLVE, (0,)), (Kind.FIRE, (1,)), (Kind.MAX_POOL, (2,)), (Kind.MAX_POOL, (3,)))
    chain = spike_values(program(*start, (Kind.CONVOLVE, (4,))), 5)
    assert chain.as_bits == {2, 3, 4}
    # The sum reads the first pool's floats, so no bits reach the second.
    forked = spike_values(program(*start, (Kind.CONVOLVE, (4,)), (Kind.SCALE, (3,))), 5)
    assert not forked.as_bits


def test_potentials_that_are_pooled_stay_floats() -> None:
    operations = program((Kind.CONVOLVE, (0,)), (Kind.MAX_POOL, (1,)), (Kind.CONVOLVE, (2,)))
    assert not spike_values(operations, 3).as_bits


def test_what_the_program_ends_with_is_floats() -> None:
    operations = program((Kind.CONVOLVE, (0,)), (Kind.FIRE, (1,)))
    assert spike_values(operations, 2).as_floats == {0, 1, 2}
