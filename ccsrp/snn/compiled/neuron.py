"""Integrate-and-fire neurons over all time steps, and their surrogate gradient.

The equations are those of ``ccsrp.snn.lif``, with the division by tau made a multiplication.
"""

from __future__ import annotations

import math

import numba
import numpy as np

__all__ = ["fire", "fire_back"]

# Neurons whose state stays in the first-level cache while time goes by.
_BLOCK = 1024


@numba.njit
def fire(memory, op):  # type: ignore[no-untyped-def]
    """Charge, fire and reset; keep the charged potentials for the gradient."""
    size = op.rows * op.columns * op.width
    one, zero = np.float32(1), np.float32(0)
    decay, threshold, reset = op.decay, op.threshold, op.reset
    v = np.empty(_BLOCK, dtype=np.float32)
    for first in range(0, size, _BLOCK):
        count = min(_BLOCK, size - first)
        v[:] = reset
        for t in range(op.steps):
            x = memory[op.x + t * size + first :][:count]
            h = memory[op.charged + t * size + first :][:count]
            y = memory[op.y + t * size + first :][:count]
            if op.decay_input:
                for i in range(count):
                    h[i] = v[i] + (x[i] - (v[i] - reset)) * decay
            else:
                for i in range(count):
                    h[i] = v[i] - (v[i] - reset) * decay + x[i]
            if op.soft:
                for i in range(count):
                    y[i] = one if h[i] >= threshold else zero
                    v[i] = h[i] - threshold if h[i] >= threshold else h[i]
            else:
                for i in range(count):
                    y[i] = one if h[i] >= threshold else zero
                    v[i] = reset if h[i] >= threshold else h[i]


@numba.njit
def fire_back(memory, op, alpha):  # type: ignore[no-untyped-def]
    """Send the gradient back through time, with the spike's derivative that of ``ATan(alpha)``."""
    size = op.rows * op.columns * op.width
    one, zero = np.float32(1), np.float32(0)
    decay, threshold, reset = op.decay, op.threshold, op.reset
    half, slant = np.float32(alpha / 2), np.float32(math.pi / 2 * alpha)
    kept = one - decay
    carry = np.empty(_BLOCK, dtype=np.float32)
    slope, gh = np.empty_like(carry), np.empty_like(carry)
    for first in range(0, size, _BLOCK):
        count = min(_BLOCK, size - first)
        carry[:] = zero
        for t in range(op.steps - 1, -1, -1):
            h = memory[op.charged + t * size + first :][:count]
            gy = memory[op.grad_y + t * size + first :][:count]
            gx = memory[op.grad_x + t * size + first :][:count]
            for i in range(count):
                z = (h[i] - threshold) * slant
                slope[i] = half / (one + z * z)
            if op.soft:
                for i in range(count):
                    through = one if op.detach else one - threshold * slope[i]
                    gh[i] = gy[i] * slope[i] + carry[i] * through
            elif op.detach:
                for i in range(count):
                    through = zero if h[i] >= threshold else one
                    gh[i] = gy[i] * slope[i] + carry[i] * through
            else:
                for i in range(count):
                    through = zero if h[i] >= threshold else one
                    gh[i] = gy[i] * slope[i] + carry[i] * (through + (reset - h[i]) * slope[i])
            share = decay if op.decay_input else one
            if op.add_x:
                for i in range(count):
                    gx[i] += gh[i] * share
            else:
                for i in range(count):
                    gx[i] = gh[i] * share
            for i in range(count):
                carry[i] = gh[i] * kept
