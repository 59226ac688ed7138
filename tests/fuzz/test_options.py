"""Options of the command line: whatever is asked for, an answer or one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.helpers import said, tries

NUMBER = st.sampled_from(
    ["-1", "0", "nan", "inf", "-inf", "1e999", "9" * 30, "-" + "9" * 30, "9" * 5000, "0x10", "", "1_0", "٣"]
)
TEXT = st.sampled_from(
    ["\x1b[31m", "a\nb", "[/]", "\udcff", "a,b", ",", "../x", "\u202e", "x" * 3000, "%s", "~"]
)
SEARCH = ("--seed", "--budget", "--subpop", "--steps", "--validation-images", "--test-images", "--rounds",
          "--target-cost", "--epochs", "--images", "--accuracy-loss", "--robust-loss")  # fmt: skip
NAMED = ("--network", "--weights", "--device", "--cost", "--choose", "--collaborators")
# Numbers that a search, a training or a comparison could take would take their time.
REFUSED = NUMBER.filter(lambda text: text not in ("0", "1_0", "٣"))


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@tries(60)
@given(option=st.sampled_from(SEARCH[1:]), value=REFUSED)
def test_numbers_of_a_search_are_refused(option: str, value: str) -> None:
    if option in ("--target-cost", "--epochs", "--images"):
        assert said("search", "digits", "--rounds", "1", f"{option}={value}").status == 2
    else:
        assert said("search", "digits", f"{option}={value}").status == 2


@tries(40)
@given(option=st.sampled_from(NAMED), value=TEXT)
def test_texts_of_a_search_are_refused(option: str, value: str) -> None:
    assert said("search", "digits", f"{option}={value}").status == 2


@tries(20)
@given(problem=st.one_of(TEXT, st.text(max_size=10)), command=st.sampled_from(["search", "train", "compare"]))
def test_problems_of_any_name_are_refused(problem: str, command: str) -> None:
    if not problem.startswith("-"):
        assert said(command, problem, "--out", "out").status == 2


@tries(30)
@given(option=st.sampled_from(["--epochs", "--batch-size", "--learning-rate", "--steps", "--images"]),
       value=REFUSED)  # fmt: skip
def test_numbers_of_a_training_are_refused(option: str, value: str) -> None:
    assert said("train", "digits", "--out", "out", f"{option}={value}").status == 2


@tries(30)
@given(option=st.sampled_from(["--seeds", "--budget", "--epochs", "--images", "--batch-size", "--steps",
                               "--targets", "--learning-rate", "--audit"]), value=REFUSED)  # fmt: skip
def test_numbers_of_a_comparison_are_refused(option: str, value: str) -> None:
    said("compare", "digits", "--out", "out", "--methods", "random", f"{option}={value}")


@tries(10)
@given(value=st.one_of(REFUSED, TEXT), option=st.sampled_from(["--member", "--images"]))
def test_members_of_any_number_are_refused(network_run: Path, value: str, option: str) -> None:
    rest = ["--member=99"] if option == "--images" else []
    assert said("audit", str(network_run), f"{option}={value}", *rest).status == 2
    assert said("finetune", str(network_run), f"{option}={value}", *rest).status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        *(("show",), ("resume",), ("audit",), ("finetune", "--member=0"), ("search", "digits", "--out")),
        *(("train", "digits", "--resume", "--out"), ("compare", "digits", "--out")),
        ("search", "fashion-mnist", "--out", "out", "--data-dir"),
    ],
)
def test_names_that_no_file_can_have_are_refused(arguments: tuple[str, ...]) -> None:
    assert said(*arguments, "x" * 3000).status == 2


@tries(20)
@given(folder=st.one_of(TEXT, st.text(max_size=10)), command=st.sampled_from(["show", "resume", "audit"]))
def test_folders_of_any_name_are_refused(folder: str, command: str) -> None:
    if "\0" not in folder and not folder.startswith("-") and folder.strip("./~"):
        assert said(command, folder).status == 2
