"""One compiled network: images to logits and input gradients."""

from __future__ import annotations

import threading
from typing import Any

import numba
import numpy as np
import torch

from ccsrp.attack.description import Attack
from ccsrp.attack.gradient import LossName
from ccsrp.attack.whole import Judged
from ccsrp.snn.compiled.attack import attack_images
from ccsrp.snn.compiled.lanes import LANES
from ccsrp.snn.compiled.lower import surrogate_code
from ccsrp.snn.compiled.machine import run_images
from ccsrp.snn.compiled.memory import aligned
from ccsrp.snn.compiled.program import Program
from ccsrp.snn.compiled.table import Iterates, Loss

__all__ = ["CompiledNetwork", "Workspace"]


class Workspace:
    """Memory for running programs, kept from one to the next: fresh pages cost as much as the work."""

    def __init__(self) -> None:
        self._memories = aligned(1, 1)
        self._events = aligned(1, 1)
        self._codes = np.empty((1, 1), dtype=np.int32)
        self._starts = np.empty((1, 1), dtype=np.int64)
        self._spikes = np.empty((1, 1), dtype=np.int64)
        self.lock = threading.Lock()

    def memories(self, program: Program, rows: int) -> Any:
        """Return memory for ``rows`` images at once."""
        if self._memories.shape[0] < rows or self._memories.shape[1] < program.memory_size:
            width = max(program.memory_size, self._memories.shape[1])
            self._memories = aligned(max(rows, self._memories.shape[0]), width)
        return self._memories[:rows]

    def spikes(self, program: Program, rows: int) -> Any:
        """Return memory for the spikes of ``rows`` images at once."""
        if self._spikes.shape[0] < rows or self._spikes.shape[1] < program.spike_count:
            shape = max(rows, self._spikes.shape[0]), max(program.spike_count, self._spikes.shape[1])
            self._spikes = np.empty(shape, dtype=np.int64)
        return self._spikes[:rows]

    def events(self, program: Program) -> tuple[Any, Any, Any]:
        """Return lists of events for every thread: codes, values, starts."""
        # A list is written 16 at a time, so its last lanes reach beyond its end.
        threads, count = _threads(), -(-program.event_count // LANES) * LANES + LANES
        if self._codes.shape[0] < threads or self._codes.shape[1] < count:
            self._codes = np.empty((threads, count), dtype=np.int32)
        size = self._codes.shape[1] * program.event_steps
        if self._events.shape[0] < threads or self._events.shape[1] < size:
            self._events = aligned(threads, size)
        if self._starts.shape[0] < threads or self._starts.shape[1] < program.place_count + 1:
            self._starts = np.empty((threads, program.place_count + 1), dtype=np.int64)
        return self._codes, self._events, self._starts


class CompiledNetwork:
    """A network in inference, folded and event-driven, on the CPU.

    Parameters
    ----------
    program : Program
    workspace : Workspace
        Shared by networks that run one after another.
    """

    def __init__(self, program: Program, workspace: Workspace) -> None:
        self._program = program
        self._workspace = workspace

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map images, float32 [B, C, H, W], to logits, float32 [B, classes]."""
        return self._run(images, Loss.NONE)[0]

    def loss_gradient(
        self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [B, classes] and each image's gradient of its own loss [B, C, H, W].

        ``surrogate`` is text such as ``"ATan(alpha=6.0)"``, ``"training"`` for each neuron's own, or
        ``"rate"`` for the gradient of firing rates.
        """
        return self._run(images, Loss[loss.upper()], labels=labels, surrogate=surrogate)

    def vector_jacobian_product(
        self, images: torch.Tensor, cotangents: torch.Tensor, *, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [B, classes] and the gradient of ``(logits * cotangents).sum()`` by the images.

        Parameters
        ----------
        images : float32 [B, C, H, W]
        cotangents : float32 [B, classes]
        surrogate : str
            As in ``loss_gradient``.
        """
        return self._run(images, Loss.GIVEN, cotangents=cotangents, surrogate=surrogate)

    def run_attack(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        start: torch.Tensor,
        attack: Attack,
        *,
        judged: Judged,
        enough: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run PGD on each image, one after another: see ``ccsrp.attack.whole``."""
        program, workspace = self._program, self._workspace
        kind, alpha = surrogate_code(attack.surrogate)
        points = start.detach().clone(memory_format=torch.contiguous_format)
        lost_at = torch.full((len(images),), -1)
        with workspace.lock:
            attack_images(
                program.operations,
                program.scatters,
                program.windows,
                program.weights,
                program.places,
                np.ascontiguousarray(images.detach().numpy()),
                np.ascontiguousarray(labels.numpy()),
                points.numpy(),
                np.array([attack.step(index) for index in range(attack.steps)], dtype=np.float32),
                np.float32(attack.eps),
                int(Iterates[judged.upper()]),
                len(images) + 1 if enough is None else enough,
                int(Loss[attack.loss.upper()]),
                int(kind),
                np.float32(alpha),
                workspace.memories(program, _threads()),
                *workspace.events(program),
                workspace.spikes(program, _threads()),
                np.zeros(2, dtype=np.int64),
                lost_at.numpy(),
            )
        return points, lost_at

    def _run(
        self,
        images: torch.Tensor,
        loss: Loss,
        *,
        labels: torch.Tensor | None = None,
        cotangents: torch.Tensor | None = None,
        surrogate: str = "training",
    ) -> tuple[torch.Tensor, torch.Tensor]:
        program, workspace = self._program, self._workspace
        kind, alpha = surrogate_code(surrogate)
        pixels = np.ascontiguousarray(images.detach().numpy())
        logits = np.empty((len(pixels), program.classes), dtype=np.float32)
        gradients = np.empty(pixels.shape if loss != Loss.NONE else (0, 1, 1, 1), dtype=np.float32)
        with workspace.lock:
            run_images(
                program.operations,
                program.scatters,
                program.windows,
                program.weights,
                program.places,
                pixels,
                np.zeros(0, dtype=np.int64) if labels is None else np.ascontiguousarray(labels.numpy()),
                # What is not read has no rows, but the same type: the kernel is compiled once.
                logits[:0] if cotangents is None else np.ascontiguousarray(cotangents.detach().numpy()),
                int(loss),
                int(kind),
                np.float32(alpha),
                workspace.memories(program, _threads()),
                *workspace.events(program),
                workspace.spikes(program, _threads()),
                logits,
                gradients,
            )
        return torch.from_numpy(logits), torch.from_numpy(gradients)


def _threads() -> int:
    """Return the most threads that numba may use: one a core, or NUMBA_NUM_THREADS."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
