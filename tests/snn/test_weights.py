"""Weights on disk are checked before they reach a network."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ccsrp.errors import WeightsError
from ccsrp.snn.networks import build_network
from ccsrp.snn.weights import load_weights, save_weights, sha256


def test_round_trip(tmp_path: Path) -> None:
    saved, loaded = build_network("digits", seed=1), build_network("digits", seed=2)
    save_weights(saved, tmp_path / "w.safetensors")
    load_weights(loaded, tmp_path / "w.safetensors", expected_sha256=sha256(tmp_path / "w.safetensors"))
    assert all(torch.equal(a, loaded.state_dict()[name]) for name, a in saved.state_dict().items())


def poisoned(path: Path) -> None:
    network = build_network("digits")
    network[3].weight.data[0, 0] = float("nan")
    save_weights(network, path)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda path: None, "cannot read weights", id="missing"),
        pytest.param(
            lambda path: path.write_bytes(b"\x80\x04pickle"), "not a whole safetensors", id="not safetensors"
        ),
        pytest.param(
            lambda path: save_weights(build_network("fashion"), path), "another network", id="other network"
        ),
        pytest.param(lambda path: save_file({"a": torch.ones(1)}, path), "another network", id="other names"),
        pytest.param(poisoned, "not finite in '3.weight'", id="nan"),
    ],
)
def test_wrong_weights_are_refused_and_the_network_kept(tmp_path: Path, make, says: str) -> None:
    path = tmp_path / "w.safetensors"
    make(path)
    network = build_network("digits", seed=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(WeightsError, match=says) as caught:
        load_weights(network, path)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_another_hash_is_refused(tmp_path: Path) -> None:
    save_weights(build_network("digits"), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="SHA-256"):
        load_weights(build_network("digits"), tmp_path / "w.safetensors", expected_sha256="0" * 64)
