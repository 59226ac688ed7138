"""Figures for papers: every one can be drawn, in every format, and always with the same bytes."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import matplotlib.image
import pandas as pd
import pytest

from ccsrp.errors import OptionError
from ccsrp.report.figures.catalogue import FIGURES, figure_file
from tests.report.records import made_up

RECORD = made_up(evil=True)
BEGINS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_the_same_every_time(name: str) -> None:
    first = figure_file(RECORD, name, "svg")
    assert first == figure_file(RECORD, name, "svg")
    assert first.startswith(BEGINS["svg"])
    assert b"<text" in first  # text stays text
    assert not re.search(rb"20\d\d-\d\d-\d\d", first)  # no dates


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_other_formats_are_the_same_every_time_too(format) -> None:
    first = figure_file(RECORD, "filters", format)
    assert first == figure_file(RECORD, "filters", format)
    assert first.startswith(BEGINS[format])


def test_a_column_is_as_wide_as_a_journals_and_sharp_enough_for_print() -> None:
    pixels = matplotlib.image.imread(io.BytesIO(figure_file(RECORD, "rounds", "png")))
    assert pixels.shape[1] == pytest.approx(8.5 / 2.54 * 300, abs=2)


@pytest.mark.parametrize(
    ("name", "missing", "says"),
    [
        ("rounds", {"rounds": pd.DataFrame()}, "no finished rounds; search with --rounds"),
        ("audit", {"audit": pd.DataFrame()}, "'ccsrp audit runs/made-up --member 0' audits one"),
        ("attacks", {"attacks": {}}, "'ccsrp audit runs/made-up --member 0' audits a member"),
        ("filters", {"layers": None}, "does not say what layers"),
        ("hypervolume", {"history": pd.DataFrame()}, "'ccsrp resume runs/made-up' writes it anew"),
        ("front", {"history": pd.DataFrame()}, "'ccsrp resume runs/made-up' writes it anew"),
        ("nonsense", {}, "figures are front, projections"),
    ],
)
def test_what_a_run_has_not_is_said_with_how_to_get_it(name: str, missing: dict, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        figure_file(replace(RECORD, **missing), name, "pdf")
