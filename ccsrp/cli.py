"""The command line: every command, and how it ends."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from ccsrp import __version__
from ccsrp.commands.audit import audit
from ccsrp.commands.compare import compare
from ccsrp.commands.export import export
from ccsrp.commands.finetune import finetune
from ccsrp.commands.pick import pick
from ccsrp.commands.plot import plot
from ccsrp.commands.problems import problems
from ccsrp.commands.report import report
from ccsrp.commands.result import INTERRUPTED, Said
from ccsrp.commands.resume import resume
from ccsrp.commands.search import search
from ccsrp.commands.show import show
from ccsrp.commands.train import train
from ccsrp.errors import CcsrpError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Prune spiking neural networks by cooperative coevolution: accurate, robust, small.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (
    problems,
    search,
    resume,
    show,
    report,
    plot,
    pick,
    finetune,
    audit,
    export,
    compare,
    train,
):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ccsrp {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; wrong input ends it with one line and status 2."""
    try:
        app()
    except CcsrpError as error:
        print(f"ccsrp: {error}", file=sys.stderr)
        sys.exit(2)
    except Said as end:
        print(f"ccsrp: {end.message}", file=sys.stderr)
        sys.exit(end.code)
    except MemoryError:
        print("ccsrp: memory ran out; ask for fewer images or smaller batches", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        status: int | str | None = INTERRUPTED
    except SystemExit as end:  # Typer ends so, after an interrupt too
        status = end.code
    else:
        status = 0
    if status == INTERRUPTED:
        print("ccsrp: interrupted; what had been written by then is whole", file=sys.stderr)
    sys.exit(status)
