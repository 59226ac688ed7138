"""Exported networks from anyone: rebuilt, or refused in one line; nothing is executed on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spikingjelly.activation_based import layer, neuron
from torch import nn

from ccsrp.export.allowed import FUNCTIONS, KINDS, METHODS, SURROGATES
from ccsrp.export.description import About
from ccsrp.export.folder import DESCRIPTION, WEIGHTS, load_network, network_files
from ccsrp.snn.networks import DirectCoding
from tests.fuzz.helpers import VALUES, ends_well, spoilt, tries

NETWORK = nn.Sequential(
    layer.SeqToANNContainer(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)),
    neuron.ParametricLIFNode(step_mode="m"),
    layer.MaxPool2d(2),
    layer.Flatten(),
    layer.Linear(2 * 4, 3),
)
FILES = network_files(
    DirectCoding(NETWORK, time_steps=2).eval(), image_shape=(1, 6, 6), classes=3, about=About(mask="11")
)
WORDS = st.sampled_from(
    [
        "x0",
        "x1",
        "x2",
        "m",
        "s",
        "same",
        "circular",
        "0",
        "0.0",
        "1.surrogate_function",
        "__class__",
        "forward",
        *KINDS,
        *FUNCTIONS,
        *(f"Tensor.{name}" for name in METHODS),
        "Tensor.numpy",
        "torch.load",
        "nn.Module",
    ]
)
SURROGATE = st.fixed_dictionaries(
    {
        "surrogate": st.sampled_from([*SURROGATES, "Module"]),
        "options": st.dictionaries(WORDS, VALUES, max_size=2),
    }
)
MODULE = st.fixed_dictionaries(
    {"kind": st.sampled_from([*KINDS, "nn.Module", "os.system"])},
    optional={"options": st.dictionaries(WORDS, VALUES | SURROGATE, max_size=3)},
)
ANY = VALUES | WORDS | SURROGATE | MODULE | st.lists(VALUES | WORDS, max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


def read(folder: Path, description: bytes, weights: bytes) -> None:
    (folder / DESCRIPTION).write_bytes(description)
    (folder / WEIGHTS).write_bytes(weights)
    ends_well(lambda: load_network(folder))


@tries(40)
@given(content=spoilt(FILES[DESCRIPTION]))
def test_spoilt_descriptions(folder: Path, content: bytes) -> None:
    read(folder, content, FILES[WEIGHTS])


@tries(40)
@given(weights=spoilt(FILES[WEIGHTS]))
def test_spoilt_weights_that_the_description_vouches_for(folder: Path, weights: bytes) -> None:
    tables = json.loads(FILES[DESCRIPTION])
    tables["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    read(folder, json.dumps(tables).encode(), weights)


@tries(120)
@given(data=st.data())
def test_descriptions_that_say_something_else(folder: Path, data: st.DataObject) -> None:
    tables = json.loads(FILES[DESCRIPTION])
    for _ in range(data.draw(st.integers(1, 3))):
        inner, key = data.draw(st.sampled_from(list(places(tables))))
        change = data.draw(st.sampled_from(["set", "remove", "add"]))
        if change == "set":
            inner[key] = data.draw(ANY)
        elif change == "remove" and isinstance(inner, dict):
            del inner[key]
        elif isinstance(inner, dict):
            inner[data.draw(WORDS)] = data.draw(ANY)
        else:
            inner.append(data.draw(ANY))
    read(folder, json.dumps(tables).encode("utf-8", "surrogatepass"), FILES[WEIGHTS])


def places(tables: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(tables.items() if isinstance(tables, dict) else enumerate(tables)):
        yield tables, key
        if isinstance(value, dict | list):
            yield from places(value)
