"""Judging one network."""

from __future__ import annotations

import torch

from ccsrp.attack.pgd import Attack
from ccsrp.evaluation.judge import Examples, hardest_first, judge
from ccsrp.snn.networks import DirectCoding, build_network
from tests.conftest import make_lively


def example_case(attack: Attack) -> tuple[DirectCoding, Examples]:
    network = DirectCoding(make_lively(build_network("digits")), time_steps=3).eval()
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        labels = network(images).argmax(1)
    labels[::5] = (labels[::5] + 1) % 10
    return network, Examples.of(images, labels, attack, device="cpu", batch_size=7)


def test_the_order_of_images_changes_no_answer() -> None:
    strong = Attack.strong(eps=0.004, steps=2, rounds=3)
    for attack in (Attack.sharp(eps=0.004), Attack.standard(eps=0.004), strong):
        network, examples = example_case(attack)
        ordered = hardest_first(network, examples)
        assert judge(network, ordered) == judge(network, examples)
        assert 0 < judge(network, examples).robust_accuracy < 1


def test_the_hardest_come_first() -> None:
    network, examples = example_case(Attack.sharp(eps=0.004))
    ordered = hardest_first(network, examples)
    right = ordered.logits(network).argmax(1) == ordered.labels
    assert not right[:4].any()
    assert right[4:].all()
    assert sorted(ordered.images.flatten(1).sum(1).tolist()) == sorted(
        examples.images.flatten(1).sum(1).tolist()
    )


def test_giving_up_returns_the_best_that_was_still_possible() -> None:
    network, examples = example_case(Attack.sharp(eps=0.004))
    truth = judge(network, examples)
    seen: list[float] = []

    def hopeless(accuracy: float, robust_accuracy: float) -> bool:
        assert accuracy == truth.accuracy
        seen.append(robust_accuracy)
        return len(seen) == 5

    stopped = judge(network, examples, hopeless=hopeless)
    assert not stopped.complete
    assert seen == sorted(seen, reverse=True)
    assert stopped.robust_accuracy == seen[-1] >= truth.robust_accuracy
    assert seen[0] == truth.accuracy
