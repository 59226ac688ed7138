"""front.csv from anyone: shown, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.errors import RunError
from ccsrp.registry import load_problem
from ccsrp.runs.config import read_config
from ccsrp.runs.folder import read_front
from ccsrp.runs.member import Run
from tests.fuzz.conftest import SMALL
from tests.fuzz.helpers import VALUES, ends_well, said, spoilt, tries


@tries(60)
@given(data=st.data())
def test_a_spoilt_front_is_shown_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("front")
    (folder / "front.csv").write_bytes(data.draw(spoilt((run / "front.csv").read_bytes())))
    said("show", str(folder))


@tries(60)
@given(data=st.data())
def test_cells_of_any_kind_are_taken_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("front")
    head, *rows = [line.split(",") for line in (run / "front.csv").read_text().splitlines()]
    if data.draw(st.booleans()):
        head, rows = ["round", *head], [["0", *row] for row in rows]
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.integers(0, len(row) - 1))] = str(data.draw(VALUES))
    text = "\n".join(",".join(row) for row in [head, *rows])
    (folder / "front.csv").write_text(text, errors="replace")
    said("show", str(folder))
    known = Run(
        folder, read_config(run), ends_well(lambda: read_front(folder)), load_problem("pathways", **SMALL)
    )
    if known.front is not None:
        ends_well(lambda: known.member(int(known.front["member"].iloc[0])))


@tries(30)
@given(member=st.integers(-(10**40), 10**40))
def test_a_member_of_any_number_is_found_or_refused(run: Path, member: int) -> None:
    known = Run(run, read_config(run), read_front(run), load_problem("pathways", **SMALL))
    ends_well(lambda: known.member(member))


HEAD = "member,accuracy,robust_accuracy,cost,mask"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (",".join(f"c{i}" for i in range(1_000_000)), "columns"),
        (f'"{HEAD}\n",' + "," * 1_000_000, "columns|damaged"),
        ("1\n" * 2_000_000, "rows"),
        (HEAD + "\n0,1,1,1," + "1" * (1 << 26), "larger than"),
        (HEAD + "\n0,1,1,1,1\n0,1,1,1,0\n", "same member"),
        (HEAD + "\n0,1,1,-1,1\n", "'cost' should hold numbers"),
        (HEAD + "\n0,nan,1,1,1\n", "'accuracy' should hold numbers"),
        (HEAD + "\n0,2,1,1,1\n", "'accuracy' should hold numbers from 0 to 1"),
        (HEAD + "\n0,1,inf,1,1\n", "'robust_accuracy' should hold numbers"),
        (HEAD + "\n0.5,1,1,1,1\n", "'member' should hold whole numbers"),
        (HEAD + "\n1" + "0" * 30 + ",1,1,1,1\n", "'member'"),
        (HEAD + ",\x1b[31m\n0,1,1,1,1,a\n", "x1b.*holds text"),
        (HEAD + "\n0,1,1,1,1,1\n", "damaged"),
    ],
)
def test_absurd_fronts_are_refused_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "front.csv").write_text(content)
    with pytest.raises(RunError, match=says) as caught:
        read_front(tmp_path)
    assert str(caught.value).isprintable()


def test_what_a_front_says_reaches_no_terminal_unescaped(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b]0;owned\a\nsecond line"
    folder.mkdir()
    (folder / "front.csv").write_text(HEAD + "\n0,1,1,1,1\n")
    assert "owned" in said("show", str(folder)).out.replace("\n", "")  # where a line breaks is not the point


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "front.csv").mkdir()
    assert said("show", str(tmp_path)).status == 2
