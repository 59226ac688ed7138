"""Networks that see another frame at every step leave and come back as such."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import torch

import ccsrp
from ccsrp.errors import ExportError
from ccsrp.export.folder import read_exported, save_network
from ccsrp.export.to_nir import nir_file, read_nir
from ccsrp.export.to_onnx import onnx_file
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
def test_nir_says_the_same_and_onnx_is_refused(network: FrameCoding, folder: Path) -> None:
    exported = read_exported(folder)
    with pytest.raises(ExportError, match="networks of frames"):
        onnx_file(exported.network, exported.description)
    read = read_nir(nir_file(exported.network, exported.description), description=exported.description)
    torch.testing.assert_close(read(FRAMES), network(FRAMES), atol=1e-4, rtol=0)
