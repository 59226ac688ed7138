"""Weights on disk: safetensors, checked before they reach a network."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import nn

from ccsrp.errors import WeightsError, one_line
from ccsrp.files import read_regular, write_atomically

__all__ = [
    "load_weights",
    "put_weights",
    "read_tensors",
    "save_weights",
    "sha256",
    "stored_mask",
    "weights_sha256",
]

# Bytes that a file may have beyond the network's own: names, shapes and metadata.
SLACK = 16_000_000
# Larger values overflow when batch norms are folded into convolutions.
LARGEST = 1e15


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def weights_sha256(network: nn.Module) -> str:
    """Return a hash of a network's parameters and buffers, by name, wherever they came from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_weights(network: nn.Module, path: Path, *, metadata: dict[str, str] | None = None) -> None:
    """Write parameters and buffers of ``network`` to a safetensors file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(path, save(tensors, metadata=metadata))


def load_weights(network: nn.Module, path: Path, *, expected_sha256: str | None = None) -> None:
    """Read weights into ``network``.

    Raises
    ------
    WeightsError
        Missing or damaged file, another SHA-256, names or shapes of another network, or values that are
        not finite. The network is then unchanged.
    """
    try:
        content = read_regular(
            path, at_most=SLACK + sum(tensor.nbytes for tensor in network.state_dict().values())
        )
    except OSError as error:
        raise WeightsError(f"cannot read weights {path} ({error.strerror})") from None
    if expected_sha256 is not None and hashlib.sha256(content).hexdigest() != expected_sha256:
        raise WeightsError(
            f"weights {path} are damaged: their SHA-256 is not {expected_sha256[:12]}...; reinstall"
        )
    put_weights(network, content, path)


def put_weights(network: nn.Module, content: bytes, path: Path) -> None:
    """Put the content of a safetensors file into ``network``; ``path`` is named in errors.

    Raises
    ------
    WeightsError
        See ``load_weights``. The network is then unchanged.
    """
    wanted = network.state_dict()
    tensors = read_tensors(content, path)
    if tensors.keys() != wanted.keys():
        odd = sorted(tensors.keys() ^ wanted.keys())
        raise WeightsError(
            f"weights {path} are of another network: {len(odd)} names differ, first {odd[0]!r}"
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise WeightsError(
                f"weights {path} are of another network: {name!r} has shape {list(tensor.shape)}, "
                f"expected {list(wanted[name].shape)}"
            )
        if tensor.dtype != wanted[name].dtype:
            raise WeightsError(
                f"weights {path} are of another network: {name!r} is {tensor.dtype}, expected "
                f"{wanted[name].dtype}"
            )
        if tensor.is_floating_point() and not bool((tensor.abs() <= LARGEST).all()):
            raise WeightsError(
                f"weights {path} hold values that are not finite in {name!r}, or above {LARGEST:g}"
            )
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise WeightsError(f"weights {path} hold a variance below 0 in {name!r}; train them anew")
    network.load_state_dict(tensors)


def read_tensors(content: bytes, path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file; ``path`` is named in errors.

    Raises
    ------
    WeightsError
        It is none, or holds numbers of a kind that torch does not have.
    """
    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OverflowError) as error:
        raise WeightsError(f"weights {path} are not a whole safetensors file ({one_line(error)})") from None


def stored_mask(path: Path) -> str:
    """Return the mask that ``save_weights`` wrote beside weights as metadata; nothing if there is none.

    Raises
    ------
    WeightsError
        It cannot be read.
    """
    try:
        if not path.is_file():
            raise WeightsError(f"cannot read weights {path} (there is no such file)")
        with safe_open(path, framework="numpy") as stored:
            return str((stored.metadata() or {}).get("mask", ""))
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read weights {path} ({one_line(error)})") from None
