"""A folder may come from anyone: whatever it holds, reading it ends with a network or with one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from spikingjelly.activation_based import layer, neuron
from torch import nn

import ccsrp
from ccsrp.errors import CcsrpError, WeightsError
from ccsrp.export.folder import save_network
from ccsrp.snn.networks import DirectCoding


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "it"
    network = nn.Sequential(
        layer.SeqToANNContainer(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)),
        neuron.ParametricLIFNode(step_mode="m"),
        layer.Flatten(),
        layer.Linear(2 * 16, 3),
    )
    save_network(DirectCoding(network, time_steps=2).eval(), folder, image_shape=(1, 6, 6))
    return folder


def with_description(good: Path, folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "weights.safetensors").write_bytes((good / "weights.safetensors").read_bytes())
    (folder / "network.json").write_text(text)
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(CcsrpError) as error:
        ccsrp.load_network(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def changed(good: Path, folder: Path, *path: Any, to: Any) -> Path:
    tables = json.loads((good / "network.json").read_text())
    inner = tables
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return with_description(good, folder, json.dumps(tables))


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (("version",), 2, "is of version 2"),
        (("format",), "something", "wrong at format"),
        (("modules", "1", "kind"), "os.system", "wrong at modules.1.kind"),
        (("modules", "1", "kind"), "nn.Module", "'nn.Module', which is not allowed"),
        (("modules", "1", "kind"), "layer.PrintShapeModule", "which is not allowed"),
        (("modules", "3", "options", "device"), "cuda", "unknown option 'device'"),
        (("modules", "3", "options", "in_features"), 1 << 40, "wrong at modules.3.options.in_features"),
        (("modules", "3", "options", "in_features"), 1 << 20, "describes 12,5"),
        (("modules", "3", "options", "in_features"), "__class__", "does not fit"),
        (("modules", "1", "options", "init_tau"), 0.5, "does not fit"),
        (
            ("modules", "1", "options", "surrogate_function"),
            {"surrogate": "Module", "options": {}},
            "unknown surr",
        ),
        (("modules", "0", "children", "0", "options", "groups"), 0, "does not fit"),
        (("steps", 0, "module"), "0.forward", "which it does not describe"),
        (("steps", 0, "input"), "x7", "reads x7, which no step before it makes"),
        (("steps", 1, "output"), "x1", "makes x1 a second time"),
        (("output",), "x9", "no step makes the output"),
        (
            ("steps", 0),
            {"output": "x1", "function": "torch.load", "arguments": ["x0"]},
            "not among the functions",
        ),
        (
            ("steps", 0),
            {"output": "x1", "function": "Tensor.numpy", "arguments": ["x0"]},
            "not among the functions",
        ),
        (("steps", 0), {"output": "x1", "function": "os.remove", "arguments": ["x0"]}, "wrong at steps.0"),
        (("time_steps",), 10**9, "wrong at time_steps"),
        (("weights_sha256",), "0" * 64, "not the weights that network.json speaks of"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(
    path: tuple[Any, ...], to: Any, says: str, good: Path, tmp_path: Path
) -> None:
    assert says in refused(changed(good, tmp_path / "it", *path, to=to))


@pytest.mark.parametrize("name", ["forward", "_steps", "training", "_modules", "a.forward"])
def test_names_that_torch_keeps_for_itself_are_refused(name: str, good: Path, tmp_path: Path) -> None:
    tables = json.loads((good / "network.json").read_text())
    tables["modules"][name] = {"kind": "nn.Identity"}
    assert "impossible name" in refused(with_description(good, tmp_path / "it", json.dumps(tables)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is damaged"),
        ("[]", "wrong at the top"),
        ("[" * 100_000, "is damaged"),
        ('{"version": NaN}', "wrong at version"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "is damaged"),
    ],
)
def test_what_is_no_description_is_refused(text: str, says: str, good: Path, tmp_path: Path) -> None:
    assert says in refused(with_description(good, tmp_path / "it", text))


def test_containers_in_containers_end_somewhere(good: Path, tmp_path: Path) -> None:
    module: dict[str, Any] = {"kind": "nn.Identity"}
    for _ in range(60):
        module = {"kind": "nn.Sequential", "children": {"0": module}}
    assert "is wrong" in refused(changed(good, tmp_path / "it", "modules", "9", to=module))


def test_files_that_are_missing_or_no_files_are_refused(good: Path, tmp_path: Path) -> None:
    assert "is not a folder" in refused(tmp_path / "none")
    assert "cannot read" in refused(tmp_path)
    text = (good / "network.json").read_text()
    folder = with_description(good, tmp_path / "it", text)
    os.remove(folder / "weights.safetensors")
    os.mkfifo(folder / "weights.safetensors")
    assert "not a regular file" in refused(folder)


def test_network_py_is_never_run(good: Path, tmp_path: Path) -> None:
    folder = with_description(good, tmp_path / "it", (good / "network.json").read_text())
    (folder / "network.py").write_text("raise SystemExit('run')")
    assert ccsrp.load_network(folder).time_steps == 2


def test_weights_with_a_flipped_bit_are_refused(good: Path, tmp_path: Path) -> None:
    folder = with_description(good, tmp_path / "it", (good / "network.json").read_text())
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="are not the weights"):
        ccsrp.load_network(folder)


def test_a_title_cannot_break_out_of_the_script(tmp_path: Path) -> None:
    network = DirectCoding(nn.Sequential(layer.Flatten(), layer.Linear(4, 2)), time_steps=1).eval()
    save_network(network, tmp_path, image_shape=(1, 2, 2), title='"""\nimport os; os.abort()\n"""{x}\\')
    compiled = compile((tmp_path / "network.py").read_text(), "network.py", "exec")
    assert "abort" not in compiled.co_names
