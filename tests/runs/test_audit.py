"""An audit on disk: resumed where it was cut, never mixed with another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ccsrp.attack.ensemble import AuditSettings
from ccsrp.attack.library_attacks import Apgd, SquareSearch
from ccsrp.attack.own_attacks import Pgd, Rounds
from ccsrp.errors import RunError
from ccsrp.runs.audit import run_audit
from problems import DigitsPruning

SMALL = AuditSettings(steps=2, restarts=1, queries=5, rounds=2, surrogates=("training",), step_counts=(1, 2))
IMAGES = 12


class CutError(Exception):
    pass


def run(digits: DigitsPruning, folder: Path, mask: np.ndarray, *, stop: int = 0, **options):
    ran, notes = [], []

    def on_attack(done: int, total: int, outcome) -> None:
        ran.append(outcome.name)
        if done == stop:
            raise CutError

    options.setdefault("settings", SMALL)
    case = digits.audit_case(mask, images=options.pop("images", IMAGES))
    result = run_audit(
        folder, "member-1", mask, case, digits.attack, on_attack=on_attack, on_note=notes.append, **options
    )
    return result, ran, notes


def test_an_interrupted_audit_goes_on_and_ends_the_same(digits: DigitsPruning, tmp_path: Path) -> None:
    mask = digits.space.full()
    whole, _, _ = run(digits, tmp_path / "whole", mask)
    with pytest.raises(CutError):
        run(digits, tmp_path / "cut", mask, stop=3)
    assert not (tmp_path / "cut" / "member-1.csv").exists()
    with np.load(tmp_path / "cut" / "member-1.npz", allow_pickle=False) as kept:
        assert len(kept["attacks"]) == 3
        assert kept["flags"].shape == (3, IMAGES)
    resumed, ran, notes = run(digits, tmp_path / "cut", mask)
    assert not notes
    assert len(ran) == len(whole.outcomes)
    assert (resumed.flags == whole.flags).all()
    names = ("member-1.csv", "member-1.npz")
    assert {file.name for file in (tmp_path / "cut").iterdir()} == set(names)
    assert (tmp_path / "cut" / names[0]).read_bytes() == (tmp_path / "whole" / names[0]).read_bytes()


def test_the_table_has_a_row_an_attack_and_one_for_the_worst_case(
    digits: DigitsPruning, tmp_path: Path
) -> None:
    result, _, _ = run(digits, tmp_path, digits.space.full())
    table = pd.read_csv(tmp_path / "member-1.csv").set_index("attack")
    assert table.loc["worst case", "accuracy"] == pytest.approx(result.worst_case_accuracy)
    for outcome in result.outcomes:
        assert table.loc[outcome.name, "accuracy"] == pytest.approx(outcome.accuracy)
        assert "eps 0.1" in table.loc[outcome.name, "description"]
    assert list(table.index[table["group"] == "skipped"]) == [item.name for item in result.skipped]


@pytest.mark.parametrize("what", ["mask", "images", "damaged"])
def test_an_audit_of_something_else_is_not_gone_on_with(
    digits: DigitsPruning, tmp_path: Path, what: str
) -> None:
    mask = digits.space.full()
    run(digits, tmp_path, mask)
    file = tmp_path / "member-1.npz"
    options: dict = {}
    if what == "mask":
        mask = mask.copy()
        mask[0] = False
    elif what == "images":
        options["images"] = IMAGES + 1
    else:
        file.write_bytes(file.read_bytes()[:100])
    _, _, notes = run(digits, tmp_path, mask, **options)
    assert len(notes) == 1
    assert "starts anew" in notes[0]
    assert not run(digits, tmp_path, mask, **options)[2], "it has been replaced"


def test_attacks_of_other_settings_are_run_and_the_same_ones_are_not(
    digits: DigitsPruning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = digits.space.full()
    run(digits, tmp_path, mask)
    more = replace(SMALL, queries=6)
    expected, _, _ = run(digits, tmp_path / "alone", mask, settings=more)
    tried: list[str] = []
    for kind in (Pgd, Rounds, Apgd, SquareSearch):
        survivors = kind.survivors

        def watched(self, *case, survivors=survivors):
            tried.append(self.name)
            return survivors(self, *case)

        monkeypatch.setattr(kind, "survivors", watched)
    result, _, notes = run(digits, tmp_path, mask, settings=more)
    assert tried == ["Square"]
    assert not notes
    assert (result.flags == expected.flags).all()


def test_a_folder_that_cannot_be_written_is_said(digits: DigitsPruning, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        run(digits, tmp_path / "file" / "audit", digits.space.full())
