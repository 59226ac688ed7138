"""config.toml from anyone: a run's description, or one line that says what is wrong with it."""

from __future__ import annotations

import contextlib
import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from ccsrp.coevolution.run import run_search
from ccsrp.errors import RunError
from ccsrp.files import write_atomically
from ccsrp.runs.config import RunConfig, parse_config, read_config
from ccsrp.runs.plan import RoundPlan
from ccsrp.runs.resuming import load_searched, reopened
from ccsrp.runs.store import STORE, RunStore
from tests.fuzz.helpers import NUMBERS, TEXTS, VALUES, ends_well, spoilt, tries

ROUNDS = {"rounds": 2, "rule": "knee", "accuracy_loss": 0.01, "robust_loss": 0.05, "epochs": 1, "images": 5}

LIGHT = ("n_var", "n_layers", "interaction", "instance", "noisy", "objectives", "self", "seed")
HEAVY = (
    *("steps", "seed", "cost", "attack", "calibrate", "validation_images", "calibration_images"),
    *("test_images", "network", "weights", "data_dir", "device"),
)


class EnoughError(Exception):
    """The search has shown that it runs."""


def begun(config: RunConfig) -> None:
    """Do with a config what 'ccsrp resume' does, up to the first generation."""
    RoundPlan.of(config.rounds)
    problem = load_searched(Path("run"), config)

    def stop(_: object) -> None:
        raise EnoughError

    with contextlib.suppress(EnoughError):
        run_search(problem, config.search, on_generation=stop)


@st.composite
def wrong_tables(draw: st.DrawFn, valid: dict[str, Any]) -> dict[str, Any]:
    """Change some entries of a config: another value, another name, one more, one less."""
    tables = copy.deepcopy(valid)
    if draw(st.booleans()):
        tables["rounds"] = dict(ROUNDS)
    for _ in range(draw(st.integers(1, 3))):
        table = tables[draw(st.sampled_from(sorted(tables)))]
        if not isinstance(table, dict) or not table:
            continue
        name = draw(st.one_of(st.sampled_from(sorted(table)), TEXTS))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            table.pop(name, None)
        elif kind == 1:
            table[name] = draw(st.lists(VALUES, max_size=3))
        elif kind == 2:
            tables[name] = draw(VALUES)
        else:
            table[name] = draw(VALUES)
    return tables


@tries(60)
@given(data=st.data())
def test_a_spoilt_config_is_read_or_refused(run: Path, data: st.DataObject) -> None:
    content = data.draw(spoilt((run / "config.toml").read_bytes()))
    ends_well(lambda: parse_config(content.decode(errors="replace"), Path("config.toml")))


@tries(60)
@given(data=st.data())
def test_wrong_entries_are_refused_before_a_search_begins(run: Path, data: st.DataObject) -> None:
    valid = tomllib.loads((run / "config.toml").read_text())
    valid["search"]["screening"] = data.draw(st.sampled_from(["none", "gp"]))
    tables = data.draw(wrong_tables(valid))
    try:
        text = tomli_w.dumps(tables)
    except (TypeError, ValueError):
        return
    ends_well(lambda: begun(parse_config(text, Path("config.toml"))))


@tries(60)
@given(name=st.sampled_from(LIGHT), problem=st.sampled_from(["pathways", "digits-14"]), value=VALUES)
def test_options_of_any_kind_are_taken_or_refused(run: Path, name: str, problem: str, value: Any) -> None:
    config = read_config(run).model_copy(update={"problem": problem, "options": {name: value}})
    ends_well(lambda: load_searched(Path("run"), config))


@tries(60)
@given(name=st.sampled_from(HEAVY), value=VALUES)
def test_options_of_a_network_are_taken_or_refused(run: Path, name: str, value: Any) -> None:
    quick = {"validation_images": 4, "test_images": 4, "calibration_images": 4}
    config = read_config(run).model_copy(update={"problem": "digits", "options": quick | {name: value}})
    ends_well(lambda: load_searched(Path("run"), config))


@tries(30)
@given(name=st.sampled_from(sorted(ROUNDS)), value=st.one_of(NUMBERS, TEXTS))
def test_rounds_that_cannot_be_are_refused(name: str, value: Any) -> None:
    ends_well(lambda: RoundPlan.of(ROUNDS | {name: value}))


@tries(30)
@given(problem=TEXTS)
def test_a_problem_is_looked_up_never_imported(run: Path, problem: str) -> None:
    config = read_config(run).model_copy(update={"problem": problem})
    ends_well(lambda: load_searched(Path("run"), config))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"x = " + b"[" * 100_000, "damaged"),
        (b"a" + b".a" * 100_000 + b" = 1", "more than 5,000 dots"),
        (b"x = {" + b"a." * 4000 + b"a = 1}", "damaged|wrong"),
        (b"#" * 2_000_000, "larger than 1,000,000 bytes"),
        (b"\xff\xfe", "damaged"),
        (b"run = 1", "damaged"),
        (b"x = " + b"9" * 10_000, "damaged"),
    ],
)
def test_absurd_configs_are_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(RunError, match=says) as caught:
        read_config(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_config_downloads_nothing_to_where_it_says(run: Path, tmp_path: Path) -> None:
    for problem in ("cifar10", "svhn", "fashion-mnist"):
        config = read_config(run).model_copy(
            update={"problem": problem, "options": {"data_dir": str(tmp_path / "new")}}
        )
        with pytest.raises(ValueError, match=r"does not exist|weights"):
            load_searched(tmp_path, config)
    assert not list(tmp_path.iterdir())


@tries(10)
@given(data=st.data())
def test_a_store_made_for_any_config_is_reopened_or_refused(
    run: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("config")
    text = data.draw(spoilt((run / "config.toml").read_bytes())).decode(errors="replace")
    RunStore.create(folder, config=text).close()
    write_atomically(folder / "config.toml", text.encode())
    ends_well(lambda: reopened(folder))
    assert {file.name for file in folder.iterdir()} <= {STORE, "config.toml"}
