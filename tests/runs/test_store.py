"""The run store: whole or refused, and the folder left as it was."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.runs.resuming import reopened
from ccsrp.runs.store import STORE, RunStore
from tests.conftest import SumProblem
from tests.runs.interrupted import Fragile, Silent, Unplugged, searched

SETTINGS = SearchSettings(budget=80, seed=2, screening="none")


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search that was cut off after 60 evaluations."""
    folder = tmp_path_factory.mktemp("cut")
    with pytest.raises(Unplugged):
        searched(folder, Fragile(last=60), SETTINGS)
    return folder


@pytest.fixture
def copy(cut: Path, tmp_path: Path) -> Path:
    shutil.copytree(cut, tmp_path / "run")
    return tmp_path / "run"


def changed(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / STORE) as connection:
        connection.executescript(statement)
    connection.close()


def truncated(folder: Path, share: float) -> None:
    file = folder / STORE
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut short": (lambda folder: truncated(folder, 0.5), "damaged"),
    "empty": (lambda folder: truncated(folder, 0), "another kind of file"),
    "another file": (lambda folder: (folder / STORE).write_bytes(b"PK\3\4" * 2000), "not a database"),
    "newer": (lambda folder: changed(folder, "PRAGMA user_version = 99"), "written by a newer ccsrp"),
    "older": (lambda folder: changed(folder, "PRAGMA user_version = 0"), "not those of a run store"),
    "a table more": (lambda folder: changed(folder, "CREATE TABLE more (a)"), "not those of a run store"),
    "a trigger": (
        lambda folder: changed(
            folder, "CREATE TRIGGER t AFTER INSERT ON evaluations BEGIN DELETE FROM evaluations; END"
        ),
        "not those of a run store",
    ),
    "another config": (
        lambda folder: changed(folder, "UPDATE run SET value = replace(value, 'budget = 80', 'budget = 9')"),
        "a row is not as it was written",
    ),
    "no config": (lambda folder: changed(folder, "DELETE FROM run"), "does not say what the run is"),
    "config.toml": (
        lambda folder: (folder / "config.toml").write_text("[run]"),
        "not what the search began with",
    ),
    "a link": (lambda folder: ((folder / STORE).unlink(), (folder / STORE).mkdir()), "holds no run store"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_store_that_is_not_whole_is_refused_and_left_as_it_was(damage: str, copy: Path) -> None:
    change, says = DAMAGES[damage]
    change(copy)
    before = {file.name: file.read_bytes() for file in copy.iterdir() if file.is_file()}
    with pytest.raises(RunError, match=says) as caught:
        reopened(copy)
    assert "\n" not in str(caught.value)
    assert {file.name: file.read_bytes() for file in copy.iterdir() if file.is_file()} == before


@pytest.mark.parametrize(
    "statement",
    [
        # Without a state, which is written now and then, the search begins anew and asks for every answer.
        "DELETE FROM snapshots; UPDATE evaluations SET error = 0 WHERE id = 5",
        "DELETE FROM snapshots; UPDATE evaluations SET mask = x'00'",
        "UPDATE generations SET row = '{}'",
        "UPDATE snapshots SET content = zeroblob(length(content)) WHERE name = 'archive/objectives'",
        "UPDATE snapshots SET content = x'5b5d' WHERE name = 'search/random'",
    ],
)
def test_a_row_that_was_changed_is_noticed(statement: str, copy: Path) -> None:
    changed(copy, statement)
    with pytest.raises(RunError, match="damaged"):
        searched(copy, Fragile(), SETTINGS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("archive/objectives", np.zeros((1, 3))),
        ("search/generation", -1),
        ("search/random", '{"bit_generator": "MT19937"}'),
        ("subpopulation-0/parts", np.zeros((4, 99), dtype=bool)),
    ],
)
def test_a_state_that_does_not_fit_is_refused(name: str, content: object, copy: Path) -> None:
    from ccsrp.coevolution.snapshot import Snapshot
    from ccsrp.runs.snapshots import read_snapshot, write_snapshot

    with RunStore(copy) as store:
        good = read_snapshot(store, 1)
        assert good is not None
        arrays, values = dict(good.arrays), dict(good.values)
        (arrays if isinstance(content, np.ndarray) else values)[name] = content  # type: ignore[assignment]
        write_snapshot(store, 1, Snapshot(arrays, values))
    with pytest.raises(RunError, match="does not fit"):
        searched(copy, Fragile(), SETTINGS)


def test_another_search_is_not_mixed_in(copy: Path) -> None:
    with pytest.raises(RunError, match=r"other settings: search\.budget was 80, now 81; name"):
        searched(copy, Fragile(), SearchSettings(budget=81, seed=2, screening="none"))


def test_a_full_disk_says_how_to_go_on_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = searched(tmp_path / "whole", SumProblem(), SETTINGS)
    opened = RunStore.__init__

    def small(self, folder, *, read_only=False) -> None:
        opened(self, folder, read_only=read_only)
        self._connection.execute("PRAGMA max_page_count = 16")

    with monkeypatch.context() as patched:
        patched.setattr(RunStore, "__init__", small)
        with pytest.raises(
            RunError, match="the disk is full; free some space, then go on with 'ccsrp resume"
        ):
            searched(tmp_path / "run", SumProblem(), SETTINGS)
    result = searched(tmp_path / "run", SumProblem(), SETTINGS)
    assert result.front.equals(expected.front)
    assert result.history.equals(expected.history)


def test_what_it_holds_per_evaluation_is_small(tmp_path: Path) -> None:
    problem = SumProblem(sizes=(40, 30, 30))
    searched(tmp_path, problem, SearchSettings(budget=1500, screening="none"))
    size = (tmp_path / STORE).stat().st_size
    with RunStore(tmp_path, read_only=True) as store:
        assert store.evaluations() == 1500
    assert size < 1500 * 250 + 200_000


def test_kernels_that_are_compiled_are_announced_and_do_not_count(tmp_path: Path) -> None:
    from numba.core.event import trigger_event

    def kernel() -> None: ...

    kernel.__module__ = "ccsrp.made_up"
    dispatcher = SimpleNamespace(py_func=kernel, stats=SimpleNamespace(cache_path="/kept"))

    class Compiling(SumProblem):
        base_network = None

        def evaluate(self, masks, /):
            if not self.seen:
                with trigger_event("numba:compile", data={"dispatcher": dispatcher}):
                    time.sleep(0.6)
            return super().evaluate(masks)

    shown = Silent()
    searched(tmp_path / "run", Compiling(), SearchSettings(budget=20), shown=shown)
    assert [note[:44] for note in shown.notes] == ["compiling kernels, once on this machine: hal"]
    assert 0 <= shown.seconds[0] < 0.6
