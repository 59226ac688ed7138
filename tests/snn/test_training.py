"""Training: it learns, and a cut-off training ends as the whole one would have."""

from __future__ import annotations

import pytest
import torch

from ccsrp.attack.pgd import Attack
from ccsrp.errors import OptionError
from ccsrp.snn.data import load_dataset
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import FusedNeuron, fuse_neurons
from ccsrp.snn.networks import DirectCoding, build_network
from ccsrp.snn.training import Trainer, TrainingSettings

ATTACK = Attack.sharp(eps=0.1, steps=2)


def trainer(
    method: str, *, epochs: int = 3, images: int = 256, teacher_logits: torch.Tensor | None = None
) -> Trainer:
    inputs, labels = load_dataset("digits").split("train", images)
    if method == "distillation" and teacher_logits is None:
        teacher_logits = 8.0 * torch.nn.functional.one_hot(labels, 10).float()
    return Trainer(
        DirectCoding(build_network("digits"), time_steps=2),
        inputs,
        labels,
        attack=ATTACK,
        settings=TrainingSettings(method=method, epochs=epochs, batch_size=64, learning_rate=1e-2),
        teacher_logits=teacher_logits,
    )


@pytest.mark.parametrize("method", ["standard", "pgd-at", "trades", "distillation"])
def test_training_learns(method: str) -> None:
    made = trainer(method, epochs=8)
    reports = [made.run_epoch() for _ in range(8)]
    assert reports[-1].loss < 0.7 * reports[0].loss
    images, labels = load_dataset("digits").split("validation")
    with torch.no_grad():
        accuracy = float((made.network.eval()(images).argmax(1) == labels).float().mean())
    assert accuracy > 0.6


@pytest.mark.parametrize("method", ["pgd-at", "trades", "distillation"])
def test_resumed_training_is_bit_for_bit_the_uninterrupted_one(method: str) -> None:
    whole, first, second = (trainer(method) for _ in range(3))
    rows = [whole.run_epoch() for _ in range(3)]
    first.run_epoch()
    torch.manual_seed(99)
    second.load_state(first.state())
    assert [second.run_epoch(), second.run_epoch()] == rows[1:]
    assert all(torch.equal(a, second.state()[name]) for name, a in whole.state().items())


def test_learning_rate_warms_up_and_falls() -> None:
    made = trainer("standard", epochs=20, images=64)
    rates = [made.run_epoch().learning_rate for _ in range(20)]
    assert rates[0] < rates[1] == max(rates)
    assert rates[-1] < 0.02 * max(rates)


@pytest.mark.parametrize(
    "wrong",
    [{"method": "free"}, {"epochs": 0}, {"batch_size": 0}, {"learning_rate": -1.0}, {"temperature": 0.0}],
)
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(OptionError):
        TrainingSettings(**wrong)


def test_adversarial_training_needs_an_attack() -> None:
    data = load_dataset("digits").split("train", 10)
    with pytest.raises(OptionError, match="needs an attack"):
        Trainer(build_network("digits"), *data, attack=None, settings=TrainingSettings())


def test_a_training_that_diverges_says_so() -> None:
    made = trainer("standard")
    made.network.network[-1].weight.data[:] = float("nan")
    with pytest.raises(OptionError, match=r"diverged in epoch 1 .*lower learning rate"):
        made.run_epoch()


def test_large_seeds_are_fine() -> None:
    settings = TrainingSettings(method="pgd-at", epochs=1, seed=2**62)
    data = load_dataset("digits").split("train", 16)
    network = DirectCoding(build_network("digits"), time_steps=1)
    Trainer(network, *data, attack=ATTACK, settings=settings).run_epoch()


def test_fused_neurons_train_to_the_same_weights() -> None:
    plain, fused = trainer("pgd-at"), trainer("pgd-at")
    inner = fused.network.network
    fuse_neurons(inner, trace_filters(inner).called_once)
    assert sum(isinstance(module, FusedNeuron) for module in inner.modules()) == 3
    assert plain.run_epoch() == fused.run_epoch()
    assert all(torch.equal(a, fused.state()[name]) for name, a in plain.state().items())


def test_distillation_learns_what_the_teacher_says_and_not_the_labels() -> None:
    _, labels = load_dataset("digits").split("train", 256)
    confused = (labels + 1) % 10
    made = trainer(
        "distillation", epochs=8, teacher_logits=8.0 * torch.nn.functional.one_hot(confused, 10).float()
    )
    made.run()
    with torch.no_grad():
        said = made.network(made.images).argmax(1)
    assert float((said == confused).float().mean()) > 0.6
    assert float((said == labels).float().mean()) < 0.2


def test_nothing_is_left_to_learn_from_a_teacher_that_says_the_same() -> None:
    """The divergence of equal distributions is 0, at every temperature."""
    constant = trainer("distillation", epochs=1, images=64, teacher_logits=torch.zeros(64, 10))
    for parameter in constant.network.network[-1].parameters():
        parameter.data.zero_()
    assert constant.run_epoch().loss == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("given", [None, torch.zeros(9, 10)])
def test_distillation_needs_a_teacher(given: torch.Tensor | None) -> None:
    data = load_dataset("digits").split("train", 10)
    with pytest.raises(OptionError, match="needs a teacher's logits for each of the images"):
        Trainer(
            build_network("digits"),
            *data,
            attack=ATTACK,
            settings=TrainingSettings(method="distillation"),
            teacher_logits=given,
        )
