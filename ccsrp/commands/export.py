"""``ccsrp export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ccsrp.commands import completion
from ccsrp.commands.options import OwnProblemOption, RunArgument
from ccsrp.errors import printable

__all__ = ["export"]


class FormatChoice(StrEnum):
    """What is written beside the files that rebuild the network exactly."""

    safetensors = "safetensors"
    nir = "nir"
    onnx = "onnx"


def export(
    folder: RunArgument,
    member: Annotated[
        int,
        typer.Option(help="Member of its front: see 'ccsrp show DIR'.", autocompletion=completion.members),
    ],
    format: Annotated[
        list[FormatChoice],
        typer.Option(help="safetensors is always written; nir and onnx come on top of it; repeatable."),
    ] = [FormatChoice.safetensors],  # noqa: B006 - Typer copies it
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="[default: DIR/exported/member-ID, or member-ID-finetuned]"),
    ] = None,
    finetuned: Annotated[
        bool, typer.Option("--finetuned", help="Take the weights of 'ccsrp finetune'.")
    ] = False,
    latency: Annotated[
        bool, typer.Option("--latency", help="Measure the network and the dense one on this machine.")
    ] = False,
    problem: OwnProblemOption = None,
) -> None:
    """Write one network of a front to a folder that needs this package no more, and check what was written.

    weights.safetensors and network.json rebuild it exactly (ccsrp.load_network), network.py does so with
    torch and SpikingJelly alone, MODEL_CARD.md says what it is. The rebuilt network is measured again.
    """
    from ccsrp.export.latency import this_machine
    from ccsrp.report.terminal import steps
    from ccsrp.runs.exporting import export_member
    from ccsrp.runs.member import open_run
    from ccsrp.snn.kernels import told_of_compilation

    run = open_run(folder, problem=problem)
    console = Console()
    with steps(console) as shown, told_of_compilation(shown.line):
        done = export_member(
            run,
            member,
            formats=[one.value for one in format],
            out=out,
            finetuned=finetuned,
            latency=latency,
            on_note=shown.line,
        )
    source = "figures.csv" if finetuned else "front.csv"
    for line in done.checks:
        typer.echo(printable(line))
    for figure in done.figures:
        name = figure.name.replace("_", " ")
        text = f"test {name}: {figure.measured:.4f} of the files, {figure.said:.4f} in {source}"
        typer.echo(text if figure.same else f"{text}; they DIFFER, and the card says so")
    for timing in done.timings:
        typer.echo(
            f"{timing.network}, {timing.runtime}, batch {timing.batch}: {timing.median_ms:.2f} ms "
            f"({timing.lower_ms:.2f} to {timing.upper_ms:.2f}, least {timing.least_ms:.2f}) on this machine"
        )
    if done.timings:
        typer.echo(printable(f"this machine: {this_machine().describe()}"))
    for name in done.files:
        typer.echo(printable(f"  {done.folder / name}"))
