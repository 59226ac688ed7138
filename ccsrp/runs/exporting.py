"""A member of a front taken home: exported, read back, measured again, described."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch

from ccsrp.errors import ExportError, OptionError, printable
from ccsrp.export.agreement import Agreement, compare, logits_of
from ccsrp.export.card import FILES
from ccsrp.export.description import About
from ccsrp.export.folder import Exported, assemble, holds, network_files, write_folder
from ccsrp.export.latency import Timing, measure, this_machine
from ccsrp.export.to_nir import needs_nir, nir_file, read_nir
from ccsrp.export.to_onnx import needs_onnx, onnx_file, read_onnx
from ccsrp.files import inside
from ccsrp.runs.card import Measured, member_card
from ccsrp.runs.card_facts import said_of, versions
from ccsrp.runs.finetuned import load_finetuned
from ccsrp.runs.member import Run
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.tuning import own_copy
from ccsrp.snn.weights import weights_sha256

__all__ = ["CARD", "ExportedMember", "Format", "export_member"]

Format = Literal["safetensors", "nir", "onnx"]
CARD, LATENCY = "MODEL_CARD.md", "latency.csv"
# What the formats beside the exact one need to be installed.
_NEEDS: dict[str, Callable[[], object]] = {"nir": needs_nir, "onnx": needs_onnx}
# A translation that says another class more often than this does not compute the network.
LEAST_SAME = 0.98


@dataclass(frozen=True)
class ExportedMember:
    """What was written, and what was seen of it.

    Attributes
    ----------
    folder : Path
    files : tuple of str
    figures : tuple of Measured
    checks : tuple of str
    timings : tuple of Timing
    """

    folder: Path
    files: tuple[str, ...]
    figures: tuple[Measured, ...]
    checks: tuple[str, ...]
    timings: tuple[Timing, ...] = ()


def export_member(
    run: Run,
    member: int,
    *,
    formats: Collection[Format] = (),
    out: Path | None = None,
    finetuned: bool = False,
    latency: bool = False,
    on_note: Callable[[str], None] = lambda _: None,
) -> ExportedMember:
    """Write a member's network to a folder, in the form that rebuilds it exactly and in others.

    Everything is checked on the test images before anything is written: the rebuilt network's logits equal
    those of the network to the last bit, its accuracies are measured again, and another format's logits are
    compared with them.

    Parameters
    ----------
    run : Run
    member : int
    formats : collection of {"safetensors", "nir", "onnx"}
    out : Path, optional
        By default ``exported/member-ID`` of the run, ``member-ID-finetuned`` for a fine-tuned one.
    finetuned : bool
        Take the weights that ``ccsrp finetune`` trained.
    latency : bool
        Measure how long the network and the dense one take on this machine.
    on_note : callable, optional
        Told what is done next.

    Raises
    ------
    RunError, MaskError, WeightsError
        No such member, or what is written of it is damaged; no fine-tuning of it.
    ExportError
        The network cannot be said in the format, or the folder holds something else.
    OptionError
        The format needs packages that are not installed.
    """
    for name, needs in _NEEDS.items():
        if name in formats:
            needs()
    name = f"member-{member}" + ("-finetuned" if finetuned else "")
    folder = inside(run.folder, "exported", name) if out is None else out
    problem, mask = run.member(member)
    pruned = problem.network(mask)
    device = next(pruned.parameters()).device
    network = _network(run, member, pruned, finetuned=finetuned)
    images, _ = problem.images("test")
    about = _about(run, member, finetuned=finetuned)
    files = _files(network, images, about)
    translated, checks = _formats(folder, files, formats)

    on_note(f"rebuilding the network from its files, on {len(images)} test images")
    exported, logits = assemble(files, folder), logits_of(network, images)
    if not (agreement := compare(logits, logits_of(exported.network, images))).identical:
        raise ExportError(f"the rebuilt network differs ({agreement.describe()}); this is a defect of ccsrp")
    checks.insert(0, f"rebuilt from its files: {agreement.describe()}")
    for name in translated:
        on_note(f"translating it to {name}")
        files[f"network.{name}"], agreement = _translated(exported, name, images, logits)
        checks.append(f"{name}: {agreement.describe()}")
    on_note("measuring the rebuilt network")
    rebuilt = own_copy(exported.network).to(device)
    figures = _figures(said_of(run, member, finetuned=finetuned), problem.judge_network(rebuilt, "test"))
    timings: tuple[Timing, ...] = ()
    if latency:
        on_note("measuring latency")
        base = run.problem.base_network()
        timings = _timings(_files(own_copy(base).cpu().eval(), images, about), files, images)
        files[LATENCY] = _timings_csv(timings)
    names = tuple(sorted({*files, CARD, *(file for file in FILES if os.path.isfile(folder / file))}))
    card = member_card(
        run,
        member,
        exported,
        finetuned=weights_sha256(network.network) if finetuned else None,
        costs=(problem.network_costs(rebuilt), run.problem.dense_costs()),
        figures=figures,
        checks=tuple(checks),
        timings=timings,
        files=names,
    )
    write_folder(folder, files | {CARD: card.encode()})
    return ExportedMember(folder, names, figures, tuple(checks), timings)


def _about(run: Run, member: int, *, finetuned: bool) -> About:
    tuned = ", fine-tuned" if finetuned else ""
    title = f"Member {member} of a front of {run.config.problem}{tuned}"
    return About(title=printable(title), mask=run.whole_mask(member), versions=versions())


def _files(network: DirectCoding, images: torch.Tensor, about: About) -> dict[str, bytes]:
    channels, height, width = images.shape[-3:]
    classes = logits_of(network, images[:1]).shape[1]
    return network_files(network, image_shape=(channels, height, width), classes=classes, about=about)


def _formats(
    folder: Path, files: dict[str, bytes], formats: Collection[Format]
) -> tuple[list[str], list[str]]:
    """List the formats to write, with those that the folder has already, and what cannot be checked again."""
    there = [name for name in _NEEDS if os.path.isfile(folder / f"network.{name}")]
    if not holds(folder, files):
        there = []
    wanted: list[str] = []
    unchecked: list[str] = []
    for name, needs in _NEEDS.items():
        if name in formats:
            wanted.append(name)
        elif name in there:
            try:
                needs()
                wanted.append(name)
            except OptionError:
                unchecked.append(f"{name}: written by an earlier export, and not checked again")
    return wanted, unchecked


def _network(run: Run, member: int, pruned: DirectCoding, *, finetuned: bool) -> DirectCoding:
    """Return a member's network on the CPU, with the weights that are asked for."""
    network = own_copy(pruned).cpu().eval()
    if finetuned:
        load_finetuned(run, member, network)
    return network


