"""``ccsrp plot``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccsrp.errors import OptionError, printable

if TYPE_CHECKING:
    from ccsrp.report.figures.style import Format

__all__ = ["plot"]


class FigureChoice(StrEnum):
    """What is drawn."""

    front = "front"
    projections = "projections"
    parallel = "parallel"
    filters = "filters"
    hypervolume = "hypervolume"
    rounds = "rounds"
    audit = "audit"
    attacks = "attacks"


class FormatChoice(StrEnum):
    """What kind of file."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'ccsrp search' wrote.")],
    figure: Annotated[FigureChoice, typer.Option(help="What to draw.")],
    format: Annotated[
        FormatChoice | None, typer.Option(help="Kind of file. [default: as --out ends, else pdf]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file. [default: DIR/FIGURE.FORMAT]")] = None,
) -> None:
    """Draw one figure for a paper: column widths, 8 points, colours that all can tell apart.

    The same run gives the same bytes.
    """
    kind = _kind(format, out)
    from ccsrp.files import write_atomically
    from ccsrp.report.figures.catalogue import figure_file
    from ccsrp.runs.reading import read_run

    record = read_run(folder)
    file = out or folder / f"{figure.value}.{kind}"
    write_atomically(file, figure_file(record, figure.value, kind))
    typer.echo(printable(f"  {file}"))
    if record.unfinished:
        typer.echo(printable(f"{folder}: {record.unfinished}"))


def _kind(format: FormatChoice | None, out: Path | None) -> Format:
    if format is not None:
        return format.value
    try:
        return "pdf" if out is None else FormatChoice(out.suffix.lower().removeprefix(".")).value
    except ValueError:
        raise OptionError(
            f"{str(out)!r} does not say what kind of file it is; let it end in .png, .svg or .pdf, or name a "
            f"--format"
        ) from None
