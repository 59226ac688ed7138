"""How a program is laid out in memory: the records that the machine reads.

A *value* is what one edge of the network carries for one image: float32 ``[steps, rows * columns, width]``.
``width`` is its channels padded to whole groups of 16. Values and their gradients lie in one float32
workspace; records say where. Spikes may lie in an int64 workspace instead, ``[rows * columns, groups,
words]``: each word holds the 16 lanes of four time steps, the first in its lowest bits. Where spikes lie
there alone, ``width`` is that of their gradient, which is not padded: convolutions have less to add up. Nor
is an image that a stem alone reads.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

__all__ = ["OPERATION", "SCATTER", "STEPS_A_WORD", "Iterates", "Kind", "Loss", "Pass", "Surrogate"]


# Four times 16 lanes fill a word of spikes.
STEPS_A_WORD = 4


class Kind(IntEnum):
    """What an operation does to its inputs."""

    CONVOLVE = 0
    NORMALISE = 1
    REPEAT = 2
    FIRE = 3
    MAX_POOL = 4
    AVERAGE_POOL = 5
    ADD = 6
    MULTIPLY = 7
    SCALE = 8
    STEM = 9  # a convolution of an image, or of something like it: see ``stem``


class Surrogate(IntEnum):
    """A spike's derivative.

    ``OWN`` is the one that each neuron was trained with; ``RATE`` differentiates firing rates by it.
    """

    OWN = 0
    ATAN = 1
    SIGMOID = 2
    PIECEWISE_QUADRATIC = 3
    PIECEWISE_EXP = 4
    RECT = 5
    STRAIGHT_THROUGH = 6
    RATE = 7


class Loss(IntEnum):
    """What an attacker increases.

    ``NONE`` asks for logits alone; ``GIVEN`` takes the gradient by the logits from the caller.
    """

    NONE = 0
    CROSS_ENTROPY = 1
    MARGIN = 2
    GIVEN = 3


class Pass(IntEnum):
    """Whether a forward pass begins anew, or adds what ``CHANGES`` to the one before, of the same image."""

    ANEW = 0
    CHANGES = 1


class Iterates(IntEnum):
    """Which iterates of an attack may lose an image."""

    NONE = 0
    LAST = 1
    EVERY = 2


_SHAPE = ("steps", "rows", "columns", "channels", "width")

OPERATION = np.dtype(
    [
        ("kind", np.int64),
        # Offsets of the first input and the output among the spikes, -1 where they are floats.
        *((name, np.int64) for name in ("x_spikes", "y_spikes")),
        # Offsets of the inputs, the output, what a neuron keeps for its gradient, and their gradients.
        *((name, np.int64) for name in ("x", "x2", "y", "charged", "grad_x", "grad_x2", "grad_y")),
        # Whether another reader of the input has already written to its gradient.
        *((name, np.int64) for name in ("add_x", "add_x2")),
        *((name, np.int64) for name in _SHAPE),
        *((f"out_{name}", np.int64) for name in _SHAPE),
        # Offsets of biases or per-channel factors, and of the pooling windows.
        *((name, np.int64) for name in ("bias", "row_windows", "column_windows")),
        # First records of SCATTER, forwards and backwards, and how many there are forwards. Of a stem: where
        # its weights lie, stride, taps and padding.
        *((name, np.int64) for name in ("forward", "phases", "backward", "stride")),
        *((name, np.int64, (2,)) for name in ("taps", "padding")),
        # A convolution of spikes remembers those of the pass before, and its sums stay where they are; a stem
        # pads its input into a place of its own. Offsets; -1 where that is not so.
        *((name, np.int64) for name in ("before", "padded")),
        # Neurons: 1 / tau, threshold, reset value, and how they reset.
        *((name, np.float32) for name in ("decay", "threshold", "reset", "alpha")),
        *((name, np.int64) for name in ("soft", "decay_input", "detach", "surrogate")),
        # Pools: whether no place lies in two windows, and whether every place lies in one.
        *((name, np.int64) for name in ("disjoint", "covering")),
        # SCALE: factor * x + offset.
        *((name, np.float32) for name in ("factor", "offset")),
    ],
    align=True,
)

# Events of rows first_row, first_row + apart, ... reach, by their first tap, rows to_row, to_row + to_apart,
# ... (which may lie outside), by the next tap the rows after those; likewise for columns. Weights are
# [channels of the events, row_taps, row_size], each row being [column_taps, width of what they reach] and
# zeros behind.
SCATTER = np.dtype(
    [
        (name, np.int64)
        for name in (
            "first_row",
            "first_column",
            "apart",
            "to_row",
            "to_column",
            "to_apart",
            "row_taps",
            "column_taps",
            "row_size",
            "weights",
        )
    ],
    align=True,
)
