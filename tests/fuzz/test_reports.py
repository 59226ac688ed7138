"""Reports of run folders whose files are anyone's: a page, or one line that says what is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.report.html.render import as_json
from ccsrp.report.page import page_data, page_lead, page_title
from ccsrp.runs.reading import read_run
from tests.fuzz.helpers import NUMBERS, TEXTS, ends_well, spoilt, tries

TABLES = {
    "front.csv": "",
    "history.csv": "",
    "config.toml": "",
    "rounds.csv": (
        "round,predicted_accuracy,predicted_robust_accuracy,spliced_accuracy,spliced_robust_accuracy,"
        "tuned_accuracy,tuned_robust_accuracy,cost,mask\n1,0.9,0.5,0.9,0.5,0.9,0.7,0.3,111111111111\n"
    ),
    "audit.csv": (
        "member,images,clean_accuracy,search_robust_accuracy,worst_case_accuracy,masked_gradients\n"
        "0,40,0.9,0.7,0.5,False\n"
    ),
    "audit/member-0.csv": (
        "attack,group,accuracy,images,description\n"
        'PGD,white box,0.6,40,"eps 0.1, seed 0"\nclean,clean,0.9,40,\nworst case,worst case,0.5,40,\n'
    ),
}


def shown(folder: Path) -> str:
    records = [read_run(folder)]
    assert (page_title(records) + page_lead(records)).isprintable()
    return as_json(page_data(records))


def copied(run: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run, folder)
    for name, content in TABLES.items():
        if content:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content)
    return folder


@tries(60)
@given(data=st.data(), name=st.sampled_from(sorted(TABLES)))
def test_spoilt_tables_end_well(data: st.DataObject, name: str, run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / "run")
    (folder / name).write_bytes(data.draw(spoilt((folder / name).read_bytes())))
    text = ends_well(lambda: shown(folder))
    assert text is None or "<" not in text


@tries(60)
@given(
    name=st.sampled_from([name for name in sorted(TABLES) if name.endswith(".csv")]),
    column=st.integers(0, 12),
    row=st.integers(0, 3),
    value=st.one_of(NUMBERS, TEXTS.filter(str.isprintable)),
)
def test_any_value_in_any_cell_ends_well(
    name: str, column: int, row: int, value: object, run: Path, tmp_path: Path
) -> None:
    folder = copied(run, tmp_path / "run")
    table = pd.read_csv(folder / name, dtype=str)
    table.iloc[row % len(table), column % len(table.columns)] = str(value)
    (folder / name).write_text(table.to_csv(index=False), errors="replace")
    text = ends_well(lambda: shown(folder))
    if text is not None:
        json.loads(text, parse_constant=pytest.fail)  # NaN and infinity are no JSON