def _translated(
    exported: Exported, format: str, images: torch.Tensor, logits: torch.Tensor
) -> tuple[bytes, Agreement]:
    network, description = exported.network, exported.description
    if format == "nir":
        content = nir_file(network, description)
        read = read_nir(content, description=description)
    else:
        content = onnx_file(network, description)
        read = read_onnx(content)
    agreement = compare(logits, logits_of(read, images))
    if agreement.same_class < LEAST_SAME:
        raise ExportError(
            f"the network is another one in {format} ({agreement.describe()}); nothing was written"
        )
    return content, agreement


def _figures(said: dict[str, Any], judged: Any) -> tuple[Measured, ...]:
    return tuple(
        Measured(name, float(said.get(f"test_{name}", math.nan)), getattr(judged, name))
        for name in ("accuracy", "robust_accuracy")
    )


def _timings(dense: dict[str, bytes], own: dict[str, bytes], images: torch.Tensor) -> tuple[Timing, ...]:
    """Measure both networks as rebuilt, and by onnxruntime if that is what was exported."""
    networks: dict[tuple[str, str], Any] = {}
    rebuilt = {"dense": assemble(dense, Path("dense")), "exported": assemble(own, Path("exported"))}
    for name, exported in rebuilt.items():
        networks[name, "SpikingJelly"] = exported.network
    if "network.onnx" in own:
        for name, exported in rebuilt.items():
            content = onnx_file(exported.network, exported.description)
            networks[name, "onnxruntime"] = read_onnx(content, threads=torch.get_num_threads())
    return tuple(measure(networks, images))


def _timings_csv(timings: tuple[Timing, ...]) -> bytes:
    rows = [asdict(timing) | {"machine": this_machine().describe().replace(",", ";")} for timing in timings]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n").encode()
