"""The folder of an exported network: written whole, read with care."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save

from ccsrp.errors import ExportError, WeightsError, one_line, printable
from ccsrp.export.build import RebuiltNetwork, build_network
from ccsrp.export.describe import describe
from ccsrp.export.description import LARGEST, About, Description, describe_json, parse_description
from ccsrp.export.script import script
from ccsrp.files import inside, read_regular, write_atomically, write_failed
from ccsrp.snn.networks import DirectCoding, FrameCoding
from ccsrp.snn.weights import SLACK, put_weights

__all__ = [
    "DESCRIPTION",
    "SCRIPT",
    "WEIGHTS",
    "Exported",
    "assemble",
    "holds",
    "load_network",
    "network_files",
    "read_exported",
    "save_network",
    "write_folder",
]

DESCRIPTION, WEIGHTS, SCRIPT = "network.json", "weights.safetensors", "network.py"
# Bytes of weights at most: a thousand million parameters.
MOST_BYTES = 1 << 32


@dataclass(frozen=True)
class Exported:
    """A network rebuilt from its files, with its description.

    Attributes
    ----------
    network : DirectCoding
        From images, float32 [B, C, H, W] in [0, 1], or frames, [B, T, C, H, W], to logits [B, classes]; in
        eval mode.
    description : Description
    """

    network: DirectCoding
    description: Description


def network_files(
    network: DirectCoding, *, image_shape: tuple[int, int, int], classes: int, about: About
) -> dict[str, bytes]:
    """Return the files that rebuild a network: ``network.json``, ``weights.safetensors``, ``network.py``.

    Raises
    ------
    ExportError, GraphError
        See ``describe``.
    """
    draft = describe(network, image_shape=image_shape, classes=classes, weights_sha256="0" * 64, about=about)
    state = network.network.state_dict()
    with torch.device("meta"):
        names = list(build_network(draft).state_dict())
    if missing := [name for name in names if name not in state]:
        raise ExportError(f"{missing[0]!r} of the network is not among its weights, and cannot be described")
    # Copies: two names of one tensor become two tensors, which is what the rebuilt network has.
    weights = save({name: state[name].detach().cpu().clone().contiguous() for name in names})
    description = draft.model_copy(update={"weights_sha256": hashlib.sha256(weights).hexdigest()})
    return {
        WEIGHTS: weights,
        SCRIPT: script(description).encode(),
        DESCRIPTION: describe_json(description).encode(),
    }


def load_network(folder: str | Path) -> DirectCoding:
    """Rebuild an exported network; its logits equal those of the network exported to the last bit.

    Nothing in the folder is executed: ``network.json`` only names classes and functions that this package
    allows, and ``network.py`` is not looked at.

    Parameters
    ----------
    folder : path
        What ``ccsrp export`` wrote.

    Returns
    -------
    DirectCoding
        From images, float32 [B, C, H, W] in [0, 1], or frames, [B, T, C, H, W], to logits [B, classes]; in
        eval mode, on the CPU.

    Raises
    ------
    ExportError, WeightsError
        A file is missing, damaged, too large, or names what is not allowed.

    Examples
    --------
    >>> network = load_network("run/exported/member-3")  # doctest: +SKIP
    >>> network(images).argmax(1)  # doctest: +SKIP
    """
    return read_exported(folder).network


def read_exported(folder: str | Path) -> Exported:
    """Read a folder, as ``load_network`` does, with its description."""
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise ExportError(f"{folder} is not a folder; give one that 'ccsrp export' wrote")
    content = _read(folder / DESCRIPTION, LARGEST)
    description = parse_description(content, name=str(folder / DESCRIPTION))
    network, size = _without_weights(description)
    weights = _read(folder / WEIGHTS, min(MOST_BYTES, size + SLACK))
    return _filled(description, network, size, weights, folder / WEIGHTS)


def assemble(files: Mapping[str, bytes], folder: Path) -> Exported:
    """Rebuild a network from the content of its files; ``folder`` is named in errors."""
    description = parse_description(files[DESCRIPTION], name=str(folder / DESCRIPTION))
    return _filled(description, *_without_weights(description), files[WEIGHTS], folder / WEIGHTS)


def _without_weights(description: Description) -> tuple[RebuiltNetwork, int]:
    """Build a network without memory for its weights, and say how many bytes they will have."""
    with torch.device("meta"):  # nothing is asked for on the word of a description
        network = build_network(description)
    return network, sum(tensor.nbytes for tensor in network.state_dict().values())


def _filled(
    description: Description, network: RebuiltNetwork, size: int, content: bytes, weights: Path
) -> Exported:
    if hashlib.sha256(content).hexdigest() != description.weights_sha256:
        raise WeightsError(
            f"{weights} are not the weights that {DESCRIPTION} speaks of; export the network again"
        )
    if size > len(content):
        raise WeightsError(
            f"{weights} are of another network: {DESCRIPTION} describes {size:,} bytes of weights"
        )
    coding = FrameCoding if description.coding == "frames" else DirectCoding
    network.to_empty(device="cpu")
    put_weights(network, content, weights)
    try:
        whole = coding(network, time_steps=description.time_steps).eval()
    except Exception as error:  # of modules whose options do not fit each other
        raise ExportError(f"{DESCRIPTION} beside {weights} makes no network ({one_line(error)})") from None
    return Exported(whole, description)


def save_network(
    network: DirectCoding,
    folder: str | Path,
    *,
    image_shape: tuple[int, int, int],
    title: str = "network",
    mask: str = "",
) -> None:
    """Write the files that rebuild a network, such as ``problem.network(mask)``, without a model card.

    Parameters
    ----------
    network : DirectCoding
        On the CPU, in eval mode.
    folder : path
        New, empty, or holding the same network.
    image_shape : (C, H, W)
        Of an image, or of one frame.
    title, mask : str
        What ``network.json`` says of it.

    Raises
    ------
    ExportError, GraphError, RunError
        It cannot be described, or the folder cannot be written or holds something else.
    """
    with torch.no_grad():
        classes = network(torch.zeros(1, *network.sample_shape(image_shape))).shape[1]
    about = About(title=printable(title), mask=mask)
    files = network_files(network, image_shape=image_shape, classes=classes, about=about)
    write_folder(Path(folder), files)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write an export, whole or not at all; files are added to a folder that holds the same network.

    Raises
    ------
    ExportError
        The folder holds something else.
    RunError
        It cannot be written, or is a link.
    """
    if holds(folder, files):
        for name, content in files.items():
            inside(folder, name)
            write_atomically(folder / name, content)
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise write_failed(folder, error, then="repeat the command") from None
    try:
        for name, content in files.items():
            write_atomically(draft / name, content)
        draft.chmod(0o755)
        draft.rename(folder)  # an empty folder there is replaced
    except OSError as error:
        raise write_failed(folder, error, then="repeat the command") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether a folder already holds the network of ``files``, to which more can be added.

    Raises
    ------
    ExportError
        It holds something else.
    RunError
        It is a link.
    """
    mine = parse_description(files[DESCRIPTION], name=DESCRIPTION)
    try:
        inside(folder.parent, folder.name)
    except OSError as error:  # no name of a file
        raise write_failed(folder, error, then="repeat the command") from None
    try:
        if not os.path.lexists(folder) or not any(folder.iterdir()):
            return False
        there = parse_description(_read(folder / DESCRIPTION, LARGEST), name=DESCRIPTION)
    except (OSError, ExportError):
        there = None
    if there is None or _computes(there) != _computes(mine):
        raise ExportError(
            f"{folder} holds something else than this network; name another folder with --out or remove it"
        )
    return True


def _computes(description: Description) -> Description:
    return description.model_copy(update={"about": About()})


def _read(file: Path, at_most: int) -> bytes:
    try:
        return read_regular(file, at_most=at_most)
    except OSError as error:
        raise ExportError(
            f"cannot read {file} ({one_line(error) if error.strerror is None else error.strerror}); "
            f"give a folder that 'ccsrp export' wrote"
        ) from None
