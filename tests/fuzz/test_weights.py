"""Weights from anyone: taken if they fit, or refused in one line; the network is then as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from ccsrp.errors import WeightsError
from ccsrp.snn.networks import build_network
from ccsrp.snn.weights import load_weights, stored_mask
from problems import DigitsPruning
from tests.fuzz.helpers import TEXTS, ends_well, spoilt, tries

NETWORK = build_network("digits")
VALID = save({name: tensor.contiguous() for name, tensor in NETWORK.state_dict().items()}, {"mask": "1"})
BEFORE = {name: tensor.clone() for name, tensor in NETWORK.state_dict().items()}
LENGTH = int.from_bytes(VALID[:8], "little")
HEADER, DATA = json.loads(VALID[8 : 8 + LENGTH]), VALID[8 + LENGTH :]
SIZES = st.one_of(st.sampled_from([-1, 0, 1, 10**12, 2**63, 2**64, 10**30]), st.integers(0, 2000))
KINDS = (
    "F64",
    "F16",
    "BF16",
    "F8_E4M3",
    "F8_E5M2",
    "F8_E8M0",
    "F4",
    "I64",
    "U64",
    "BOOL",
    "C64",
    "X",
    1,
    None,
)


def loaded(file: Path, content: bytes) -> None:
    """Load weights as a search would; on an error the network must not have changed."""
    file.write_bytes(content)
    network = build_network("digits")
    network.load_state_dict(BEFORE)
    ends_well(lambda: stored_mask(file))
    try:
        load_weights(network, file)
    except WeightsError as error:
        message = str(error)
    else:
        return
    assert message.isprintable()
    assert all(torch.equal(BEFORE[name], tensor) for name, tensor in network.state_dict().items())


@tries(60)
@given(content=st.one_of(spoilt(VALID), spoilt(VALID[: 8 + LENGTH]), st.binary(max_size=200)))
def test_spoilt_weights_are_taken_or_refused(tmp_path: Path, content: bytes) -> None:
    loaded(tmp_path / "w.safetensors", content)


@tries(100)
@given(data=st.data())
def test_wrong_headers_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    header: dict[str, Any] = json.loads(json.dumps(HEADER))
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from(sorted(HEADER)))
        what = data.draw(st.sampled_from(["dtype", "shape", "data_offsets", "name", "all", "kinds"]))
        if what == "name":
            header[data.draw(TEXTS)] = header.pop(name, {})
        elif what == "all":
            header[name] = data.draw(st.one_of(SIZES, TEXTS, st.none()))
        elif what == "kinds":  # the same bytes under another kind
            header[name] = {"dtype": data.draw(st.sampled_from(KINDS)), "shape": [0], "data_offsets": [0, 0]}
        elif isinstance(header.get(name), dict):
            values = st.sampled_from(KINDS) if what == "dtype" else st.lists(SIZES, max_size=5)
            header[name][what] = data.draw(values)
    text = json.dumps(header).encode()
    loaded(tmp_path / "w.safetensors", len(text).to_bytes(8, "little") + text + DATA)


@tries(60)
@pytest.mark.filterwarnings("ignore:.*experimental")
@given(
    name=st.sampled_from(sorted(BEFORE)),
    kind=st.sampled_from([t for t in vars(torch).values() if isinstance(t, torch.dtype)]),
)
def test_numbers_of_any_kind_are_taken_or_refused(tmp_path: Path, name: str, kind: torch.dtype) -> None:
    try:
        other = {name: torch.zeros(BEFORE[name].shape).to(kind)}
        content = save({key: tensor.contiguous() for key, tensor in (BEFORE | other).items()})
    except (RuntimeError, KeyError, TypeError, NotImplementedError, ValueError):
        return  # not a kind that can be saved
    loaded(tmp_path / "w.safetensors", content)


@tries(6)
@given(
    name=st.sampled_from([name for name, tensor in BEFORE.items() if tensor.is_floating_point()]),
    value=st.sampled_from([3e38, -3e38, 1e15, -1e15, 1e-45, 0.0, -1e-3]),
)
def test_finite_weights_of_any_size_are_judged_or_refused(tmp_path: Path, name: str, value: float) -> None:
    changed = BEFORE | {name: torch.full_like(BEFORE[name], value)}
    (tmp_path / "w.safetensors").write_bytes(save(changed))

    def judged() -> None:
        problem = DigitsPruning(
            weights=tmp_path / "w.safetensors", steps=1, calibrate=False, validation_images=4, test_images=4
        )
        assert np.isfinite(problem.evaluate(problem.space.full()[None])).all()

    ends_well(judged)
