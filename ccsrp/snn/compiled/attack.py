"""Whole attacks: one image through all of its steps, while all that is known of it lies in the caches.

Between two steps most spikes stay as they are, so convolutions of spikes add up what changed and nothing
else. An image's result depends on that image alone, bit for bit; it differs from what passes that begin anew
would give by the rounding of these sums, which begin anew themselves every ``RENEWED`` steps.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ccsrp.snn.compiled.lanes import take
from ccsrp.snn.compiled.machine import loss_gradient, put_gradient, read_image, read_logits, write_image
from ccsrp.snn.compiled.passes import all_backward, all_forward
from ccsrp.snn.compiled.table import Iterates, Pass
from ccsrp.snn.kernels import inner, kernel, sources_digest

__all__ = ["attack_images"]

# Steps after which sums begin anew, so that rounding cannot add up; searches take 10 steps.
RENEWED = 16

_ANEW, _CHANGES = int(Pass.ANEW), int(Pass.CHANGES)
_NONE, _EVERY = int(Iterates.NONE), int(Iterates.EVERY)


@inner
def _wrong(logits, label):
    best = 0
    for i in range(1, len(logits)):
        if logits[i] > logits[best]:
            best = i
    return best != label


@inner
def _move(point, gradient, image, size, eps):
    """Take one step, in the order in which ``attack.pgd`` computes it, so that it rounds alike."""
    for channel in range(image.shape[0]):
        for row in range(image.shape[1]):
            for column in range(image.shape[2]):
                clean, slope = image[channel, row, column], gradient[channel, row, column]
                moved = point[channel, row, column]
                if slope > 0:
                    moved += size
                elif slope < 0:
                    moved -= size
                change = min(max(moved - clean, -eps), eps)
                point[channel, row, column] = min(max(clean + change, np.float32(0)), np.float32(1))


def _entry(digest: str) -> Callable[..., Any]:
    """Make what Python calls; see ``sources_digest``."""

    @kernel(parallel=True, nogil=True, sources=digest)
    def attack_images(
        operations,
        scatters,
        windows,
        weights,
        places,
        images,
        labels,
        points,
        sizes,
        eps,
        iterates,
        enough,
        loss,
        surrogate,
        alpha,
        memories,
        codes,
        events,
        starts,
        spikes,
        counters,
        lost_at,
    ):
        """Attack images, float32 [N, C, H, W], in their order, until ``enough`` of them are lost.

        ``points`` are where the attacks begin, and afterwards where they ended; ``sizes`` [steps] are those
        of the steps. ``lost_at`` [N], -1 at first, becomes the number of the iterate by which an image was
        lost, or ``steps + 1`` where it was not. ``counters`` [2] are 0 at first: images begun and lost. What
        is missing here is explained at ``run_images``.
        """
        _ = digest
        tables = operations, scatters, windows, weights
        steps, classes = len(sizes), places[7]
        for _worker in numba.prange(len(memories)):
            thread = numba.get_thread_id()  # type: ignore[attr-defined]
            memory, lists = memories[thread], (codes[thread], events[thread], starts[thread], spikes[thread])
            logits, slopes = np.empty(classes, dtype=np.float32), np.empty(classes, dtype=np.float32)
            gradient = np.empty(images.shape[1:], dtype=np.float32)
            # Images take their turns: how long one takes depends on when it is lost.
            while take(counters, 1, 0) < enough:
                index = take(counters, 0, 1)
                if index >= len(images):
                    break
                lost = steps + 1
                for step in range(steps + 1):
                    if step == steps and iterates == _NONE:
                        break
                    write_image(memory, places[0], places[4], points[index])
                    all_forward(memory, tables, lists, _CHANGES if step % RENEWED else _ANEW)
                    read_logits(memory, places, logits)
                    if (iterates == _EVERY or step == steps) and _wrong(logits, labels[index]):
                        lost = step
                        take(counters, 1, 1)
                        break
                    if step < steps:
                        loss_gradient(logits, labels[index], loss, slopes)
                        put_gradient(memory, places, slopes)
                        all_backward(memory, tables, lists, surrogate, alpha)
                        read_image(memory, places[2], places[4], gradient)
                        _move(points[index], gradient, images[index], sizes[step], eps)
                lost_at[index] = lost

    chosen: Callable[..., Any] = attack_images
    return chosen


attack_images = _entry(sources_digest(Path(__file__).parent))
