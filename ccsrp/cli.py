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
from ccsrp.commands.mistakes import MISTAKES, asks_for_help, mistake
from ccsrp.commands.pick import pick
from ccsrp.commands.plot import plot
from ccsrp.commands.problems import problems
from ccsrp.commands.report import report
from ccsrp.commands.result import INTERRUPTED, Said
from ccsrp.commands.resume import resume
from ccsrp.commands.search import search
from ccsrp.commands.show import show
from ccsrp.commands.train import train
from ccsrp.errors import CcsrpError, printable

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
        status = app(prog_name="ccsrp", standalone_mode=False) or 0
    except MISTAKES as error:
        text = str(error) if asks_for_help(error) else f"ccsrp: {printable(mistake(error, sys.argv[1:]))}"
        print(text, file=sys.stderr)
        sys.exit(2)
    except CcsrpError as error:
        print(f"ccsrp: {error}", file=sys.stderr)
        sys.exit(2)
    except Said as end:
        print(f"ccsrp: {end.message}", file=sys.stderr)
        sys.exit(end.code)
    except MemoryError:
        print("ccsrp: memory ran out; ask for fewer images or smaller batches", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        print("ccsrp: interrupted; what had been written by then is whole", file=sys.stderr)
    sys.exit(status)
