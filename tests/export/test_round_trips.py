"""A network that is written and read back is the same network, whatever it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import ccsrp
from ccsrp.errors import ExportError
from ccsrp.export.allowed import KINDS, SURROGATES
from ccsrp.export.describe import describe
from ccsrp.export.folder import save_network
from ccsrp.snn.networks import DirectCoding
from problems import DigitsPruning
from tests.conftest import make_lively
from tests.export.networks import Residual, logits, pruned, small
from tests.snn.families import FAMILIES


@pytest.mark.parametrize("family", [name for name in FAMILIES if "50" not in name and "ADD" not in name])
def test_a_pruned_network_of_any_family_is_rebuilt_to_the_last_bit(family: str, tmp_path: Path) -> None:
    network, image_shape = pruned(family)
    save_network(network, tmp_path / "it", image_shape=image_shape)
    loaded = ccsrp.load_network(tmp_path / "it")
    assert torch.equal(logits(loaded, image_shape), logits(network, image_shape))
    assert loaded.network.state_dict().keys() == network.network.state_dict().keys()


def checked(network: DirectCoding, folder: Path) -> None:
    save_network(network, folder, image_shape=(1, 6, 6))
    loaded = ccsrp.load_network(folder)
    assert torch.equal(logits(loaded, (1, 6, 6)), logits(network, (1, 6, 6)))
    # The attacker sees the surrogates, so the gradients must be the same too.
    gradients = []
    for each in (network, loaded):
        images = torch.full((1, 1, 6, 6), 0.6, requires_grad=True)
        each(images).square().sum().backward()
        gradients.append(images.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("kind", [name for name in KINDS if name.startswith("neuron.")])
def test_neurons_keep_their_options_and_what_they_have_learned(kind: str, tmp_path: Path) -> None:
    node = KINDS[kind][0](v_threshold=0.7, v_reset=-0.1, detach_reset=True)
    with torch.no_grad():
        for parameter in node.parameters():
            parameter.add_(0.3)
    checked(small(node), tmp_path)


@pytest.mark.parametrize("kind", SURROGATES)
def test_surrogates_keep_their_options(kind: str, tmp_path: Path) -> None:
    checked(small(neuron.LIFNode(tau=1.7, surrogate_function=SURROGATES[kind][0]())), tmp_path)


def test_what_was_read_can_be_searched_again(digits: DigitsPruning, tmp_path: Path) -> None:
    mask = np.arange(digits.space.n_var) % 3 > 0
    save_network(digits.network(mask), tmp_path, image_shape=(1, 8, 8))
    loaded = ccsrp.load_network(tmp_path)
    judged = digits.judge_network(loaded, "validation")
    assert [1 - judged.accuracy, 1 - judged.robust_accuracy] == pytest.approx(
        digits.evaluate(mask[None])[0, :2]
    )
    assert digits.rebased(loaded).space.n_var == mask.sum()


def test_network_py_needs_nothing_of_this_package(tmp_path: Path) -> None:
    residual = DirectCoding(make_lively(Residual()), time_steps=3).eval()
    networks = {"one": pruned("containers"), "two": (residual, (1, 8, 8))}
    for name, (network, image_shape) in networks.items():
        save_network(network, tmp_path / name, image_shape=image_shape)
    shapes = {name: image_shape for name, (_, image_shape) in networks.items()}
    code = (
        "import sys, runpy, torch\n"
        "sys.modules['ccsrp'] = sys.modules['problems'] = None  # importing them fails from here on\n"
        f"for name, shape in {shapes}.items():\n"
        "    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(3))\n"
        "    network = runpy.run_path(name + '/network.py')['load']()\n"
        "    with torch.no_grad(): torch.save(network(images), name + '.pt')\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    for name, (network, image_shape) in networks.items():
        assert torch.equal(torch.load(tmp_path / f"{name}.pt"), logits(network, image_shape))


class OwnNeuron(neuron.LIFNode):
    pass


class OwnForward(nn.Module):
    def __init__(self, last: str) -> None:
        super().__init__()
        self.body = small(neuron.LIFNode()).network
        self.scale = nn.Parameter(torch.ones(3))
        self.last = last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        return torch.softmax(x, -1) if self.last == "softmax" else x * self.scale


def hooked() -> nn.Module:
    network = small(neuron.LIFNode()).network
    network[2].register_forward_hook(lambda *_: None)
    return network


@pytest.mark.parametrize(
    ("build_it", "says"),
    [
        (lambda: small(OwnNeuron()).network, "module '2' is a tests.export.test_round_trips.OwnNeuron"),
        (lambda: OwnForward("softmax"), "calls 'softmax'"),
        (lambda: OwnForward("scale"), "reads 'scale' itself"),
        (hooked, "module '2' has hooks"),
        (lambda: small(neuron.LIFNode()).network.double(), "is torch.float64; call network.float() first"),
        (lambda: small(neuron.LIFNode(v_threshold=float("inf"))).network, "option that is inf"),
    ],
)
def test_what_cannot_be_described_is_named(build_it, says: str, tmp_path: Path) -> None:
    network = DirectCoding(build_it(), time_steps=2).eval()
    with pytest.raises(ExportError) as error:
        describe(network, image_shape=(1, 6, 6), classes=3, weights_sha256="0" * 64)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_export_is_added_to_but_never_replaced(tmp_path: Path) -> None:
    first, second = small(neuron.LIFNode()), small(neuron.IFNode())
    folder = tmp_path / "it"
    save_network(first, folder, image_shape=(1, 6, 6))
    (folder / "notes.txt").write_text("mine")
    save_network(first, folder, image_shape=(1, 6, 6), title="the same again")
    assert (folder / "notes.txt").read_text() == "mine"
    before = (folder / "network.json").read_text()
    with pytest.raises(ExportError, match="holds something else than this network"):
        save_network(second, folder, image_shape=(1, 6, 6))
    assert (folder / "network.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ccsrp.export.folder as folder

    def full(path: Path, content: bytes) -> None:
        if path.name == "network.json":
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(folder, "write_atomically", full)
    with pytest.raises(ccsrp.CcsrpError, match="the disk is full"):
        save_network(small(neuron.LIFNode()), tmp_path / "it", image_shape=(1, 6, 6))
    assert not list(tmp_path.iterdir())
