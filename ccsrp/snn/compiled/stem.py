"""Convolutions of images: few channels, hardly a zero among them, the same at every time step.

Lists of events gain nothing there. The input is padded into a place of its own, and four neighbouring outputs
share each row of weights. Backwards all taps of an output come first, as one product with its gradient; then
they are added to the pixels that they belong to.
"""

from __future__ import annotations

import numpy as np

from ccsrp.snn.compiled.lanes import LANES, broadcast, everywhere, first_lanes, load, multiply_add, store
from ccsrp.snn.kernels import inner

__all__ = ["FEW_CHANNELS", "convolve_image", "convolve_image_back", "padded_size", "taps_width"]

# Up to so many channels, what is not yet spikes counts as an image.
FEW_CHANNELS = 4
# Outputs that share a row of weights: with two groups of 16, their sums keep both multipliers busy.
TOGETHER = 4


def padded_size(rows: int, columns: int, channels: int, *, padding: tuple[int, int], taps: int) -> int:
    """Return how many floats a padded image takes, with what lies behind it on the way back."""
    image = (rows + 2 * padding[0]) * (columns + 2 * padding[1]) * channels
    behind = TOGETHER * taps_width(taps) + LANES
    return -(-(image + behind) // LANES) * LANES


def taps_width(taps: int) -> int:
    """Return how many floats the weights of one output channel take on the way back."""
    return -(-taps // (2 * LANES)) * 2 * LANES


# What Python calls is not to be compiled: that would be done anew in every process.
_taps_width = inner(taps_width)


@inner
def convolve_image(memory, op, weights):
    """Sum what each output place sees; ``memory[op.y:]`` need not hold anything before."""
    line, taps = _pad(memory, op), op.taps[0] * op.taps[1] * op.channels
    together = TOGETHER if op.out_columns >= TOGETHER else 1
    for row in range(op.out_rows):
        column = 0
        while column < op.out_columns:
            # The last four may overlap those before: they are worked out again, to the same sums.
            first = min(column, op.out_columns - together)
            seen = op.padded + row * op.stride * line + first * op.stride * op.channels
            out = op.y + (row * op.out_columns + first) * op.out_width
            for group in range(0, op.out_width, 2 * LANES):
                sizes = line, op.taps[1] * op.channels, op.stride * op.channels, op.out_width
                at = out + group, seen, op.bias + group, op.forward + group
                if together == 1:
                    _sum_one(memory, at, sizes, taps, weights)
                    if group + LANES < op.out_width:
                        next_at = at[0] + LANES, at[1], at[2] + LANES, at[3] + LANES
                        _sum_one(memory, next_at, sizes, taps, weights)
                elif group + LANES < op.out_width:
                    _sum_four_twice(memory, at, sizes, taps, weights)
                else:
                    _sum_four(memory, at, sizes, taps, weights)
            column += together


@inner
def _pad(memory, op):
    """Copy the input between zeros; return how many floats a padded row has."""
    top, left = op.padding[0], op.padding[1]
    line = (op.columns + 2 * left) * op.channels
    for i in range((op.rows + 2 * top) * line):
        memory[op.padded + i] = 0
    for row in range(op.rows):
        at = op.padded + (row + top) * line + left * op.channels
        for column in range(op.columns):
            source = op.x + (row * op.columns + column) * op.width
            for channel in range(op.channels):
                memory[at + column * op.channels + channel] = memory[source + channel]
    return line


@inner
def _sum_one(memory, at, sizes, taps, weights):
    out, seen, bias, kernel = at
    line, in_line, _, width = sizes
    found = load(weights, bias)
    for tap in range(taps):
        pixel = seen + (tap // in_line) * line + tap % in_line
        found = multiply_add(everywhere(memory, pixel), load(weights, kernel + tap * width), found)
    store(memory, out, found)


@inner
def _sum_four(memory, at, sizes, taps, weights):
    out, seen, bias, kernel = at
    line, in_line, apart, width = sizes
    a = load(weights, bias)
    b, c, d = a, a, a
    for tap_row in range(taps // in_line):
        pixel, row = seen + tap_row * line, kernel + tap_row * in_line * width
        for tap in range(in_line):
            w = load(weights, row + tap * width)
            a = multiply_add(everywhere(memory, pixel + tap), w, a)
            b = multiply_add(everywhere(memory, pixel + tap + apart), w, b)
            c = multiply_add(everywhere(memory, pixel + tap + 2 * apart), w, c)
            d = multiply_add(everywhere(memory, pixel + tap + 3 * apart), w, d)
    store(memory, out, a)
    store(memory, out + width, b)
    store(memory, out + 2 * width, c)
    store(memory, out + 3 * width, d)


@inner
def _sum_four_twice(memory, at, sizes, taps, weights):
    out, seen, bias, kernel = at
    line, in_line, apart, width = sizes
    a, e = load(weights, bias), load(weights, bias + LANES)
    b, c, d, f, g, h = a, a, a, e, e, e
    for tap_row in range(taps // in_line):
        pixel, row = seen + tap_row * line, kernel + tap_row * in_line * width
        for tap in range(in_line):
            w, v = load(weights, row + tap * width), load(weights, row + tap * width + LANES)
            x = everywhere(memory, pixel + tap)
            a, e = multiply_add(x, w, a), multiply_add(x, v, e)
            x = everywhere(memory, pixel + tap + apart)
            b, f = multiply_add(x, w, b), multiply_add(x, v, f)
            x = everywhere(memory, pixel + tap + 2 * apart)
            c, g = multiply_add(x, w, c), multiply_add(x, v, g)
            x = everywhere(memory, pixel + tap + 3 * apart)
            d, h = multiply_add(x, w, d), multiply_add(x, v, h)
    for place, low, high in ((0, a, e), (1, b, f), (2, c, g), (3, d, h)):
        store(memory, out + place * width, low)
        store(memory, out + place * width + LANES, high)


@inner
def convolve_image_back(memory, op, weights):
    """Add up the gradients of the pixels."""
    top, left = op.padding[0], op.padding[1]
    line = (op.columns + 2 * left) * op.channels
    for i in range((op.rows + 2 * top) * line):
        memory[op.padded + i] = 0
    in_line = op.taps[1] * op.channels
    width = _taps_width(op.taps[0] * in_line)
    # What each of these outputs gives to its taps lies behind the padded input.
    given = op.padded + (op.rows + 2 * top) * line
    places, place, row, column = op.out_rows * op.out_columns, 0, 0, 0
    while place < places:
        together = TOGETHER if place + TOGETHER <= places else 1
        source = op.grad_y + place * op.out_width
        for group in range(0, width, 2 * LANES):
            at = source, given + group, op.backward + group
            if together == 1:
                _give_one(memory, at, op.out_channels, weights, width)
            else:
                _give_four(memory, at, op.out_width, op.out_channels, weights, width)
        for one in range(together):
            corner = op.padded + (row * line + column * op.channels) * op.stride
            share = given + one * width
            for _ in range(op.taps[0]):
                for i in range(0, in_line, LANES):
                    # Lanes beyond the row of taps, up to 16 in all, have nothing added.
                    more = first_lanes(load(memory, share + i), in_line - i)
                    store(memory, corner + i, load(memory, corner + i) + more)
                corner += line
                share += in_line
            column += 1
            if column == op.out_columns:
                row, column = row + 1, 0
        place += together
    _unpad(memory, op, top, left, line)


@inner
def _give_one(memory, at, channels, weights, width):
    source, given, rows = at
    zero = broadcast(np.float32(0))
    a, e = zero, zero
    for channel in range(channels):
        w, v = load(weights, rows + channel * width), load(weights, rows + channel * width + LANES)
        gradient = everywhere(memory, source + channel)
        a, e = multiply_add(gradient, w, a), multiply_add(gradient, v, e)
    store(memory, given, a)
    store(memory, given + LANES, e)


@inner
def _give_four(memory, at, apart, channels, weights, width):
    source, given, rows = at
    zero = broadcast(np.float32(0))
    a, b, c, d, e, f, g, h = zero, zero, zero, zero, zero, zero, zero, zero
    for channel in range(channels):
        w, v = load(weights, rows + channel * width), load(weights, rows + channel * width + LANES)
        gradient = everywhere(memory, source + channel)
        a, e = multiply_add(gradient, w, a), multiply_add(gradient, v, e)
        gradient = everywhere(memory, source + channel + apart)
        b, f = multiply_add(gradient, w, b), multiply_add(gradient, v, f)
        gradient = everywhere(memory, source + channel + 2 * apart)
        c, g = multiply_add(gradient, w, c), multiply_add(gradient, v, g)
        gradient = everywhere(memory, source + channel + 3 * apart)
        d, h = multiply_add(gradient, w, d), multiply_add(gradient, v, h)
    for place, low, high in ((0, a, e), (1, b, f), (2, c, g), (3, d, h)):
        store(memory, given + place * width, low)
        store(memory, given + place * width + LANES, high)


@inner
def _unpad(memory, op, top, left, line):
    for row in range(op.rows):
        at = op.padded + (row + top) * line + left * op.channels
        for column in range(op.columns):
            target = op.grad_x + (row * op.columns + column) * op.width
            for channel in range(op.channels):
                gradient = memory[at + column * op.channels + channel]
                memory[target + channel] = memory[target + channel] + gradient if op.add_x else gradient
