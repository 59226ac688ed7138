"""Runs in a process of its own: inputs of absurd size, with little memory to spare.

Prints a line for each case: its name, and how it ended.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

import ccsrp
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import CcsrpError
from ccsrp.methods.interface import FineTuning
from ccsrp.runs.audit import AuditStore
from ccsrp.runs.config import read_config
from ccsrp.runs.folder import read_front
from ccsrp.runs.snapshots import _decoded
from ccsrp.runs.store import STORE, RunStore
from ccsrp.snn.networks import build_network
from ccsrp.snn.weights import load_weights, stored_mask
from problems import load_problem
from tests.fuzz.test_audits import header, npy, packed

# Bytes beyond what is in use once everything is imported.
SPARE = 700_000_000
HUGE = 10**12


def hole(file: Path, size: int = HUGE) -> Path:
    """Make a file with holes: large by its size, small on the disk."""
    with file.open("wb") as opened:
        opened.truncate(size)
    return file


def claiming(file: Path) -> Path:
    """Write a safetensors file whose header claims a trillion numbers."""
    text = b'{"0.weight":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"data")
    return file


def cases(folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what is tried, by name."""
    network, flags = build_network("digits"), folder / "flags.npz"
    trillion = header("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1000000000000), }\n")
    flags.write_bytes(packed(key=npy(np.array("k")), attacks=npy(np.array(["PGD: "])), flags=trillion))
    for name in ("config.toml", "front.csv", STORE):
        hole(folder / name)
    long = folder / "header.safetensors"
    long.write_bytes((2**63).to_bytes(8, "little") + save({"a": torch.ones(1)}))

    def noted() -> None:
        store = AuditStore(flags, "k")
        if store.note:
            raise CcsrpError(store.note)

    def searched(**settings: Any) -> None:
        ccsrp.search(load_problem("digits-14"), **settings)

    return {
        "config of a terabyte": lambda: read_config(folder),
        "front of a terabyte": lambda: read_front(folder),
        "store of a terabyte": lambda: RunStore(folder, read_only=True),
        "weights of a terabyte": lambda: load_weights(network, hole(folder / "w.safetensors")),
        "weights that claim a terabyte": lambda: load_weights(network, claiming(folder / "c.safetensors")),
        "mask of weights that claim a terabyte": lambda: stored_mask(folder / "c.safetensors"),
        "header that claims exabytes": lambda: load_weights(network, long),
        "flags that claim a terabyte": noted,
        "filters": lambda: load_problem("pathways", n_var=HUGE),
        "layers": lambda: load_problem("pathways", n_var=3 * HUGE, n_layers=HUGE),
        "subpopulation": lambda: searched(budget=10**9, subpopulation_size=HUGE),
        "candidates": lambda: searched(candidates=HUGE),
        "batch": lambda: searched(batch=HUGE),
        "batch times candidates": lambda: searched(batch=10_000, candidates=100_000),
        "budget": lambda: SearchSettings(budget=10**18),
        "batch of a training": lambda: FineTuning(batch_size=HUGE),
        "mask": lambda: load_problem("digits-14").space.from_string("1" * 100_000_000),
        "state of a search": lambda: refused(lambda: _decoded("int64", f"[{HUGE}]", b"12345678")),
        "state of bits": lambda: refused(lambda: _decoded("bool", f"[{HUGE}]", b"1")),
    }


def refused(call: Callable[[], Any]) -> None:
    """Stand for the store, which makes an error of ours of this one."""
    try:
        call()
    except ValueError as error:
        raise CcsrpError(str(error)) from None


def main() -> None:
    """Try all of them."""
    load_problem("digits-14")
    with tempfile.TemporaryDirectory() as name:
        tried = cases(Path(name))
        gc.collect()
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + SPARE, used + SPARE))
        for what, call in tried.items():
            try:
                call()
                print(f"{what}: taken")
            except CcsrpError as error:
                print(f"{what}: {'refused' if str(error).isprintable() else 'garbled'}")
            except BaseException as error:
                print(f"{what}: {type(error).__name__}")


if __name__ == "__main__":
    sys.exit(main())
