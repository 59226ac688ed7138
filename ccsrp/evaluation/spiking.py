"""The Torch evaluator of spiking networks: N masks in one call.

Each mask is made a real, smaller network, calibrated, and judged on the same images under the same
attack from the same starts. Masks never share a forward pass, so a mask's answer cannot depend on the
company in which it was evaluated.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from spikingjelly.activation_based import functional
from torch import nn

from ccsrp.attack.pgd import Attack, random_start, robust_images
from ccsrp.errors import GraphError, OptionError, WeightsError, one_line
from ccsrp.snn.calibrate import calibrate
from ccsrp.snn.cost import CostTable, cost_table, count_synaptic_operations
from ccsrp.snn.graph import PruningGraph, trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["COSTS", "Examples", "Judgement", "SpikingEvaluator"]

COSTS = ("flops", "params", "synops")
Cost = Literal["flops", "params", "synops"]


@dataclass(frozen=True)
class Examples:
    """Images that networks are judged on: float32 [N, C, H, W] in [0, 1], int64 [N], and attack starts."""

    images: torch.Tensor
    labels: torch.Tensor
    start: torch.Tensor

    @classmethod
    def of(cls, images: torch.Tensor, labels: torch.Tensor, attack: Attack, *, device: str) -> Examples:
        """Draw the fixed starts and move everything to ``device``."""
        start = random_start(images, attack)
        return cls(images=images.to(device), labels=labels.to(device), start=start.to(device))


@dataclass(frozen=True)
class Judgement:
    """What one network showed on some examples; ``synops`` is the mean of one clean image."""

    accuracy: float
    robust_accuracy: float
    synops: float


class SpikingEvaluator:
    """Judges masks of one spiking network on accuracy, robustness and cost.

    Parameters
    ----------
    network : nn.Module
        The trained base, of SpikingJelly layers, from ``[T, B, C, H, W]`` to ``[T, B, classes]``. It is
        copied; the state of its neurons is reset.
    time_steps : int
        T.
    examples : Examples
        The *validation* images.
    attack : Attack
    cost : {"flops", "params", "synops"}
        What the third objective is a fraction of, against the base.
    calibration : float32 [N, C, H, W], optional
        Training images for the batch norms of pruned networks; ``None`` leaves the base's statistics.
    batch_size : int
        Images in one pass of the attack. More take memory and are no faster on a CPU; part of the definition
        of F, because another size may round differently.
    device : str
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        time_steps: int,
        examples: Examples,
        attack: Attack,
        cost: Cost = "flops",
        calibration: torch.Tensor | None = None,
        batch_size: int = 128,
        device: str = "cpu",
    ) -> None:
        if cost not in COSTS:
            raise OptionError(f"unknown cost {cost!r}; choose one of {', '.join(COSTS)}")
        self.attack = attack
        self.cost = cost
        self.device = device
        self._examples = examples
        self._calibration = None if calibration is None else calibration.to(device)
        self._batch_size = batch_size
        self._base = DirectCoding(_own_copy(network), time_steps=time_steps).to(device).eval()
        self._graph: PruningGraph = trace_filters(self._base.network)
        _check_output(self._base, examples)
        channels, height, width = examples.images.shape[1:]
        self.costs: CostTable = cost_table(self._base, self._graph, (channels, height, width))
        self._dense_synops: float | None = None

    @property
    def space(self) -> FilterSpace:
        """The filters that can go."""
        return self._graph.space

    def network(self, mask: BoolArray, *, fused: bool = False) -> DirectCoding:
        """Build the network of one mask, calibrated: images [B, C, H, W] to logits [B, classes].

        ``fused`` neurons give the same answers faster; without, it is made of SpikingJelly's layers alone.
        """
        slim = slim_network(self._base.network, self._graph, mask)
        if fused:
            fuse_neurons(slim, self._graph.called_once)
        network = DirectCoding(slim, time_steps=self._base.time_steps).eval()
        if self._calibration is not None:
            calibrate(network, self._calibration)
        return network

    def judge(self, network: DirectCoding, examples: Examples | None = None) -> Judgement:
        """Judge what ``network`` returned, by default on the validation images."""
        examples = examples or self._examples
        right, synops = self._clean(network, examples)
        robust = torch.zeros_like(right)
        for first in range(0, len(right), self._batch_size):
            part = slice(first, first + self._batch_size)
            robust[part] = robust_images(
                network,
                examples.images[part],
                examples.labels[part],
                examples.start[part],
                self.attack,
                right=right[part],
            )
        return Judgement(accuracy=_share(right), robust_accuracy=_share(robust), synops=synops)

    def synops(self, network: DirectCoding) -> float:
        """Count the synaptic operations of what ``network`` returned, mean over the validation images."""
        return self._clean(network, self._examples)[1]

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]."""
        objectives = np.empty((len(masks), 3))
        for row, mask in enumerate(masks):
            judgement = self.judge(self.network(mask, fused=True))
            cost = self._relative_cost(mask, judgement.synops)
            objectives[row] = 1 - judgement.accuracy, 1 - judgement.robust_accuracy, cost
        return objectives

    def _relative_cost(self, mask: BoolArray, synops: float) -> float:
        if self.cost == "synops":
            if self._dense_synops is None:
                self._dense_synops = self.synops(self.network(self.space.full(), fused=True))
                if self._dense_synops == 0:
                    raise OptionError(
                        "the base network never spikes, so synops cannot be its cost; use flops"
                    )
            # Fewer filters can spike more in all; a candidate dearer than the base is worth no more than it.
            return min(1.0, synops / self._dense_synops)
        count = self.costs.flops if self.cost == "flops" else self.costs.params
        part, whole = count(np.stack([mask, self.space.full()]))
        return float(part / whole)

    def _clean(self, network: nn.Module, examples: Examples) -> tuple[torch.Tensor, float]:
        with torch.no_grad(), count_synaptic_operations(network, self._graph) as count:
            logits = torch.cat([network(batch) for batch in torch.split(examples.images, self._batch_size)])
        return logits.argmax(1) == examples.labels, count.total / len(examples.labels)


def _share(flags: torch.Tensor) -> float:
    return int(flags.sum()) / len(flags)


def _own_copy(network: nn.Module) -> nn.Module:
    """Copy a network whose weights are finite.

    Raises
    ------
    WeightsError, GraphError
    """
    functional.reset_net(network)  # state left over from training cannot be copied
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"the network holds values that are not finite in {name!r}; train it anew")
    try:
        return copy.deepcopy(network)
    except RuntimeError as error:
        raise GraphError(
            f"{type(network).__name__} cannot be copied ({one_line(error)}); remove what computes its "
            f"weights first, such as with torch.nn.utils.prune.remove"
        ) from None


def _check_output(network: DirectCoding, examples: Examples) -> None:
    """See that one image gives one row of logits, with a class for every label."""
    image, classes = examples.images[:1], int(examples.labels.max()) + 1
    wanted = "a network must map [T, B, C, H, W] to [T, B, classes]"
    try:
        with torch.no_grad():
            logits = network(image)
    except (RuntimeError, ValueError, IndexError) as error:
        shape = list(image.shape[1:])
        raise GraphError(f"the network does not take images {shape} ({one_line(error)}); {wanted}") from None
    if logits.ndim != 2 or logits.shape[1] < classes:
        raise GraphError(f"for one image of {classes} classes it gives {list(logits.shape)}; {wanted}")
