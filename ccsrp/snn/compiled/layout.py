"""When each value of a program is needed, and so where it lies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ccsrp.snn.compiled.lower import Operation, Recipe
from ccsrp.snn.compiled.memory import place_intervals
from ccsrp.snn.compiled.spikes import SpikeValues
from ccsrp.snn.compiled.table import Kind

__all__ = ["Layout", "lay_out"]

# An operation that needs its inputs (and its output, where it looks for the maximum) again for the gradient.
_LOOKS_BACK = (Kind.MAX_POOL, Kind.MULTIPLY)
# One output lane depends on the same lane of the first input alone, so it may be written over it.
_LANE_BY_LANE = (Kind.FIRE, Kind.NORMALISE, Kind.SCALE)

# ("value", number), ("gradient", number), or by operation: ("charged", ...), the potentials of a neuron, and
# ("padded", ...), where a convolution pads an image.
_Key = tuple[str, int]


@dataclass(frozen=True)
class Layout:
    """Offsets of values, of their gradients, and of what operations keep; ``total`` is the sum of all."""

    values: dict[int, int]
    gradients: dict[int, int]
    charged: dict[int, int]
    padded: dict[int, int]
    total: int


def lay_out(
    recipe: Recipe,
    operations: Sequence[Operation],
    *,
    size: Callable[[int], int],
    width: Callable[[int], int],
    spikes: SpikeValues,
    padded: Mapping[int, int],
    gradients: bool,
) -> Layout:
    """Place everything so that what is needed at the same time does not overlap.

    Time counts operations: forwards from 1 on, then backwards; the image is there at 0.

    Parameters
    ----------
    size : callable
        Number of a value -> how many floats it takes.
    width : callable
        Number of a value -> how many of them a place takes.
    spikes : SpikeValues
        What is written as bits alone lies elsewhere.
    padded : mapping
        Numbers of the convolutions that see an image -> the size of the place where they pad it.
    gradients : bool
        Whether there is a backward pass, and then perhaps another pass forwards that builds on this one.
    """
    plan = _Plan(recipe, operations, size, width, spikes)
    if gradients:
        plan.keep_sums()
    plan.pad(padded)
    plan.forward(gradients=gradients)
    if gradients:
        plan.backward()
    return plan.layout()


class _Plan:
    def __init__(
        self,
        recipe: Recipe,
        operations: Sequence[Operation],
        size: Callable[[int], int],
        width: Callable[[int], int],
        spikes: SpikeValues,
    ) -> None:
        self._operations = operations
        self._spikes = spikes
        self._shapes = recipe.shapes
        self._output = recipe.output
        self._size = size
        self._width = width
        self._readers = Counter(value for operation in operations for value in operation.inputs)
        self._pooled = {operation.output for operation in operations if operation.kind == Kind.MAX_POOL}
        self._times: dict[_Key, list[int]] = {}
        self._sizes: dict[_Key, int] = {}
        self._homes: dict[_Key, _Key] = {}
        # Sums that the next pass goes on from.
        self._lasting: set[int] = set()

    def _back(self, number: int) -> int:
        return 2 * len(self._operations) + 1 - number

    def _need(self, key: _Key, size: int, *times: int) -> None:
        home = self._homes.get(key, key)
        self._sizes.setdefault(home, size)
        self._times.setdefault(home, []).extend(times)

    def _need_value(self, value: int, *times: int) -> None:
        if value in self._spikes.as_floats:
            self._need(("value", value), self._size(value), *times)

    def _share(self, key: _Key, with_key: _Key) -> None:
        self._homes[key] = self._homes.get(with_key, with_key)

    def _in_place(self, operation: Operation) -> bool:
        source = operation.inputs[0]
        same_size = self._shapes[source].steps == self._shapes[operation.output].steps
        return operation.kind in _LANE_BY_LANE and same_size and self._readers[source] == 1

    def keep_sums(self) -> None:
        """Keep what convolutions of spikes summed for as long as an image is worked on."""
        for operation in self._operations:
            if operation.kind == Kind.CONVOLVE and operation.inputs[0] in self._spikes.as_bits:
                self._lasting.add(operation.output)
                last = 2 * len(self._operations) + 2
                self._need(("value", operation.output), self._size(operation.output), 0, last)

    def pad(self, padded: Mapping[int, int]) -> None:
        """Give convolutions of images a place to pad them."""
        for number, size in padded.items():
            self._need(("padded", number), size, number + 1, self._back(number))

    def forward(self, *, gradients: bool) -> None:
        self._need(("value", 0), self._size(0), 0)
        for number, operation in enumerate(self._operations):
            now, output = number + 1, ("value", operation.output)
            fires, source = operation.kind == Kind.FIRE, ("value", operation.inputs[0])
            # A max pool looks for its maximum again on the way back: nothing may lie over its output, nor
            # over sums that last.
            kept = gradients and operation.inputs[0] in self._pooled | self._lasting
            in_place = self._in_place(operation) and not kept
            if in_place and not fires and operation.inputs[0] != 0:
                self._share(output, source)
            self._need_value(operation.output, now)
            for value in operation.inputs:
                self._need_value(value, now)
            if fires:
                charged = ("charged", number)
                if in_place:
                    self._share(charged, source)
                steps, given = (self._shapes[n].steps for n in (operation.output, operation.inputs[0]))
                size = self._size(operation.inputs[0]) // given * steps
                self._need(charged, size, now)
                if gradients:
                    self._need(charged, size, self._back(number))
            if gradients and operation.kind in _LOOKS_BACK:
                for value in (*operation.inputs, operation.output):
                    self._need_value(value, self._back(number))
        self._need(("value", self._output), self._size(self._output), len(self._operations) + 1)

    def backward(self) -> None:
        count = len(self._operations)
        self._need(("gradient", self._output), self._size(self._output), count + 1)
        for number in reversed(range(count)):
            operation, now = self._operations[number], self._back(number)
            output = ("gradient", operation.output)
            self._need(output, self._size(operation.output), now)
            for value in operation.inputs:
                if self._in_place(operation) and self._width(value) == self._width(operation.output):
                    self._share(("gradient", value), output)
                self._need(("gradient", value), self._size(value), now)
        self._need(("gradient", 0), self._size(0), 2 * count + 2)

    def layout(self) -> Layout:
        keys = list(self._times)
        offsets, total = place_intervals(
            (min(self._times[key]), max(self._times[key]), self._sizes[key]) for key in keys
        )
        place = dict(zip(keys, offsets, strict=True))
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for kind, number in [*keys, *self._homes]:
            found[kind][number] = place[self._homes.get((kind, number), (kind, number))]
        return Layout(
            values=found["value"],
            gradients=found["gradient"],
            charged=found["charged"],
            padded=found["padded"],
            total=total,
        )
