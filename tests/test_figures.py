"""What pages quote of the studies is what committed results say: figures are not written by hand."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parent.parent / "docs" / "tools"
PAGE = """\
# Which is fast?

It takes 0.36 of the time, measured on
12 networks, and 0.5.

- In a list:

  | network | seconds |
  | --- | --- |
  | dense | 1 |

  Take the one that is quick.
"""


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TOOLS)
    return importlib.import_module("figures.claims")


def test_every_figure_of_a_page_is_that_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """If not: run docs/tools/benchmarks.py, and write the sentences anew that it names."""
    monkeypatch.syspath_prepend(TOOLS)
    pages, wrong = runpy.run_path(str(TOOLS / "benchmarks.py"))["pages"]()
    assert not wrong
    assert len(pages) > 10
    stale = [
        (str(page), line)
        for page, text in pages.items()
        for line in set(text.splitlines()) ^ set(page.read_text().splitlines())
    ]
    assert not stale


def test_a_figure_is_written_anew_and_nothing_else(claims: ModuleType) -> None:
    sentence = "takes {} of the time, measured on {} networks, and {}."
    claim = claims.Claim("page.md", sentence, ("0.41", "a dozen", "0.5"))
    text, wrong = claims.refreshed("page.md", PAGE, [claim])
    assert not wrong
    assert text == PAGE.replace("0.36", "0.41").replace("12", "a dozen")
    assert claims.refreshed("page.md", text, [claim]) == (text, [])
    assert claims.refreshed("other.md", PAGE, [claim]) == (PAGE, [])


def test_a_table_is_written_anew_where_it_stands(claims: ModuleType) -> None:
    rows = claims.Rows(
        "page.md", "In a list", ("network", "ms", ""), (("dense", "1", ""), ("small", "2", "x"))
    )
    text, wrong = claims.refreshed("page.md", PAGE, [rows])
    assert not wrong
    before, _, after = PAGE.partition("  | network | seconds |\n  | --- | --- |\n  | dense | 1 |\n")
    new = "  | network | ms | |\n  | --- | --- | --- |\n  | dense | 1 | |\n  | small | 2 | x |\n"
    assert text == before + new + after


def test_what_cannot_be_written_anew_is_named(claims: ModuleType) -> None:
    missing = claims.Claim("page.md", "takes {} of the space", ("1",))
    twice = claims.Claim("page.md", "the", holds=True)
    bold = claims.Claim("page.md", "Take the one that is quick.", holds=False)
    table = claims.Rows("page.md", "Take the one", ("",), ())
    text, wrong = claims.refreshed("page.md", PAGE, [missing, twice, bold, table])
    assert text == PAGE
    says = ("0 times", "2 times", "do not bear", "no table after")
    assert [part in one for part, one in zip(says, wrong, strict=True)] == [True] * 4
    with pytest.raises(ValueError, match="begin and end with text"):
        claims.Claim("page.md", "measured on {}", ("1",))
