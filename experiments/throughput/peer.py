"""The peer stack: how a mask is judged today, and the oracle for our answers.

For each mask: build the slim SpikingJelly network, calibrate it, count what it gets right, attack the images
with torchattacks.PGD, count again. One mask after another.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torchattacks
from torch import nn

from ccsrp.attack.pgd import Attack
from ccsrp.snn.calibrate import calibrate
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network
from ccsrp.snn.weights import load_weights
from problems.shipped import WEIGHTS, ShippedPruning

__all__ = ["PeerStack", "shipped_network"]


def shipped_network(problem: type[ShippedPruning]) -> nn.Module:
    """Load the base network that ships for a problem."""
    network = problem.untrained()
    load_weights(network, WEIGHTS / f"{problem.key}.safetensors", expected_sha256=problem.weights_sha256)
    return network


class PeerStack:
    """Judges masks as CCEP-style codes do, with the problem's own network, images, attack and start.

    ``batch_size`` images are attacked together; None means all.
    """

    def __init__(
        self,
        network: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        attack: Attack,
        calibration: torch.Tensor | None,
        time_steps: int = 4,
        batch_size: int | None = None,
    ) -> None:
        self.network = network
        self.graph = trace_filters(network)
        self.images, self.labels = images, labels
        self.attack = attack
        self.calibration = calibration
        self.time_steps = time_steps
        self.batch_size = batch_size or len(labels)

    def slim(self, mask: np.ndarray) -> DirectCoding:
        """Build the calibrated network of one mask."""
        slim = DirectCoding(slim_network(self.network, self.graph, mask), time_steps=self.time_steps).eval()
        if self.calibration is not None:
            calibrate(slim, self.calibration)
        return slim

    def evaluate(self, mask: np.ndarray) -> tuple[float, float]:
        """Return accuracy and robust accuracy of one mask."""
        network = self.slim(mask)
        pgd = torchattacks.PGD(
            network, eps=self.attack.eps, alpha=self.attack.step_size, steps=self.attack.steps
        )
        right = self._right(network, lambda images, _: images)
        torch.manual_seed(self.attack.seed)
        robust = self._right(network, pgd)
        return right / len(self.labels), robust / len(self.labels)

    def _right(
        self, network: nn.Module, attacked: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    ) -> int:
        right = 0
        batches = zip(self.images.split(self.batch_size), self.labels.split(self.batch_size), strict=True)
        for images, labels in batches:
            shown = attacked(images, labels)
            with torch.no_grad():
                right += int((network(shown).argmax(1) == labels).sum())
        return right
