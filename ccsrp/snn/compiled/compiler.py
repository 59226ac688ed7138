"""From masks to compiled networks, without a SpikingJelly network in between."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ccsrp.attack.custom import AnyAttack
from ccsrp.snn.compiled.lower import UnsupportedError, lower, surrogate_code
from ccsrp.snn.compiled.machine import run_layers
from ccsrp.snn.compiled.network import CompiledNetwork, Workspace
from ccsrp.snn.compiled.program import Program, build_program
from ccsrp.snn.compiled.table import Kind
from ccsrp.snn.compiled.tensors import KeptTensors, Statistics
from ccsrp.snn.graph import PruningGraph, trace
from ccsrp.space import BoolArray

__all__ = ["Compiler", "compiler_for"]

Float64: TypeAlias = NDArray[np.float64]


def compiler_for(
    network: nn.Module,
    graph: PruningGraph,
    *,
    image_shape: tuple[int, ...],
    time_steps: int,
    attack: AnyAttack,
) -> Compiler | None:
    """Return a compiler whose networks ``attack`` can attack, or None where there can be none."""
    try:
        for surrogate in attack.surrogates:
            surrogate_code(surrogate)
        return Compiler(network, graph, image_shape=image_shape, time_steps=time_steps)
    except UnsupportedError:
        return None


class Compiler:
    """Compiles what masks leave of one network, with the weights that it has at that time.

    Parameters
    ----------
    network : nn.Module
        From ``[T, B, C, H, W]`` to ``[T, B, classes]``. It is kept, not copied, and not changed.
    graph : PruningGraph
        ``trace_filters(network)``.
    image_shape : (C, H, W)
        Frames, (T, C, H, W), are not supported.
    time_steps : int
        T, with the image shown unchanged at each step.

    Raises
    ------
    UnsupportedError
        The network does something that a compiled network cannot do, or is not on the CPU in float32.
    """

    def __init__(
        self, network: nn.Module, graph: PruningGraph, *, image_shape: tuple[int, ...], time_steps: int
    ) -> None:
        for tensor in network.state_dict().values():
            if tensor.device.type != "cpu" or (tensor.is_floating_point() and tensor.dtype != torch.float32):
                raise UnsupportedError("its weights are not float32 on the CPU")
        if len(image_shape) != 3:
            raise UnsupportedError("its images differ from time step to time step")
        channels, height, width = image_shape
        shape = channels, height, width
        self._recipe = lower(network, trace(network), image_shape=shape, time_steps=time_steps)
        self._modules: dict[str, Any] = dict(network.named_modules())
        self._graph = graph
        # Calibration holds all of its images at once, everything else one a thread.
        self._running, self._calibrating = Workspace(), Workspace()
        self._norms = [op.norm for op in self._recipe.operations if op.kind == Kind.NORMALISE]

    def compile(self, mask: BoolArray, statistics: Statistics | None = None) -> CompiledNetwork:
        """Compile the network of one mask, bool [n_var].

        ``statistics`` replace the running ones of its batch norms.
        """
        recipe, tensors = self._recipe, KeptTensors(self._modules, self._graph, mask)
        program = build_program(recipe, recipe.folded, tensors, statistics or {})
        return CompiledNetwork(program, self._running)

    def calibrate(self, mask: BoolArray, images: torch.Tensor, *, batch_size: int = 256) -> Statistics:
        """Measure the statistics that ``ccsrp.snn.calibrate`` would set, layer by layer.

        Parameters
        ----------
        mask : bool [n_var]
        images : float32 [N, C, H, W]
        batch_size : int
            Images that are normalised together.
        """
        if not self._norms:
            return {}
        recipe, tensors = self._recipe, KeptTensors(self._modules, self._graph, mask)
        program = build_program(recipe, recipe.operations, tensors, {}, gradients=False)
        batches = torch.split(images, batch_size)
        found: Statistics = {}
        for batch in batches:
            for name, (mean, variance) in self._batch_statistics(program, tensors, batch).items():
                before = found.get(name, (np.zeros_like(mean), np.zeros_like(mean)))
                found[name] = (before[0] + mean / len(batches), before[1] + variance / len(batches))
        return found

    def _batch_statistics(self, program: Program, tensors: KeptTensors, images: torch.Tensor) -> Statistics:
        found: Statistics = {}
        pixels = np.ascontiguousarray(images.numpy())
        first = 0
        with self._calibrating.lock:
            memories = self._calibrating.memories(program, len(pixels))
            events = self._calibrating.events(program)
            spikes = self._calibrating.spikes(program, len(pixels))
            for number, operation in enumerate(self._recipe.operations):
                if operation.kind != Kind.NORMALISE:
                    continue
                record = program.operations[number]
                sums, squares = (np.zeros((len(pixels), int(record["width"]))) for _ in range(2))
                run_layers(
                    program.operations,
                    first,
                    number,
                    program.scatters,
                    program.windows,
                    program.weights,
                    program.places[0],
                    program.places[4],
                    pixels,
                    memories,
                    *events,
                    spikes,
                    sums,
                    squares,
                )
                first = number
                mean, variance, places = _moments(sums, squares, record)
                # SpikingJelly counts a value that does not change over time once a time step.
                count = places * (1 if record["steps"] > 1 else self._recipe.time_steps)
                found[operation.norm] = (mean, variance * count / max(count - 1, 1))
                factor, shift = tensors.affine(operation.norm, mean, variance)
                at, width = record["bias"], record["width"]
                program.weights[at : at + len(mean)] = factor
                program.weights[at + width : at + width + len(mean)] = shift
        return found


def _moments(sums: Float64, squares: Float64, record: Any) -> tuple[Float64, Float64, int]:
    """Return mean and biased variance of each channel, and how many numbers of a channel there are."""
    channels = int(record["channels"])
    count = int(record["steps"] * record["rows"] * record["columns"]) * len(sums)
    mean = sums[:, :channels].sum(0) / count
    return mean, np.maximum(squares[:, :channels].sum(0) / count - mean**2, 0), count
