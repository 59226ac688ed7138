"""Training that attacks a compiled copy of the network."""

from __future__ import annotations

import pytest
import torch

from ccsrp.attack.pgd import Attack
from ccsrp.snn.compiled.compiler import compiler_for
from ccsrp.snn.data import load_dataset
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import DirectCoding, build_network
from ccsrp.snn.training import Trainer, TrainingSettings


@pytest.mark.parametrize("method", ["pgd-at", "trades"])
def test_the_loss_curve_is_that_of_spikingjelly(method: str) -> None:
    images, labels = load_dataset("digits").split("train", 192)
    attack = Attack.sharp(eps=0.1, steps=2)
    curves = []
    for compiled in (False, True):
        base = DirectCoding(build_network("digits"), time_steps=4)
        graph = trace_filters(base.network)
        compiler = compiler_for(base.network, graph, image_shape=(1, 8, 8), time_steps=4, attack=attack)
        assert compiler is not None
        trainer = Trainer(
            base,
            images,
            labels,
            attack=attack,
            settings=TrainingSettings(method=method, epochs=2, batch_size=64),
            attacked=(lambda c=compiler, g=graph: c.compile(g.space.full())) if compiled else None,
        )
        curves.append(torch.tensor([trainer.run_epoch().loss for _ in range(2)]))
    torch.testing.assert_close(curves[1], curves[0], rtol=0.02, atol=0)


def test_attacks_that_a_compiled_network_does_not_know_get_none() -> None:
    network = build_network("digits")
    graph = trace_filters(network)
    for attack in (
        Attack.sharp(eps=0.1, surrogate="Erf(alpha=2.0)"),
        Attack.strong(eps=0.1, near_surrogate="Erf(alpha=2.0)"),
    ):
        assert compiler_for(network, graph, image_shape=(1, 8, 8), time_steps=4, attack=attack) is None
