"""Which values of a program are spikes, and read as such: one bit a lane in place of a float.

A neuron writes bits where a convolution or a max pool reads them, floats where anything else does, or both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ccsrp.snn.compiled.lower import Operation
from ccsrp.snn.compiled.table import Kind

__all__ = ["SpikeValues", "spike_values"]


@dataclass(frozen=True)
class SpikeValues:
    """Numbers of the values that are written as bits, and of those that are written as floats."""

    as_bits: frozenset[int]
    as_floats: frozenset[int]


def spike_values(operations: Sequence[Operation], output: int) -> SpikeValues:
    """Find them; ``output`` is the number of the value that the program ends with."""
    readers: defaultdict[int, list[Operation]] = defaultdict(list)
    for operation in operations:
        for value in operation.inputs:
            readers[value].append(operation)
    # What a pool writes is either bits or floats: bits only where all of its readers could take them.
    could: dict[int, bool] = {}
    for operation in reversed(operations):
        on = readers[operation.output]
        could[operation.output] = operation.output != output and all(
            reader.kind == Kind.CONVOLVE or (reader.kind == Kind.MAX_POOL and could[reader.output])
            for reader in on
        )
    spikes: set[int] = set()
    for operation in operations:
        pools = operation.kind == Kind.MAX_POOL and operation.inputs[0] in spikes
        if operation.kind == Kind.FIRE or (pools and could[operation.output]):
            spikes.add(operation.output)

    def reads_bits(reader: Operation, value: int) -> bool:
        pools = reader.kind == Kind.MAX_POOL and reader.output in spikes
        return value in spikes and (reader.kind == Kind.CONVOLVE or pools)

    as_bits = {value for value in spikes if any(reads_bits(reader, value) for reader in readers[value])}
    others = {value for value, on in readers.items() if not all(reads_bits(reader, value) for reader in on)}
    written = {0, *(operation.output for operation in operations)}
    return SpikeValues(frozenset(as_bits), frozenset(written - as_bits | others | {output}))
