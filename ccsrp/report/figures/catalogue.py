"""Every figure by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ccsrp.errors import OptionError
from ccsrp.importing import member_line, resume_line
from ccsrp.report.attacks import attacks_info
from ccsrp.report.audits import audit_info
from ccsrp.report.courses import hypervolume_course
from ccsrp.report.figures.attacks import attacks_figure
from ccsrp.report.figures.audit import audit_figure
from ccsrp.report.figures.filters import filters_figure
from ccsrp.report.figures.hypervolume import hypervolume_figure
from ccsrp.report.figures.parallel import parallel_figure
from ccsrp.report.figures.projections import projections_figure
from ccsrp.report.figures.rounds import rounds_figure
from ccsrp.report.figures.style import DPI, Format, figure_bytes, styled
from ccsrp.report.front import front_figure, front_info
from ccsrp.report.layers import layers_info
from ccsrp.report.record import RunRecord
from ccsrp.report.stages import rounds_info

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURES", "figure_file"]

Info = TypeVar("Info")
# Of the front.png of searches (ccsrp.runs.views).
FRONT_DPI = 200


def _of(
    collect: Callable[[RunRecord], Info | None], draw: Callable[[Info], Figure], otherwise: str
) -> Callable[[RunRecord], Figure]:
    """Return what draws a run, or says that the run has nothing to draw and how to come by it."""

    def drawn(record: RunRecord) -> Figure:
        info = collect(record)
        if info is None:
            raise OptionError(otherwise.format(**_words(record)))
        return draw(info)

    return drawn


def _words(record: RunRecord) -> dict[str, str]:
    """Return what may be said to a user of a run that lacks something."""
    member = record.front["member"].iloc[0]
    audit = member_line("audit", record.folder, member, record.problem)
    return {"folder": record.folder, "resume": resume_line(record.folder, record.problem), "audit": audit}


FIGURES: dict[str, Callable[[RunRecord], Figure]] = {
    "front": _of(
        lambda record: None if record.history.empty else front_info(record.front, record.history),
        front_figure,
        "{folder} has no history.csv; '{resume}' writes it anew",
    ),
    "projections": projections_figure,
    "parallel": parallel_figure,
    "filters": _of(
        layers_info,
        filters_figure,
        "{folder} does not say what layers its masks are of (neither config.toml nor run.sqlite does)",
    ),
    "hypervolume": _of(
        hypervolume_course,
        hypervolume_figure,
        "{folder} has no history.csv; '{resume}' writes it anew",
    ),
    "rounds": _of(rounds_info, rounds_figure, "{folder} has no finished rounds; search with --rounds"),
    "audit": _of(
        audit_info,
        audit_figure,
        "{folder} has no audited members; '{audit}' audits one, which takes minutes; without --member it "
        "audits all",
    ),
    "attacks": _of(
        attacks_info,
        attacks_figure,
        "{folder} has no tables of attacks in audit/; '{audit}' audits a member, which takes minutes",
    ),
}


def figure_file(record: RunRecord, name: str, format: Format) -> bytes:
    """Draw a figure of a run into a file.

    Parameters
    ----------
    record : RunRecord
    name : str
        One of ``FIGURES``. The front is drawn as searches draw it, to the last byte.
    format : {"png", "svg", "pdf"}

    Raises
    ------
    OptionError
        There is no figure of that name, or the run has nothing that it could show.
    """
    if name not in FIGURES:
        raise OptionError(f"there is no figure {name!r}; figures are {', '.join(FIGURES)}")
    front = name == "front"
    with styled(look=not front):
        return figure_bytes(FIGURES[name](record), format, dpi=FRONT_DPI if front else DPI)
