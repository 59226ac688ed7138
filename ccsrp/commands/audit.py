"""``ccsrp audit``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ccsrp.commands import completion
from ccsrp.commands.options import OwnProblemOption, RunArgument
from ccsrp.errors import printable

__all__ = ["audit"]


def audit(
    folder: RunArgument,
    member: Annotated[
        int | None,
        typer.Option(
            help="The network of that number in front.csv. [default: all, one by one]",
            autocompletion=completion.members,
        ),
    ] = None,
    finetuned: Annotated[
        bool,
        typer.Option(
            "--finetuned", help="Networks as 'ccsrp finetune' left them, not as they were searched."
        ),
    ] = False,
    images: Annotated[
        int | None, typer.Option(help="Test images to attack. [default: those of front.csv]")
    ] = None,
    problem: OwnProblemOption = None,
) -> None:
    """Attack networks of a front by all that there is, and say how far the search flattered them.

    Takes minutes a network. An interrupted audit goes on where it stopped. The folder gets audit.csv (a row
    a network) and audit/member-ID.csv (a row an attack); of fine-tuned networks finetuned/audit.csv and
    finetuned/member-ID/audit.csv.
    """
    from ccsrp.report.terminal import audit_table, print_table
    from ccsrp.report.terminal import steps as progress_steps
    from ccsrp.runs.audit_rows import audit_row
    from ccsrp.runs.audited import RunToAudit
    from ccsrp.snn.kernels import told_of_compilation

    console = Console()
    run, rows = RunToAudit.of(folder, problem=problem, finetuned=finetuned), []
    kind = ", fine-tuned" if finetuned else ""
    with progress_steps(console) as shown, told_of_compilation(shown.line):
        for number in run.members(member):
            result = run.audit(
                number,
                images=images,
                on_note=lambda line: shown.line(escape(line)),
                on_attack=lambda done, total, outcome, number=number: shown.show(  # type: ignore[misc]
                    done, total, f"member {number}{kind}: {outcome.name}"
                ),
            )
            rows.append(audit_row(number, result))
            before = run.as_searched(number, images=len(result.right)) if finetuned else None
            shown.line(
                f"[dim]member {number}{kind}: robust accuracy {result.search_accuracy:.3f} by the search's "
                f"attack, {result.worst_case_accuracy:.3f} at worst"
                + (f"; before fine-tuning {before[0]:.3f} and {before[1]:.3f}" if before else "")
                + "[/dim]"
            )
            for verdict in result.verdicts:
                if verdict.suspicious:
                    shown.line(f"member {number}{kind}, {verdict.name}: {verdict.text}")
    title = f"{folder}: {len(rows)} {'fine-tuned and ' if finetuned else ''}audited"
    print_table(console, audit_table(rows, width=console.width), title=title)
    tables = folder / "finetuned" / "member-ID" / "audit.csv" if finetuned else folder / "audit"
    typer.echo(printable(f"  {run.table}  one row a network"))
    typer.echo(printable(f"  {tables}  one table a network, one row an attack"))
