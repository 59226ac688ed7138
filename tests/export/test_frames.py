"""Networks that see another frame at every step leave and come back as such."""

from __future__ import annotations

import json
import runpy
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

import ccsrp
from ccsrp.export.agreement import compare, logits_of
from ccsrp.export.folder import read_exported, save_network
from ccsrp.export.to_nir import nir_file, nir_graph, read_nir
from ccsrp.export.to_onnx import onnx_file, read_onnx
from ccsrp.snn.networks import FrameCoding, conv_stack
from tests.conftest import make_lively

FRAMES = torch.rand(5, 3, 2, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> FrameCoding:
    torch.manual_seed(3)
    stack = conv_stack(filters=(12, 16), pool_after=(0,), image_shape=(2, 8, 8), classes=10)
    layers = make_lively(stack, seed=3)
    return FrameCoding(layers, time_steps=3).eval()


@pytest.fixture(scope="module")
def folder(network: FrameCoding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("frames") / "network"
    save_network(network, made, image_shape=(2, 8, 8))
    return made


@torch.no_grad()
def test_it_is_rebuilt_to_the_last_bit_here_and_by_its_script(network: FrameCoding, folder: Path) -> None:
    logits = network(FRAMES)
    assert logits.std() > 0
    assert not torch.equal(logits, network(FRAMES.flip(1))), "the order of frames matters"
    assert torch.equal(ccsrp.load_network(folder)(FRAMES), logits)
    assert torch.equal(runpy.run_path(str(folder / "network.py"))["load"]()(FRAMES), logits)


def test_its_description_says_what_it_is_shown(folder: Path) -> None:
    said = json.loads((folder / "network.json").read_text())
    assert (said["coding"], said["time_steps"], said["image_shape"]) == ("frames", 3, [2, 8, 8])
    assert "[B, 3, 2, 8, 8]" in (folder / "network.py").read_text()


@torch.no_grad()
def test_nir_says_the_same(network: FrameCoding, folder: Path) -> None:
    pytest.importorskip("nirtorch")
    exported = read_exported(folder)
    graph = nir_graph(exported.network, exported.description)
    assert graph.metadata["coding"].startswith("a frame at each step")
    read = read_nir(nir_file(exported.network, exported.description), description=exported.description)
    torch.testing.assert_close(read(FRAMES), network(FRAMES), atol=1e-4, rtol=0)


def test_onnxruntime_says_the_same_of_any_number_of_recordings(network: FrameCoding, folder: Path) -> None:
    exported = read_exported(folder)
    read = read_onnx(onnx_file(exported.network, exported.description))
    many = torch.rand(150, 3, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    logits = logits_of(network, many)
    assert len(set(logits.argmax(1).tolist())) > 1, "there are classes to mix up"
    agreement = compare(logits, logits_of(read, many, batch_size=7))
    assert agreement.same_class == 1.0
    assert agreement.close >= 0.98
    assert not torch.equal(read(many), read(many.flip(1))), "the order of frames matters"


def test_an_onnx_file_says_what_it_is_shown(folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    exported = read_exported(folder)
    model = onnx.load_from_string(onnx_file(exported.network, exported.description))
    (shown,) = model.graph.input
    shape = [axis.dim_param or axis.dim_value for axis in shown.type.tensor_type.shape.dim]
    assert (shown.name, shape) == ("frames", ["batch", 3, 2, 8, 8])
    notes = {note.key: note.value for note in model.metadata_props}
    assert (notes["coding"], notes["time_steps"]) == ("frames", "3")


class ReadsFramesTwice(nn.Module):
    """Frames reach neurons as they are, and a sum further on once more; for frames of [1, 6, 6]."""

    def __init__(self, node: nn.Module) -> None:
        super().__init__()
        self.first, self.convolve, self.fire = neuron.IFNode(), layer.Conv2d(1, 1, 3, padding=1), node
        self.classify = nn.Sequential(layer.Flatten(), layer.Linear(36, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classify(self.fire(self.convolve(self.first(x)) + x) * 0.5)


@pytest.mark.parametrize("time_steps", [1, 4])
@pytest.mark.parametrize(
    "node",
    [
        neuron.IFNode(v_threshold=0.5, v_reset=None),
        neuron.LIFNode(tau=2.0),
        neuron.LIFNode(decay_input=False),
    ],
    ids=["IF, soft reset", "LIF", "LIF, input not decayed"],
)
@torch.no_grad()
def test_where_sums_are_exact_onnx_is_equal_to_the_last_bit(
    node: nn.Module, time_steps: int, tmp_path: Path
) -> None:
    """Weights and frames that are multiples of 1/8 leave nothing to round."""
    generator = torch.Generator().manual_seed(2)
    network = FrameCoding(ReadsFramesTwice(deepcopy(node)), time_steps=time_steps).eval()
    for parameter in network.parameters():
        parameter.copy_(torch.randint(-8, 9, parameter.shape, generator=generator) / 8)
    save_network(network, tmp_path / "it", image_shape=(1, 6, 6))
    exported = read_exported(tmp_path / "it")
    frames = torch.randint(0, 9, (40, time_steps, 1, 6, 6), generator=generator) / 8
    logits = network(frames)
    assert logits.std() > 0
    assert torch.equal(read_onnx(onnx_file(exported.network, exported.description))(frames), logits)
