"""The machine that runs a program: one image at a time, all of its values in the processor's caches.

An image's logits and gradient depend on that image alone, bit for bit: not on the others of its batch,
nor on the number of threads.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ccsrp.snn.compiled.convolve import dot_gather, gather, list_events
from ccsrp.snn.compiled.elementwise import combine, combine_back, zero
from ccsrp.snn.compiled.lanes import LANES, load, store
from ccsrp.snn.compiled.neuron import fire, fire_back
from ccsrp.snn.compiled.pool import average_pool, average_pool_back, max_pool, max_pool_back
from ccsrp.snn.compiled.table import Kind, Loss, Surrogate

__all__ = ["channel_moments", "run_images", "run_layers"]

_CONVOLVE, _FIRE, _MAX_POOL, _AVERAGE_POOL = (
    int(kind) for kind in (Kind.CONVOLVE, Kind.FIRE, Kind.MAX_POOL, Kind.AVERAGE_POOL)
)
_NO_LOSS, _CROSS_ENTROPY, _OWN = int(Loss.NONE), int(Loss.CROSS_ENTROPY), int(Surrogate.OWN)


@numba.njit(error_model="numpy")
def _forward(memory, op, gathers, windows, weights, codes, events, starts):  # type: ignore[no-untyped-def]
    if op.kind == _CONVOLVE:
        out_size = op.out_steps * op.out_rows * op.out_columns * op.out_width
        for place in range(0, out_size, op.out_width):
            for lane in range(0, op.out_width, LANES):
                store(memory, op.y + place + lane, load(weights, op.bias + lane))
        list_events(
            memory, op.x, op.steps, op.rows, op.columns, op.channels, op.width, codes, events, starts
        )
        gather(
            memory,
            op.y,
            op.out_rows,
            op.out_columns,
            op.out_width,
            gathers[op.forward],
            op.steps,
            op.rows,
            op.columns,
            op.channels,
            codes,
            events,
            starts,
            weights,
        )
    elif op.kind == _FIRE:
        fire(memory, op)
    elif op.kind == _MAX_POOL:
        max_pool(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool(memory, op, windows)
    else:
        combine(memory, op, weights)


@numba.njit(error_model="numpy")
def _backward(  # type: ignore[no-untyped-def]
    memory, op, gathers, windows, weights, codes, events, starts, surrogate, alpha
):
    if op.kind == _CONVOLVE:
        _convolve_back(memory, op, gathers, weights, codes, events, starts)
    elif op.kind == _FIRE:
        if surrogate == _OWN:
            fire_back(memory, op, op.surrogate, op.alpha)
        else:
            fire_back(memory, op, surrogate, alpha)
    elif op.kind == _MAX_POOL:
        max_pool_back(memory, op, windows)
    elif op.kind == _AVERAGE_POOL:
        average_pool_back(memory, op, windows)
    else:
        combine_back(memory, op, weights)


@numba.njit(error_model="numpy")
def _convolve_back(memory, op, gathers, weights, codes, events, starts):  # type: ignore[no-untyped-def]
    if not op.add_x:
        zero(memory, op.grad_x, op.steps * op.rows * op.columns * op.width)
    if not op.by_dots:
        list_events(
            memory,
            op.grad_y,
            op.steps,
            op.out_rows,
            op.out_columns,
            op.out_channels,
            op.out_width,
            codes,
            events,
            starts,
        )
    for index in range(op.backward, op.backward + op.backward_count):
        if op.by_dots:
            dot_gather(
                memory,
                op.grad_x,
                op.rows,
                op.columns,
                op.channels,
                op.width,
                gathers[index],
                op.steps,
                op.out_rows,
                op.out_columns,
                op.out_width,
                op.grad_y,
                weights,
            )
        else:
            gather(
                memory,
                op.grad_x,
                op.rows,
                op.columns,
                op.width,
                gathers[index],
                op.steps,
                op.out_rows,
                op.out_columns,
                op.out_channels,
                codes,
                events,
                starts,
                weights,
            )


@numba.njit(error_model="numpy")
def _write_image(memory, at, width, image):  # type: ignore[no-untyped-def]
    channels, rows, columns = image.shape
    memory[at : at + rows * columns * width] = 0
    for channel in range(channels):
        for row in range(rows):
            for column in range(columns):
                memory[at + (row * columns + column) * width + channel] = image[channel, row, column]


@numba.njit(error_model="numpy")
def _read_image(memory, at, width, image):  # type: ignore[no-untyped-def]
    channels, rows, columns = image.shape
    for channel in range(channels):
        for row in range(rows):
            for column in range(columns):
                image[channel, row, column] = memory[at + (row * columns + column) * width + channel]


@numba.njit(error_model="numpy")
def _loss_gradient(logits, label, loss, gradient):  # type: ignore[no-untyped-def]
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


@numba.njit(parallel=True, nogil=True, cache=True, error_model="numpy")
def run_images(  # type: ignore[no-untyped-def]
    operations,
    gathers,
    windows,
    weights,
    places,
    images,
    labels,
    loss,
    surrogate,
    alpha,
    memories,
    codes,
    events,
    starts,
    logits,
    gradients,
):
    """Judge images, float32 [N, C, H, W], into logits [N, classes] and, unless ``loss`` is NONE, gradients.

    ``places`` are the offsets of the image, the output, and their gradients, the width of the image, the
    time steps and the width of the output. ``memories``, ``codes``, ``events`` and ``starts`` have a row
    a thread.
    """
    image_at, output_at, image_gradient_at, output_gradient_at, image_width, steps, width = places
    classes = logits.shape[1]
    for index in numba.prange(len(images)):
        thread = numba.get_thread_id()
        memory = memories[thread]
        _write_image(memory, image_at, image_width, images[index])
        for number in range(len(operations)):
            _forward(
                memory,
                operations[number],
                gathers,
                windows,
                weights,
                codes[thread],
                events[thread],
                starts[thread],
            )
        for i in range(classes):
            total = np.float32(0)
            for t in range(steps):
                total += memory[output_at + t * width + i]
            logits[index, i] = total / np.float32(steps)
        if loss != _NO_LOSS:
            gradient = np.empty(classes, dtype=np.float32)
            _loss_gradient(logits[index], labels[index], loss, gradient)
            memory[output_gradient_at : output_gradient_at + steps * width] = 0
            for t in range(steps):
                for i in range(classes):
                    memory[output_gradient_at + t * width + i] = gradient[i] / np.float32(steps)
            for number in range(len(operations) - 1, -1, -1):
                _backward(
                    memory,
                    operations[number],
                    gathers,
                    windows,
                    weights,
                    codes[thread],
                    events[thread],
                    starts[thread],
                    surrogate,
                    alpha,
                )
            _read_image(memory, image_gradient_at, image_width, gradients[index])


@numba.njit(parallel=True, nogil=True, cache=True, error_model="numpy")
def run_layers(  # type: ignore[no-untyped-def]
    operations, first, last, gathers, windows, weights, image_at, image_width, images, memories, codes, events, starts
):
    """Run operations ``first`` to ``last`` forwards on all images, each in a row of ``memories`` of its own."""
    for index in numba.prange(len(images)):
        thread = numba.get_thread_id()
        if first == 0:
            _write_image(memories[index], image_at, image_width, images[index])
        for number in range(first, last):
            _forward(
                memories[index],
                operations[number],
                gathers,
                windows,
                weights,
                codes[thread],
                events[thread],
                starts[thread],
            )


@numba.njit(parallel=True, nogil=True, cache=True, error_model="numpy")
def channel_moments(memories, at, places, channels, width, sums, squares):  # type: ignore[no-untyped-def]
    """Sum each channel and its square over the places of each image: float64 [images, channels]."""
    for index in numba.prange(len(memories)):
        for place in range(places):
            x = memories[index, at + place * width : at + place * width + channels]
            for i in range(channels):
                sums[index, i] += x[i]
                squares[index, i] += np.float64(x[i]) * x[i]
