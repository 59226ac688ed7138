"""A search that was interrupted ends as if it had not been, and pays for nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ccsrp
from ccsrp.coevolution.run import SearchResult, run_search
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import RunError
from ccsrp.evaluation.interface import EvaluationError
from ccsrp.runs.journal import RecordedRun
from ccsrp.runs.store import RunStore
from tests.conftest import Ended, SumProblem
from tests.runs.interrupted import Fragile, Silent, Unplugged, searched

SEARCHES = {
    "screened": SearchSettings(budget=50, seed=3, candidates=8),
    "screened, giving up": SearchSettings(budget=50, seed=4, candidates=8, stop_dominated=True),
    "every candidate": SearchSettings(budget=200, seed=5, screening="none", stop_dominated=True),
    "elite": SearchSettings(budget=150, seed=6, screening="none", collaborators="elite"),
    "paper": SearchSettings.paper(n_layers=3, seed=7),
}


def same(one: SearchResult, other: SearchResult) -> None:
    pd.testing.assert_frame_equal(one.front, other.front, check_exact=True)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    assert (one.archive.masks == other.archive.masks).all()


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("front.csv", "history.csv", "config.toml")}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_stored_search_is_the_search_itself(name: str, tmp_path: Path) -> None:
    chosen = SEARCHES[name]
    same(searched(tmp_path, Fragile(), chosen), run_search(Fragile(), chosen))


@pytest.mark.parametrize("name", SEARCHES)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 80), min_size=1, max_size=3))
def test_power_cuts_change_nothing(
    name: str, cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    chosen, folder = SEARCHES[name], tmp_path_factory.mktemp("cut")
    RunStore.create(folder, config="").close()
    seen: list[bytes] = []
    for last in (*cuts, float("inf")):
        problem = Fragile(last)
        with contextlib.suppress(Unplugged), RunStore(folder) as store:
            result = run_search(problem, chosen, journal=RecordedRun(store).search(1))
        seen += [mask.tobytes() for mask in problem.seen]
    same(result, run_search(Fragile(), chosen))
    if not chosen.stop_dominated:  # who gives up may ask again
        assert len(seen) == len(set(seen)), "a mask was paid for twice"


def test_a_finished_search_is_not_repeated_and_its_files_are_written_anew(tmp_path: Path) -> None:
    chosen = SEARCHES["screened"]
    expected = searched(tmp_path, Fragile(), chosen)
    before = files(tmp_path)
    (tmp_path / "front.csv").unlink()
    (tmp_path / "history.csv").write_text("nonsense")
    (tmp_path / "config.toml").unlink()
    problem, shown = Fragile(last=0), Silent()
    same(searched(tmp_path, problem, chosen, shown=shown), expected)
    assert not problem.seen
    assert not shown.generations
    assert files(tmp_path) == before


def test_members_measured_before_the_cut_are_not_measured_again(tmp_path: Path) -> None:
    class Slow(Fragile):
        described = 0
        most = float("inf")

        def report(self, masks, objectives, *, on_member=None):
            self.described += len(masks)
            if self.described > self.most:
                raise Unplugged
            return super().report(masks, objectives)

    problem = Slow()
    problem.most = 5
    with pytest.raises(Unplugged):
        searched(tmp_path, problem, SEARCHES["screened"])
    again = Slow()
    result = searched(tmp_path, again, SEARCHES["screened"])
    assert again.described == len(result.front) - 5


def test_columns_of_a_problems_own_are_kept(tmp_path: Path) -> None:
    class Telling(SumProblem):
        def report(self, masks, objectives, *, on_member=None):
            return super().report(masks, objectives).assign(energy=masks.sum(axis=1), kind="made up")

    first = searched(tmp_path, Telling(), SEARCHES["screened"])
    assert {"energy", "kind"} <= set(first.front)
    same(searched(tmp_path, Telling(), SEARCHES["screened"]), first)


def test_a_search_that_judged_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unplugged):
        searched(tmp_path, Fragile(last=0), SEARCHES["screened"])
    assert not list(tmp_path.iterdir())


class Failing(SumProblem):
    """Cannot judge networks without the first filter."""

    def evaluate(self, masks, /):
        if not masks[:, 0].all():
            raise MemoryError("out of memory")
        return super().evaluate(masks)


@pytest.mark.parametrize("name", ["screened", "every candidate"])
def test_networks_that_cannot_be_judged_are_counted_and_left_out(name: str, tmp_path: Path) -> None:
    shown = Silent()
    result = searched(tmp_path, Failing(), SEARCHES[name], shown=shown)
    failed = int(result.history["failed"].iloc[-1])
    assert failed > 0
    assert shown.failed == [(failed, "MemoryError: out of memory")]
    assert all(mask[0] == "1" for mask in result.front["mask"])
    assert result.history["evaluations"].iloc[-1] == SEARCHES[name].budget
    again = Failing()
    same(searched(tmp_path, again, SEARCHES[name]), result)
    assert not again.seen


def test_a_search_in_which_nothing_can_be_judged_ends_with_the_reason(tmp_path: Path) -> None:
    class Hopeless(SumProblem):
        def evaluate(self, masks, /):
            raise RuntimeError("no kernel")

    with pytest.raises(EvaluationError, match=r"none of the first 10 networks could be judged .*no kernel"):
        searched(tmp_path, Hopeless(), SEARCHES["screened"])


QUICK = ("--budget", "40", "--steps", "2", "--validation-images", "40", "--test-images", "20")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    process = begun(folder, "run")
    process.communicate(timeout=300)
    assert process.returncode == 0
    return folder / "run"


def begun(folder: Path, out: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from ccsrp.cli import main; main()",
            "search",
            "digits",
            "--out",
            out,
            *QUICK,
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def stopped_midway(folder: Path, how: signal.Signals) -> tuple[int, str]:
    """Send a signal once the search has judged something."""
    process = begun(folder, "run")
    wal = folder / "run" / "run.sqlite-wal"
    until = time.monotonic() + 300
    while process.poll() is None and not (wal.exists() and wal.stat().st_size > 40_000):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_is_resumed_to_the_same_files(
    how: signal.Signals, undisturbed: Path, tmp_path: Path, command: Callable[..., Ended]
) -> None:
    status, said = stopped_midway(tmp_path, how)
    if how == signal.SIGINT:
        assert status == 130
        assert said == "ccsrp: interrupted; go on with 'ccsrp resume run'\n"
    assert not (tmp_path / "run" / "front.csv").exists(), "it was to be stopped in the middle"
    shown = command("show", "run", cwd=tmp_path)
    assert shown.returncode == 0
    assert "of 40 evaluations in round 1; 'ccsrp resume run' goes on" in shown.stdout
    assert "1.000" in shown.stdout, "the dense network is on the front"
    audited = command("audit", "run", cwd=tmp_path)
    assert audited.returncode == 2
    assert "has not finished; go on with 'ccsrp resume run'" in audited.stderr
    again = command("search", "digits", "--out", "run", cwd=tmp_path)
    assert again.returncode == 2
    assert "go on with 'ccsrp resume run'" in again.stderr
    done = command("resume", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "run") == files(undisturbed)
    assert {file.name for file in (tmp_path / "run").iterdir()} == {
        file.name for file in undisturbed.iterdir()
    }


def test_two_processes_do_not_write_into_one_folder(tmp_path: Path, command: Callable[..., Ended]) -> None:
    process = begun(tmp_path, "run")
    store = tmp_path / "run" / "run.sqlite"
    while not store.exists():
        time.sleep(0.01)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        second = command("resume", "run", cwd=tmp_path)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert second.returncode == 2
    assert f"run is in use by process {process.pid} on " in second.stderr


def test_a_search_from_python_can_be_kept_too(tmp_path: Path) -> None:
    expected = ccsrp.search(SumProblem(), budget=50, seed=2)
    with pytest.raises(Unplugged), ccsrp.recorded(tmp_path / "mine", about="sums") as journal:
        ccsrp.search(Fragile(last=30), budget=50, seed=2, journal=journal)
    problem = Fragile()
    with ccsrp.recorded(tmp_path / "mine", about="sums") as journal:
        same(ccsrp.search(problem, budget=50, seed=2, journal=journal), expected)
    assert len(problem.seen) <= 24
    with (
        pytest.raises(RunError, match="was 'sums', now 'products'"),
        ccsrp.recorded(tmp_path / "mine", about="products"),
    ):
        pass
    with ccsrp.recorded(tmp_path / "mine", about="sums") as journal:
        with pytest.raises(RunError, match="had other settings: seed was 2, now 3; go on"):
            ccsrp.search(SumProblem(), budget=50, seed=3, journal=journal)
        with pytest.raises(RunError, match="is in use by process"), ccsrp.recorded(tmp_path / "mine"):
            pass
