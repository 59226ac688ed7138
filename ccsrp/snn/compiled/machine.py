"""The machine that runs a program: one image at a time, all of its values in the processor's caches.

An image's logits and gradient depend on that image alone, bit for bit: not on the others of its batch,
nor on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ccsrp.snn.compiled.lanes import LANES, broadcast, load, multiply_add, store
from ccsrp.snn.compiled.passes import all_backward, all_forward, forward
from ccsrp.snn.compiled.table import Loss, Pass
from ccsrp.snn.kernels import inner, kernel, sources_digest

__all__ = [
    "loss_gradient",
    "put_gradient",
    "read_image",
    "read_logits",
    "run_images",
    "run_layers",
    "write_image",
]

_NO_LOSS, _CROSS_ENTROPY, _GIVEN = int(Loss.NONE), int(Loss.CROSS_ENTROPY), int(Loss.GIVEN)
_ANEW = int(Pass.ANEW)
# Numbers that are summed in single precision, before these sums are summed in double.
SUMMED = 16


@inner
def write_image(memory, at, width, image):
    """Put an image, [C, H, W], into its place."""
    channels, rows, columns = image.shape
    memory[at : at + rows * columns * width] = 0
    for channel in range(channels):
        for row in range(rows):
            for column in range(columns):
                memory[at + (row * columns + column) * width + channel] = image[channel, row, column]


@inner
def read_image(memory, at, width, image):
    """Set ``image``, [C, H, W], to what lies in its place."""
    channels, rows, columns = image.shape
    for channel in range(channels):
        for row in range(rows):
            for column in range(columns):
                image[channel, row, column] = memory[at + (row * columns + column) * width + channel]


@inner
def read_logits(memory, places, logits):
    """Average the output over time."""
    at, steps, width = places[1], places[5], places[6]
    for i in range(len(logits)):
        total = np.float32(0)
        for t in range(steps):
            total += memory[at + t * width + i]
        logits[i] = total / np.float32(steps)


@inner
def put_gradient(memory, places, gradient):
    """Begin the way back: ``gradient`` is that of the logits."""
    at, steps, width = places[3], places[5], places[6]
    memory[at : at + steps * width] = 0
    for t in range(steps):
        for i in range(len(gradient)):
            memory[at + t * width + i] = gradient[i] / np.float32(steps)


@inner
def loss_gradient(logits, label, loss, gradient):
    """Differentiate one image's own loss by its logits."""
    gradient[:] = 0
    if loss == _CROSS_ENTROPY:
        top, total = np.max(logits), np.float32(0)
        for i in range(len(logits)):
            gradient[i] = math.exp(logits[i] - top)
            total += gradient[i]
        for i in range(len(logits)):
            gradient[i] /= total
    else:
        wrong = -1
        for i in range(len(logits)):
            if i != label and (wrong < 0 or logits[i] > logits[wrong]):
                wrong = i
        gradient[wrong] = 1
    gradient[label] -= 1


@inner
def _add_moments(memory, op, sums, squares):
    """Sum each channel of the input of ``op``, and its square, over places and time."""
    places = op.steps * op.rows * op.columns
    some = np.empty(2 * LANES, dtype=np.float32)
    for group in range(0, op.width, LANES):
        for first in range(0, places, SUMMED):
            total = broadcast(np.float32(0))
            square = total
            for place in range(first, min(places, first + SUMMED)):
                x = load(memory, op.x + place * op.width + group)
                total, square = total + x, multiply_add(x, x, square)
            store(some, 0, total)
            store(some, LANES, square)
            for lane in range(LANES):
                sums[group + lane] += some[lane]
                squares[group + lane] += some[LANES + lane]


def _entries(digest: str) -> tuple[Callable[..., Any], ...]:
    """Make what Python calls; see ``sources_digest``."""

    @kernel(parallel=True, nogil=True, sources=digest)
    def run_images(
        operations,
        scatters,
        windows,
        weights,
        places,
        images,
        labels,
        cotangents,
        loss,
        surrogate,
        alpha,
        memories,
        codes,
        events,
        starts,
        spikes,
        logits,
        gradients,
    ):
        """Judge images, float32 [N, C, H, W]: logits [N, classes] and, unless ``loss`` is NONE, gradients.

        ``cotangents`` [N, classes] are read where ``loss`` is GIVEN, ``labels`` [N] where it is another.
        ``places`` are those of ``Program``. ``memories``, ``codes``, ``events``, ``starts`` and ``spikes``
        have a row a thread.
        """
        _ = digest
        tables = operations, scatters, windows, weights
        for index in numba.prange(len(images)):
            thread = numba.get_thread_id()  # type: ignore[attr-defined]
            memory, lists = memories[thread], (codes[thread], events[thread], starts[thread], spikes[thread])
            write_image(memory, places[0], places[4], images[index])
            all_forward(memory, tables, lists, _ANEW)
            read_logits(memory, places, logits[index])
            if loss != _NO_LOSS:
                gradient = np.empty(logits.shape[1], dtype=np.float32)
                if loss == _GIVEN:
                    gradient[:] = cotangents[index]
                else:
                    loss_gradient(logits[index], labels[index], loss, gradient)
                put_gradient(memory, places, gradient)
                all_backward(memory, tables, lists, surrogate, alpha)
                read_image(memory, places[2], places[4], gradients[index])

    @kernel(parallel=True, nogil=True, sources=digest)
    def run_layers(
        operations,
        first,
        last,
        scatters,
        windows,
        weights,
        image_at,
        image_width,
        images,
        memories,
        codes,
        events,
        starts,
        spikes,
        sums,
        squares,
    ):
        """Run operations from ``first`` to before ``last`` on all images, and sum what ``last`` will read.

        Each image has a row of ``memories``, of ``spikes``, and of ``sums`` and ``squares``, float64 [N,
        padded channels] and 0 at first.
        """
        _ = digest
        for index in numba.prange(len(images)):
            thread = numba.get_thread_id()  # type: ignore[attr-defined]
            if first == 0:
                write_image(memories[index], image_at, image_width, images[index])
            for number in range(first, last):
                forward(
                    memories[index],
                    operations[number],
                    scatters,
                    windows,
                    weights,
                    codes[thread],
                    events[thread],
                    starts[thread],
                    spikes[index],
                    _ANEW,
                )
            _add_moments(memories[index], operations[last], sums[index], squares[index])

    return run_images, run_layers


run_images, run_layers = _entries(sources_digest(Path(__file__).parent))
