"""A recipe and the weights that a mask leaves, made into the tables that the machine runs."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from spikingjelly.activation_based import neuron

from ccsrp.snn.compiled.lanes import LANES
from ccsrp.snn.compiled.layout import lay_out
from ccsrp.snn.compiled.lower import Operation, Recipe, surrogate_record
from ccsrp.snn.compiled.packing import Packer
from ccsrp.snn.compiled.spikes import spike_values
from ccsrp.snn.compiled.stem import FEW_CHANNELS, padded_size
from ccsrp.snn.compiled.table import OPERATION, SCATTER, STEPS_A_WORD, Kind
from ccsrp.snn.compiled.tensors import KeptTensors, Statistics
from ccsrp.snn.compiled.windows import Windows

__all__ = ["Program", "build_program"]

Float32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Program:
    """Tables of one network, and how much memory each thread needs to run it.

    ``places`` are offsets of the image, the output, and their gradients, the width of the image,
    time steps of the output, its width, and the classes.
    """

    operations: NDArray[Any]
    scatters: NDArray[Any]
    windows: NDArray[np.int64]
    weights: Float32
    places: tuple[int, int, int, int, int, int, int, int]
    classes: int
    memory_size: int
    spike_count: int
    event_count: int
    event_steps: int
    place_count: int


def build_program(
    recipe: Recipe,
    operations: Sequence[Operation],
    tensors: KeptTensors,
    statistics: Statistics,
    *,
    gradients: bool = True,
) -> Program:
    """Fill the tables of ``recipe.operations`` or ``recipe.folded``.

    ``statistics`` replace the running ones of batch norms. Without ``gradients`` the program can only run
    forwards, in less memory.
    """
    return _Builder(recipe, operations, tensors, statistics).program(gradients=gradients)


class _Builder:
    def __init__(
        self, recipe: Recipe, operations: Sequence[Operation], tensors: KeptTensors, statistics: Statistics
    ) -> None:
        self._recipe = recipe
        self._operations = operations
        self._tensors = tensors
        self._statistics = statistics
        self._channels: dict[int, int] = {0: recipe.image_channels}
        self._packer = Packer()
        self._windows: list[tuple[int, int, int]] = []
        self._padded: dict[int, int] = {}
        self._spikes = spike_values(operations, recipe.output)
        self._readers = Counter(value for operation in operations for value in operation.inputs)
        # Images that nothing but a stem sees.
        self._seen: set[int] = set()
        self._records = np.zeros(len(operations), dtype=OPERATION)

    def program(self, *, gradients: bool) -> Program:
        for number, operation in enumerate(self._operations):
            self._describe(number, operation, gradients)
        layout = lay_out(
            self._recipe,
            self._operations,
            size=self._size,
            width=self._width,
            spikes=self._spikes,
            padded=self._padded,
            gradients=gradients,
        )
        values, slopes = layout.values, layout.gradients
        spike_count = self._place_spikes()
        written: set[int] = set()
        for number in reversed(range(len(self._operations))):
            record, operation = self._records[number], self._operations[number]
            record["y"], record["charged"] = values.get(operation.output, -1), layout.charged.get(number, 0)
            record["padded"] = layout.padded.get(number, -1)
            record["grad_y"] = slopes.get(operation.output, 0)
            for suffix, value in zip(("x", "x2"), operation.inputs, strict=False):
                record[suffix], record[f"grad_{suffix}"] = values.get(value, -1), slopes.get(value, 0)
                record[f"add_{suffix}"] = value in written
                written.add(value)
        output, shapes = self._recipe.output, self._recipe.shapes
        sizes = [
            (shape.rows * shape.columns * self._channels[value], shape.steps, shape.rows * shape.columns)
            for value, shape in enumerate(shapes)
            if value in self._channels
        ]
        return Program(
            operations=self._records,
            scatters=np.array(self._packer.scatters or [(0,) * len(SCATTER.names or ())], dtype=SCATTER),
            windows=np.array(self._windows or [(0, 0, 0)], dtype=np.int64),
            weights=self._packer.array(),
            places=(
                values[0],
                values[output],
                slopes.get(0, 0),
                slopes.get(output, 0),
                self._width(0),
                shapes[output].steps,
                _padded(self._channels[output]),
                self._channels[output],
            ),
            classes=self._channels[output],
            memory_size=layout.total,
            spike_count=spike_count,
            event_count=max(count for count, _, _ in sizes),
            event_steps=max(steps for _, steps, _ in sizes),
            place_count=max(places for _, _, places in sizes),
        )

    def _place_spikes(self) -> int:
        """Give spikes, and those that convolutions remember, their places; return the size of all."""
        places: dict[int, int] = {}
        total = 0
        for value in sorted(self._spikes.as_bits):
            places[value] = total
            total += self._words(value)
        for record, operation in zip(self._records, self._operations, strict=True):
            source = operation.inputs[0]
            record["x_spikes"], record["y_spikes"] = places.get(source, -1), places.get(operation.output, -1)
            record["before"] = -1
            if operation.kind == Kind.CONVOLVE and source in places:
                record["before"] = total
                total += self._words(source)
        return max(1, total)

    def _words(self, value: int) -> int:
        shape = self._recipe.shapes[value]
        groups = _padded(self._channels[value]) // LANES
        return shape.rows * shape.columns * groups * -(-shape.steps // STEPS_A_WORD)

    def _describe(self, number: int, operation: Operation, gradients: bool) -> None:
        """Fill in everything but where things lie."""
        record, source = self._records[number], operation.inputs[0]
        channels = self._channels[source]
        record["kind"] = operation.kind
        if operation.kind == Kind.CONVOLVE:
            if self._is_stem(source, channels):
                shape, taps = self._recipe.shapes[source], math.prod(operation.kernel) * channels
                self._padded[number] = padded_size(
                    shape.rows, shape.columns, channels, padding=operation.padding, taps=taps
                )
                if source == 0 and self._readers[source] == 1:
                    self._seen.add(source)
            self._convolution(number, operation, gradients)
        elif operation.kind == Kind.NORMALISE:
            factor, shift = self._norm(operation.norm)
            record["bias"] = self._packer.add(factor[None], _padded(channels))
            self._packer.add(shift[None], _padded(channels))
        elif operation.kind == Kind.FIRE:
            self._neuron(record, self._tensors.neuron(operation.module))
        elif operation.kind in (Kind.MAX_POOL, Kind.AVERAGE_POOL):
            for name, windows in zip(("row_windows", "column_windows"), operation.rows, strict=True):
                record[name] = len(self._windows)
                self._windows.extend(windows)
            shape = self._recipe.shapes[source]
            ends = [*zip(operation.rows, (shape.rows, shape.columns), strict=True)]
            record["disjoint"] = all(_disjoint(windows) for windows in operation.rows)
            record["covering"] = all(_covering(windows, size) for windows, size in ends)
        record["factor"], record["offset"] = operation.factor, operation.offset
        self._channels.setdefault(operation.output, channels)
        for prefix, value in (("", source), ("out_", operation.output)):
            shape = self._recipe.shapes[value]
            record[f"{prefix}steps"], record[f"{prefix}rows"] = shape.steps, shape.rows
            record[f"{prefix}columns"] = shape.columns
            record[f"{prefix}channels"] = self._channels[value]
            record[f"{prefix}width"] = self._width(value)

    def _convolution(self, number: int, operation: Operation, gradients: bool) -> None:
        record = self._records[number]
        weight, bias = self._tensors.weights(operation.module)
        out, channels = len(weight), self._channels[operation.inputs[0]]
        kernel = weight.reshape(out, channels, *operation.kernel)
        shift = np.zeros(out, dtype=np.float32) if bias is None else bias
        if operation.norm:
            factor, offset = self._norm(operation.norm)
            kernel, shift = kernel * factor[:, None, None, None], shift * factor + offset
        self._channels[operation.output] = out
        record["bias"] = self._packer.add(shift[None], _padded(out))
        if number in self._padded:
            record["kind"] = Kind.STEM
            record["stride"], record["taps"] = operation.stride, operation.kernel
            record["padding"] = operation.padding
            record["forward"] = self._packer.image(kernel)
            record["backward"] = self._packer.image_back(kernel) if gradients else 0
            return
        packer, size = self._packer, (operation.stride, operation.padding)
        record["forward"], record["phases"] = packer.forward(
            kernel, *size, width=self._width(operation.output)
        )
        if gradients:
            record["backward"] = packer.backward(kernel, *size, width=self._width(operation.inputs[0]))

    def _is_stem(self, source: int, channels: int) -> bool:
        still = self._recipe.shapes[source].steps == 1 and source not in self._spikes.as_bits
        return still and channels <= FEW_CHANNELS

    def _norm(self, name: str) -> tuple[Float32, Float32]:
        return self._tensors.affine(name, *self._statistics.get(name, self._tensors.running(name)))

    @staticmethod
    def _neuron(record: Any, node: Any) -> None:
        if isinstance(node, neuron.ParametricLIFNode):
            record["decay"] = float(node.w.detach().sigmoid())
        else:
            # An IF neuron keeps all of its charge, which LIF's equations give for an infinite tau.
            record["decay"] = 1 / getattr(node, "tau", math.inf)
        record["decay_input"] = getattr(node, "decay_input", False)
        record["threshold"], record["reset"] = node.v_threshold, node.v_reset or 0.0
        record["soft"], record["detach"] = node.v_reset is None, node.detach_reset
        record["surrogate"], record["alpha"] = surrogate_record(node.surrogate_function)

    def _width(self, value: int) -> int:
        channels = self._channels[value]
        tight = value not in self._spikes.as_floats or value in self._seen
        return channels if tight else _padded(channels)

    def _size(self, value: int) -> int:
        shape, width = self._recipe.shapes[value], self._width(value)
        size = shape.steps * shape.rows * shape.columns * width
        # The last vector of what is not padded reaches beyond it.
        return size if width % LANES == 0 else _padded(size) + LANES


def _disjoint(windows: Windows) -> bool:
    return all(before[1] <= after[0] for before, after in itertools.pairwise(windows))


def _covering(windows: Windows, size: int) -> bool:
    places = {place for start, end, _ in windows for place in range(start, end)}
    return len(places) == size


def _padded(channels: int) -> int:
    return -(-channels // LANES) * LANES
