"""Compiled networks against SpikingJelly's layers: logits, spikes by way of them, input gradients."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from ccsrp.attack.surrogate import describe_surrogate
from ccsrp.snn.compiled.compiler import Compiler
from ccsrp.snn.compiled.lower import UnsupportedError
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import conv_stack
from tests.conftest import make_lively
from tests.snn.compiled.oracle import NOTHING, Answers
from tests.snn.families import FAMILIES, build

REFUSED = ("stepwise containers", "temporal batch norm")


def sequential(*layers: nn.Module) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = nn.Sequential(*layers)
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    functional.set_step_mode(network, "m")
    return make_lively(network)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in REFUSED])
def test_every_family_under_random_masks(family: str) -> None:
    network, image_shape = build(family)
    graph = trace_filters(network)
    rng = np.random.default_rng(5)
    for mask in graph.space.random(2, keep=[1.0, 0.6], rng=rng):
        for attack_surrogate in ("training", "ATan(alpha=6.0)"):
            Answers(network, image_shape, mask=mask, graph=graph, surrogate=attack_surrogate).check(flips=1)


@pytest.mark.parametrize("family", REFUSED)
def test_what_cannot_be_compiled_is_said(family: str) -> None:
    network, image_shape = build(family)
    with pytest.raises(UnsupportedError):
        Compiler(network, trace_filters(network), image_shape=image_shape, time_steps=2)


NEURONS = {
    "LIF": lambda **options: neuron.LIFNode(tau=1.7, **options),
    "LIF, input not decayed": lambda **options: neuron.LIFNode(tau=2.5, decay_input=False, **options),
    "IF": neuron.IFNode,
    "PLIF": lambda **options: neuron.ParametricLIFNode(init_tau=1.6, **options),
}
SURROGATES = (
    surrogate.ATan(alpha=3.0),
    surrogate.Sigmoid(alpha=2.0),
    surrogate.PiecewiseQuadratic(alpha=0.8),
    surrogate.PiecewiseExp(alpha=1.7),
    surrogate.Rect(alpha=0.5),
    surrogate.DeterministicPass(),
)
TEXTS = (*map(describe_surrogate, SURROGATES), "rate")


@pytest.mark.parametrize(
    ("kind", "reset", "detach", "function"),
    [
        *itertools.product(NEURONS, (0.0, -0.2, None), (True, False), SURROGATES[:2]),
        *itertools.product(("LIF",), (-0.2, None), (False,), SURROGATES[2:]),
    ],
    ids=str,
)
def test_every_neuron(kind: str, reset: float | None, detach: bool, function: nn.Module) -> None:
    def fire() -> nn.Module:
        options = {"v_threshold": 0.3, "v_reset": reset, "detach_reset": detach}
        return NEURONS[kind](surrogate_function=function, **options)

    network = sequential(
        layer.Conv2d(2, 20, 3), fire(), layer.Conv2d(20, 7, 3), fire(), layer.Flatten(), layer.Linear(28, 5)
    )
    Answers(network, (2, 6, 6), time_steps=5).check()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("family", ["conv stack", "bias, average pool, IF and PLIF"])
def test_every_surrogate_of_an_attacker(family: str, text: str) -> None:
    network, image_shape = build(family)
    Answers(network, image_shape, surrogate=text, loss="margin").check(flips=1)


@pytest.mark.parametrize("kind", NEURONS)
@pytest.mark.parametrize("reset", [0.0, -0.2, None])
@pytest.mark.parametrize("function", SURROGATES, ids=str)
def test_rate_gradients_of_every_neuron(kind: str, reset: float | None, function: nn.Module) -> None:
    def fire() -> nn.Module:
        return NEURONS[kind](surrogate_function=function, v_threshold=0.3, v_reset=reset)

    network = sequential(
        layer.Conv2d(2, 20, 3), fire(), layer.Conv2d(20, 7, 3), fire(), layer.Flatten(), layer.Linear(28, 5)
    )
    Answers(network, (2, 6, 6), surrogate="rate").check()


@pytest.mark.parametrize("text", ["Erf(alpha=2.0)", "Rect(alpha=0)", "ATan(alpha=2.0, spiking=0)"])
def test_surrogates_that_the_machine_has_no_derivative_of_are_refused(text: str) -> None:
    network, image_shape = build("conv stack")
    answers = Answers(network, image_shape)
    with pytest.raises(UnsupportedError):
        answers.compiled.loss_gradient(
            answers.images, torch.zeros(len(answers.images), dtype=torch.int64), loss="margin", surrogate=text
        )


@pytest.mark.parametrize("time_steps", [1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("filters", [(3, 17), (15, 47), (70, 33), (90, 100)])
def test_time_steps_and_widths(time_steps: int, filters: tuple[int, int]) -> None:
    network = conv_stack(filters=filters, pool_after=(0,), image_shape=(1, 6, 6), classes=4)
    Answers(make_lively(network), (1, 6, 6), time_steps=time_steps).check()


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 3),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    channels=st.sampled_from([1, 3, 4, 5, 18]),
)
def test_convolutions_of_any_shape(
    kernel: tuple[int, int],
    stride: int,
    padding: tuple[int, int],
    size: tuple[int, int],
    channels: int,
) -> None:
    second = layer.Conv2d(6, 9, kernel, stride=stride, padding=padding)
    first = layer.Conv2d(channels, 6, kernel, padding=tuple(k // 2 for k in kernel))
    network = sequential(
        first, neuron.LIFNode(v_threshold=0.1), second, layer.AdaptiveAvgPool2d(1), layer.Flatten()
    )
    Answers(network, (channels, *size), images=2).check()


POOLS = st.one_of(
    st.builds(
        layer.MaxPool2d,
        st.sampled_from([2, 3, (2, 3)]),
        stride=st.sampled_from([None, 1, 2]),
        padding=st.sampled_from([0, 1]),
        ceil_mode=st.booleans(),
    ),
    st.builds(
        layer.AvgPool2d,
        st.sampled_from([2, 3, (3, 2)]),
        stride=st.sampled_from([None, 1, 2]),
        padding=st.sampled_from([0, 1]),
        ceil_mode=st.booleans(),
        count_include_pad=st.booleans(),
    ),
    st.builds(layer.AdaptiveAvgPool2d, st.sampled_from([1, 2, (3, 2), (None, 4)])),
)


@settings(max_examples=60, deadline=None)
@given(pool=POOLS, size=st.tuples(st.integers(5, 9), st.integers(5, 9)))
def test_pools_of_any_shape(pool: nn.Module, size: tuple[int, int]) -> None:
    functional.set_step_mode(pool, "m")
    places = pool(torch.zeros(1, 1, 6, *size)).shape[3:].numel()
    network = sequential(
        layer.Conv2d(1, 6, 3, padding=1),
        neuron.LIFNode(v_threshold=0.05),
        pool,
        layer.Flatten(),
        layer.Linear(6 * places, 3),
    )
    Answers(network, (1, *size), images=2).check()


@pytest.mark.parametrize("between", [[], [layer.BatchNorm2d(6)]], ids=["LIF", "batch norm"])
def test_what_follows_a_max_pool_does_not_overwrite_what_its_gradient_needs(between: list[nn.Module]) -> None:
    network = sequential(
        layer.Conv2d(1, 6, 3, padding=1),
        layer.MaxPool2d(2),
        *between,
        neuron.LIFNode(v_threshold=0.1),
        layer.Conv2d(6, 8, 3, padding=1),
        layer.MaxPool2d(2),
        neuron.LIFNode(v_threshold=0.1),
        layer.Flatten(),
        layer.Linear(8 * 4, 3),
    )
    for time_steps in (1, 4):
        Answers(network, (1, 8, 8), time_steps=time_steps).check()


class Arithmetic(nn.Module):
    """Sums, products and numbers, of values that change over time and values that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layer.Conv2d(1, 6, 3, padding=1), layer.Conv2d(1, 6, 3, padding=1)
        self.norm, self.last = layer.BatchNorm2d(6), layer.BatchNorm2d(6)
        self.fire, self.again = neuron.LIFNode(v_threshold=0.2), neuron.LIFNode(v_threshold=0.2)
        self.head = layer.Linear(6 * 25, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        still = self.one(x)
        moving = self.fire(self.norm(still) + 0.5)
        joined = still + moving * (1.0 - moving * 0.25) + moving * moving
        joined = joined + joined
        fired = self.again(self.last(joined - 0.1) + self.two(x))
        return self.head(torch.flatten(2 * fired, 2))


def test_sums_products_and_numbers() -> None:
    network = sequential(Arithmetic())[0]
    Answers(network, (1, 5, 5)).check()


class Forked(nn.Module):
    """Spikes that a convolution reads, and a pool whose output is added to what it makes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layer.Conv2d(1, 6, 3, padding=1), layer.Conv2d(6, 6, 2, stride=2)
        self.fire, self.again = neuron.LIFNode(v_threshold=0.2), neuron.LIFNode(v_threshold=0.2)
        self.pool, self.head = layer.MaxPool2d(2), layer.Linear(6 * 9, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spikes = self.fire(self.one(x))
        return self.head(torch.flatten(self.again(self.two(spikes) + self.pool(spikes)), 2))


def test_spikes_that_are_read_in_two_ways() -> None:
    network = sequential(Forked())[0]
    Answers(network, (1, 6, 6)).check()


@pytest.mark.parametrize("loss", ["cross_entropy", "margin"])
def test_both_losses(loss: str) -> None:
    network, image_shape = build("conv stack")
    Answers(network, image_shape, loss=loss).check()


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.fire = layer.Conv2d(1, 1, 3, padding=1), neuron.LIFNode()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.flatten(self.fire(self.convolution(self.fire(self.convolution(x)))), 2)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Shared(), "from call to call"),
        (nn.Sequential(layer.Conv2d(2, 4, 3, groups=2), neuron.LIFNode()), "groups"),
        (nn.Sequential(layer.Conv2d(2, 4, 3), neuron.QIFNode()), "QIFNode"),
        (nn.Sequential(layer.Conv2d(2, 4, 3), neuron.LIFNode()), "places"),
        (nn.Sequential(neuron.LIFNode(surrogate_function=surrogate.Erf())), "Erf is none of"),
        (nn.Sequential(neuron.LIFNode(surrogate_function=surrogate.Rect(alpha=-1.0))), "has alpha -1"),
        (nn.Sequential(neuron.LIFNode(surrogate_function=surrogate.ATan(spiking=False))), "no spikes"),
        (nn.Sequential(neuron.LIFNode(store_v_seq=True)), "keeps its potentials"),
        (nn.Sequential(layer.Conv2d(2, 4, 3)).double(), "float32"),
    ],
)
def test_refusals_say_why(network: nn.Module, reason: str) -> None:
    functional.set_step_mode(network, "m")
    with pytest.raises(UnsupportedError, match=reason):
        Compiler(network, NOTHING, image_shape=(2, 5, 5), time_steps=2)


def test_an_image_is_judged_by_itself_bit_for_bit() -> None:
    network, image_shape = build("conv stack")
    answers = Answers(network, image_shape, images=9)
    order = torch.tensor([4, 2, 8, 0])
    assert torch.equal(answers.compiled(answers.images[order]), answers.found_logits[order])
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        assert torch.equal(answers.compiled(answers.images), answers.found_logits)
    finally:
        numba.set_num_threads(before)


def test_no_images_give_no_logits() -> None:
    network, image_shape = build("conv stack")
    assert Answers(network, image_shape).compiled(torch.empty(0, *image_shape)).shape == (0, 10)
