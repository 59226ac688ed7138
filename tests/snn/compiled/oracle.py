"""What SpikingJelly's own layers and torch's autograd say of a network."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ccsrp.attack.gradient import gradient_of
from ccsrp.snn.compiled.compiler import Compiler
from ccsrp.snn.graph import PrunableLayer, PruningGraph
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.slim import slim_network

# A graph that prunes nothing: its only layer is in no network.
NOTHING = PruningGraph(
    layers=(PrunableLayer(name="none", size=1, norms=(), neurons=(), consumers=()),),
    spike_driven=frozenset(),
    called_once=frozenset(),
    left_whole=(),
)


class Answers:
    """Logits and gradients of both, for random images."""

    def __init__(
        self,
        network: nn.Module,
        image_shape: tuple[int, int, int],
        *,
        mask: np.ndarray | None = None,
        time_steps: int = 4,
        images: int = 6,
        loss: str = "cross_entropy",
        surrogate: str = "training",
        graph: PruningGraph | None = None,
    ) -> None:
        graph = NOTHING if graph is None else graph
        mask = graph.space.full() if mask is None else mask
        wrapped = DirectCoding(network, time_steps=time_steps).eval()
        compiler = Compiler(network, graph, image_shape=image_shape, time_steps=time_steps)
        whole = graph is NOTHING
        slim = wrapped if whole else DirectCoding(slim_network(network, graph, mask), time_steps=time_steps)
        self.compiled = compiler.compile(mask)
        self.images = torch.rand(images, *image_shape, generator=torch.Generator().manual_seed(3))
        with torch.no_grad():
            classes = slim.eval()(self.images[:1]).shape[1]
        labels = torch.arange(images) % classes
        with gradient_of(slim, loss=loss, surrogate=surrogate) as gradient_at:
            self.logits, self.gradient = gradient_at(self.images, labels)
        if loss == "cross_entropy":
            self.gradient = self.gradient * images  # torch's loss is the mean
        with gradient_of(self.compiled, loss=loss, surrogate=surrogate) as gradient_at:
            self.found_logits, self.found_gradient = gradient_at(self.images, labels)

    def check(self, *, flips: int = 0) -> None:
        """Compare; ``flips`` images may differ by a spike that rounding has tipped over the threshold."""
        differ = (self.found_logits - self.logits).abs().amax(1) > 1e-5
        size = self.gradient.abs().flatten(1).amax(1).view(-1, 1, 1, 1)
        error = (self.found_gradient - self.gradient).abs() / size.clamp_min(1e-30)
        # A gate may hide a tipped spike from the logits, but not from the gradient.
        differ |= error.flatten(1).amax(1) >= 1e-4
        assert int(differ.sum()) <= flips
        same = ~differ
        assert torch.equal(self.compiled(self.images), self.found_logits)
        assert self.gradient[same].abs().max() > 0, "the test must see a gradient"
        at_rounding = self.gradient.abs() <= 1e-4 * size
        signs = (self.found_gradient.sign() == self.gradient.sign()) | at_rounding
        assert signs[same].all()
