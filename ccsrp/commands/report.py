"""``ccsrp report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ccsrp.errors import OptionError, printable

__all__ = ["report"]


def report(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders that 'ccsrp search' wrote.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The HTML file. [default: DIR/report.html; of several runs ./report.html]"),
    ] = None,
) -> None:
    """Write a report that any browser opens: the front, the search and its settings, in one file.

    It needs no network and no server. Of several folders it compares the runs.
    """
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"a report is an HTML file; let --out end in .html, got {str(out)!r}")
    from ccsrp.files import write_atomically
    from ccsrp.report.html.render import render
    from ccsrp.report.page import page_data, page_lead, page_title
    from ccsrp.runs.reading import read_runs

    records = read_runs(folders)
    file = out or (folders[0] / "report.html" if len(folders) == 1 else Path("report.html"))
    page = render(page_data(records), title=page_title(records), lead=page_lead(records))
    write_atomically(file, page)
    networks = sum(len(record.front) for record in records)
    typer.echo(printable(f"  {file}  {networks} networks; open it in a browser"))
    for record in records:
        if record.unfinished:
            typer.echo(printable(f"{record.folder}: {record.unfinished}"))
