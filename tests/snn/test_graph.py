"""Which filters can go, and which networks are refused."""

import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

from ccsrp.errors import GraphError
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.networks import build_network
from tests.snn.families import build


def multi_step(*modules: nn.Module) -> nn.Module:
    network = nn.Sequential(*modules)
    functional.set_step_mode(network, "m")
    return network


def head(channels: int) -> list[nn.Module]:
    return [layer.AdaptiveAvgPool2d(1), layer.Flatten(), layer.Linear(channels, 10)]


def test_every_convolution_of_a_stack_can_be_pruned() -> None:
    graph = trace_filters(build_network("digits"))
    assert graph.space.sizes == (16, 24, 40)
    assert graph.layers[0].norms == ("1",)
    assert graph.layers[0].neurons == ("2",)
    assert [c.name for c in graph.layers[0].consumers] == ["3"]
    assert graph.layers[2].consumers[0].repeat == 4
    assert graph.spike_driven == {"3", "7", "12"}


@pytest.mark.parametrize(
    ("family", "outside", "blocks", "inside"),
    [
        ("resnet18, CIFAR stem", (), 8, ("conv1",)),
        ("sew_resnet18, ADD", (), 8, ("conv1",)),
        ("sew_resnet18, IAND", (), 8, ("conv1",)),
        # The first bottleneck has a convolution in its shortcut, so the stem meets no addition.
        ("resnet50 (bottleneck)", ("conv1",), 16, ("conv1", "conv2")),
        ("sew_resnet50, ADD", ("conv1",), 16, ("conv1", "conv2")),
    ],
)
def test_residual_networks_offer_only_filters_that_meet_no_addition(
    family: str, outside: tuple[str, ...], blocks: int, inside: tuple[str, ...]
) -> None:
    network, _ = build(family)
    graph = trace_filters(network)
    names = graph.space.names
    assert names[: len(outside)] == outside
    assert len(names) == len(outside) + blocks * len(inside)
    assert all(name.startswith("layer") and name.endswith(inside) for name in names[len(outside) :])
    convolutions = {name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    assert {name for name, _ in graph.left_whole} == convolutions - set(names)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(
            [neuron.LIFNode(), layer.BatchNorm2d(4)], id="a batch norm after the spikes adds a bias"
        ),
        pytest.param([layer.BatchNorm2d(4)], id="no neuron before the next convolution"),
        pytest.param([neuron.LIFNode(), layer.Conv2d(4, 4, 3, groups=4), neuron.LIFNode()], id="depthwise"),
        pytest.param([neuron.LIFNode(), layer.GroupNorm(2, 4)], id="a layer that mixes channels"),
        pytest.param(
            [neuron.LIFNode(), nn.MaxPool3d((1, 1, 1))], id="torch's own pool sees time as channels"
        ),
        pytest.param([neuron.GatedLIFNode(T=2, inplane=4)], id="a neuron of another kind"),
    ],
)
def test_filters_whose_removal_would_not_be_exact_stay(between: list[nn.Module]) -> None:
    network = multi_step(
        layer.Conv2d(1, 4, 3),
        *between,
        layer.Conv2d(4, 6, 3),
        layer.BatchNorm2d(6),
        neuron.LIFNode(),
        *head(6),
    )
    names = trace_filters(network).space.names
    assert names == (str(1 + len(between)),)


def test_weights_used_twice_stay() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = layer.Conv2d(1, 4, 3, padding=1)
            self.again = layer.Conv2d(4, 4, 3, padding=1)
            self.fire = neuron.LIFNode()
            self.head = nn.Sequential(layer.Conv2d(4, 5, 3), neuron.LIFNode(), *head(5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.fire(self.again(self.fire(self.again(self.fire(self.first(x)))))))

    network = Twice()
    functional.set_step_mode(network, "m")
    graph = trace_filters(network)
    assert graph.space.names == ("head.0",)
    assert [name for name, _ in graph.left_whole] == ["first", "again"]


class Sharing(nn.Module):
    """One neuron, whose state would pass from layer to layer, or two layers of one weight."""

    def __init__(self, *, share_neuron: bool) -> None:
        super().__init__()
        self.first = layer.Conv2d(1, 4, 3, padding=1)
        self.second, self.third = layer.Conv2d(4, 4, 3, padding=1), layer.Conv2d(4, 4, 3, padding=1)
        self.fire = nn.ModuleList(neuron.LIFNode() for _ in range(3))
        if share_neuron:
            self.fire[1] = self.fire[0]
        else:
            self.third.weight = self.second.weight
        self.last = nn.Sequential(*head(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fire[1](self.second(self.fire[0](self.first(x))))
        return self.last(self.fire[2](self.third(x)))


@pytest.mark.parametrize(("share_neuron", "free"), [(True, ("third",)), (False, ())])
def test_what_layers_share_keeps_their_filters(share_neuron: bool, free: tuple[str, ...]) -> None:
    network = Sharing(share_neuron=share_neuron)
    functional.set_step_mode(network, "m")
    if free:
        graph = trace_filters(network)
        assert graph.space.names == free
        assert dict(graph.left_whole) == {
            "first": "LIFNode used more than once",
            "second": "LIFNode used more than once",
        }
    else:
        with pytest.raises(GraphError, match="tied to another layer"):
            trace_filters(network)


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = layer.Conv2d(1, 4, 3, step_mode="m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(x) if x.sum() > 0 else x


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (Branching(), "cannot be traced by torch.fx"),
        (multi_step(layer.Flatten(), layer.Linear(64, 10)), "no filter of Sequential can be removed"),
        (nn.Sequential(layer.Conv2d(1, 4, 3), neuron.LIFNode()), "single-step mode; call .*set_step_mode"),
    ],
)
def test_networks_that_cannot_be_pruned_are_refused_in_one_line(network: nn.Module, says: str) -> None:
    with pytest.raises(GraphError, match=says) as caught:
        trace_filters(network)
    assert "\n" not in str(caught.value)
