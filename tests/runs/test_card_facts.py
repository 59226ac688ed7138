"""Tables of audits that may be damaged, and licences of all data sets that have a problem."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.registry import problem_class, problem_names
from ccsrp.runs.audit_rows import known_row, put_row, remove_row
from ccsrp.runs.card_facts import data_facts, licence_facts
from ccsrp.runs.config import RunConfig
from ccsrp.runs.data_licences import DATA_LICENCES
from ccsrp.runs.member import Run
from ccsrp.runs.resuming import load_searched
from ccsrp.snn.data import load_dataset
from problems import DigitsPruning


def test_every_data_set_that_is_named_has_a_line_on_its_licence() -> None:
    names = {getattr(problem_class(name), "dataset_name", None) for name in problem_names()} - {None}
    assert names == set(DATA_LICENCES)


def run_of(problem: object, name: str) -> Run:
    config = RunConfig.of(name, {"validation_images": 10, "test_images": 10}, SearchSettings(), problem)
    return Run(Path("run"), config, pd.DataFrame(), problem)


def test_images_are_named_by_how_they_were_loaded_whosever_the_problem_is() -> None:
    named = SimpleNamespace(provenance=dict(load_dataset("digits").provenance))
    run = run_of(named, "mine:MyPruning")
    assert ("data set", "digits") in data_facts(run)
    assert f"Data: {DATA_LICENCES['digits']}" in licence_facts(run)
    brought = run_of(SimpleNamespace(provenance={"data_sha256": "abc"}), "mine:MyPruning")
    assert dict(data_facts(brought))["data set"].startswith("not named")
    assert "Data: not known here" in licence_facts(brought)
    shuffled = [dict(data_facts(r)).get("splits") for r in (run, brought, run_of(SimpleNamespace(), "m:M"))]
    assert [row is not None for row in shuffled] == [True, True, False], "what is known to be shuffled"


def test_a_run_that_does_not_name_its_data_set_is_still_read() -> None:
    config = run_of(DigitsPruning(validation_images=10, test_images=10), "digits").config
    del config.provenance["data_set"]
    assert load_searched(Path("run"), config).provenance["data_set"] == "digits"
    config.provenance["data_set"] = "svhn"
    with pytest.raises(RunError, match="was searched with data_set 'svhn', here it would be 'digits'"):
        load_searched(Path("run"), config)


def test_a_row_is_of_one_member_and_of_one_network(tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    assert known_row(file, 1) is None
    for member, weights in ((2, "b"), (1, "a"), (2, "c")):
        put_row(file, {"member": member, "images": 5, "weights_sha256": weights})
    assert known_row(file, 2) == {"member": 2, "images": 5, "weights_sha256": "c"}
    assert known_row(file, 2, weights="b") is None
    assert known_row(file, 1, weights="a") is not None
    assert not remove_row(file, 1, unless="a")
    assert remove_row(file, 1, unless="x")
    assert not remove_row(file, 1)
    assert remove_row(file, 2)
    assert known_row(file, 2) is None


@pytest.mark.parametrize(
    "content",
    ["", "member\n", "images\n5\n", "member\none\n", "member\n-1\n", "member\n1e99\n", "\0", 'a"b\n1'],
)
def test_a_damaged_table_counts_as_empty_and_is_written_anew(tmp_path: Path, content: str) -> None:
    file = tmp_path / "audit.csv"
    file.write_text(content)
    assert known_row(file, 1) is None
    assert not remove_row(file, 1)
    put_row(file, {"member": 1, "images": 5})
    assert known_row(file, 1) == {"member": 1, "images": 5}


def test_a_table_without_hashes_says_nothing_of_fine_tuned_networks(tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    put_row(file, {"member": 1, "images": 5})
    assert known_row(file, 1, weights="a") is None
    assert remove_row(file, 1, unless="a")
