"""The terminal: searches shown live, as JSON, not at all; show, pick, completion; wrong input on purpose."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import ccsrp
from ccsrp.cli import app, main
from ccsrp.coevolution.course import FinishedGeneration
from ccsrp.report.progress.display import SearchDisplay
from ccsrp.report.progress.live import LiveDisplay
from ccsrp.report.terminal import audit_table, figures_table, front_table, print_table
from tests.conftest import Ended

Command = Callable[..., Ended]
SEARCH = ("search", "digits-14", "--budget", "40")
HEAD = "member,accuracy,robust_accuracy,cost,mask\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search on a table."""
    from ccsrp.coevolution.settings import SearchSettings
    from ccsrp.registry import load_problem
    from ccsrp.runs.config import RunConfig
    from ccsrp.runs.searching import search_into

    folder = tmp_path_factory.mktemp("terminal") / "run"
    folder.mkdir()
    problem, settings = load_problem("digits-14"), SearchSettings(budget=40)
    config = RunConfig.of("digits-14", {}, settings, problem)
    search_into(folder, problem, settings, config, plan=None, shown=SearchDisplay())
    return folder


@pytest.fixture(scope="module")
def front(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "front.csv", dtype={"mask": str})


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("front.csv", "history.csv", "config.toml")}


def test_json_is_all_that_stdout_has_and_tensorboard_changes_nothing(
    run: Path, tmp_path: Path, command: Command
) -> None:
    pytest.importorskip("tensorboard")
    done = command(*SEARCH, "--out", "other", "--json", "--tensorboard", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in (events[0], events[1], events[-1])] == [
        "begins",
        "generation",
        "result",
    ]
    front = pd.read_csv(tmp_path / "other" / "front.csv", dtype={"mask": str})
    pd.testing.assert_frame_equal(pd.DataFrame(events[-1]["members"])[list(front)], front)
    history = pd.DataFrame([event for event in events if event["event"] == "generation"])
    whole = pd.read_csv(tmp_path / "other" / "history.csv")
    pd.testing.assert_frame_equal(history[list(whole)], whole)
    assert files(tmp_path / "other") == files(run)
    assert [file.suffix for file in (tmp_path / "other" / "tensorboard").iterdir()] == [".ccsrp"]


def test_quiet_says_where_the_results_are_and_nothing_else(
    run: Path, tmp_path: Path, command: Command
) -> None:
    done = command(*SEARCH, "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "runs/digits-14-seed-0\n", "")
    assert files(tmp_path / done.stdout.strip()) == files(run)
    again = command("resume", done.stdout.strip(), "--json", cwd=tmp_path)
    resumed = [json.loads(line) for line in again.stdout.splitlines()]
    assert [event["event"] for event in resumed if event["event"] != "member"] == [
        "begins",
        "resumed",
        "result",
    ]
    assert resumed[1]["evaluations"] == 40


@contextlib.contextmanager
def terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Let standard output be a pseudo-terminal inside the ``with`` block; yields what is written to it."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    written: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # the other side is closed
            while piece := os.read(ours, 65536):
                written.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in ("LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    try:
        with open(its, "w", encoding="utf-8") as output, contextlib.redirect_stdout(output):
            yield written
    finally:
        reader.join(timeout=10)
        os.close(ours)


@pytest.mark.parametrize("columns", [40, 100])
def test_a_live_search_fits_its_terminal_and_gives_it_back(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def third(self: SearchDisplay, finished: FinishedGeneration) -> None:
        if finished.report.generation == 3:
            raise KeyboardInterrupt
        self.state = self.state.generation(finished)

    monkeypatch.setattr(LiveDisplay, "generation", third)
    monkeypatch.setattr(sys, "argv", ["ccsrp", "search", "digits-16", "--budget", "5000", "--out", "run"])
    monkeypatch.chdir(tmp_path)
    with terminal(columns, monkeypatch) as pieces, pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "ccsrp: interrupted; go on with 'ccsrp resume run'\n"
    written = b"".join(pieces).decode()
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l"), "the cursor is shown again"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "")
    assert "generation 3" in plain
    assert "11 of 5000" in plain
    drawn = [line for line in plain.split("\n") if line.startswith(("now ", "time ", "hypervolume "))]
    assert drawn
    assert max(map(len, drawn)) <= min(columns - 3, 78)


def rows(done: Ended) -> list[int]:
    assert done.returncode == 0, done.stderr
    return [int(line.split()[0]) for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]


def test_show_filters_and_sorts(run: Path, front: pd.DataFrame, command: Command) -> None:
    done = command("show", str(run), "--max-cost", "0.6", "--sort", "accuracy", "--descending", cwd=run)
    wanted = front[front["cost"] <= 0.6].sort_values("accuracy", ascending=False, kind="stable")
    assert rows(done) == wanted["member"].tolist()
    assert f"{len(wanted)} of {len(front)} networks, with cost at most 0.6" in done.stdout
    as_json = command("show", str(run), "--max-cost", "0.6", "--json", cwd=run)
    found = json.loads(as_json.stdout)
    assert found | {"folder": str(run), "finished": True, "of": len(front)} == found
    pd.testing.assert_frame_equal(
        pd.DataFrame(found["members"]), front[front["cost"] <= 0.6].reset_index(drop=True)
    )


def test_show_filters_an_unfinished_search(run: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "run.sqlite").write_bytes((run / "run.sqlite").read_bytes())
    done = command("show", str(tmp_path), "--max-cost", "0.6", cwd=tmp_path)
    assert rows(done)
    assert "networks so far with cost at most 0.6" in done.stdout
    found = json.loads(command("show", str(tmp_path), "--json", cwd=tmp_path).stdout)
    assert found | {"finished": False, "evaluations": 40, "budget": 40, "round": 1} == found


@pytest.mark.parametrize("width", [40, 60, 80])
def test_tables_fit_their_terminal(width: int, front: pd.DataFrame) -> None:
    console = Console(file=io.StringIO(), width=width)
    title = "a folder whose name is longer than a narrow terminal is wide, as paths are"
    print_table(console, front_table(front.assign(round=1), width=width), title=title)
    audited = dict.fromkeys(("images", "clean_accuracy", "search_robust_accuracy", "gap_points"), 0.9)
    audited |= {"member": 3, "worst_case_accuracy": 0.5, "masked_gradients": False}
    print_table(console, audit_table([audited], width=width), title="audit")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "…" not in text
    assert title in text.splitlines()
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert all(header in text for header in ("member", "acc.", "robust", "cost", "worst case"))


def test_figures_stand_side_by_side_as_people_read_them() -> None:
    console = Console(file=io.StringIO(), width=40)
    console.print(figures_table(pd.DataFrame({"network": ["before", "after"], "flops": [955072, 14010]})))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().split() == ["before", "after", "FLOPs", "955k", "14k"]


def test_one_member_is_shown_with_its_layers(run: Path, front: pd.DataFrame, command: Command) -> None:
    row = front.iloc[1]
    done = command("show", "run", "--member", str(row["member"]), cwd=run.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"member {row['member']} of a front of {len(front)} networks" in done.stdout
    assert f"{row['robust_accuracy']:>14.3f}  on validation images" in done.stdout
    assert f"filters kept: {row['mask'].count('1')} of 14" in done.stdout
    assert f"  conv1      {row['mask'][:4].count('1')} of 4" in done.stdout
    assert "ccsrp finetune" not in done.stdout, "there is no network behind a table"
    told = json.loads(command("show", "run", "--member", str(row["member"]), "--json", cwd=run.parent).stdout)
    assert told["mask"] == row["mask"]
    assert sum(layer["kept"] for layer in told["layers"]) == row["mask"].count("1")


def test_a_lost_front_is_told_from_a_search_that_goes_on(run: Path, tmp_path: Path, command: Command) -> None:
    shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("front.csv"))
    shown = command("show", "run", cwd=tmp_path)
    assert "front.csv is missing, though the search has ended; 'ccsrp resume run' writes it" in shown.stdout
    assert "'ccsrp resume run' writes it" in command("pick", "run", cwd=tmp_path).stderr
    assert command("resume", "run", "--quiet", cwd=tmp_path).returncode == 0
    assert (tmp_path / "run" / "front.csv").read_bytes() == (run / "front.csv").read_bytes()


def test_a_table_is_searched_and_resumed_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; import ccsrp.cli\n"
        "for line in (['search', 'digits-14', '--budget', '12', '--out', 'run'], ['resume', 'run']):\n"
        "    sys.argv = ['ccsrp', *line, '--quiet']\n"
        "    try: ccsrp.cli.main()\n"
        "    except SystemExit as end: assert not end.code\n"
        "print([name for name in ('torch', 'numba', 'spikingjelly') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        check=True, env=os.environ | {"PYTHONPATH": str(Path(ccsrp.__file__).parent.parent)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_pick_says_which_and_why_as_python_does(run: Path, front: pd.DataFrame, command: Command) -> None:
    asked = ("pick", str(run), "--prefer", "accuracy=2,robust=1,cost=1", "--max-cost", "0.8")
    expected = ccsrp.pick(front, prefer={"accuracy": 2}, max_cost=0.8)
    done = command(*asked, cwd=run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"member {expected.member}, by asf among {expected.within} of {len(front)}")
    assert expected.reason in done.stdout
    assert rows(done) == list(expected.alternatives)
    assert "Picked on validation images alone. On test images:" in done.stdout
    assert "ccsrp finetune" not in done.stdout, "a table has no network"
    found = json.loads(command(*asked, "--json", cwd=run).stdout)
    assert found["member"] == found["figures"]["member"] == expected.member
    assert found["alternatives"] == list(expected.alternatives)
    assert found["next"] == []


def test_pick_names_the_commands_that_come_next(run: Path, tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "my run"
    folder.mkdir()
    (folder / "front.csv").write_bytes((run / "front.csv").read_bytes())
    config = (run / "config.toml").read_text().replace('"digits-14"', '"digits"')
    (folder / "config.toml").write_text(config)
    member = json.loads(command("pick", "my run", "--json", cwd=tmp_path).stdout)["member"]
    assert f"  ccsrp audit 'my run' --member {member}\n" in command("pick", "my run", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "one", "--max-cost", "0.1"), "no network has cost at most 0.1: the lowest cost is 0.5"),
        (("show", "one", "--max-cost", "50"), "share from 0 to 1"),
        (("show", "one", "--max-cost", "nan"), "share from 0 to 1"),
        (("show", "one", "--sort", "speed"), "cannot sort by 'speed'; choose one of member"),
        (("show", "one", "--sort", "\x1b[31m"), "cannot sort by"),
        (("show", "one", "--descending"), "--descending needs --sort"),
        (
            ("show", "one", "--member", "0", "--max-cost", "1"),
            "--member shows one network; leave --max-cost out",
        ),
        (("show", "nowhere", "--member", "0"), "not a run folder"),
        (("pick", "one", "--prefer", "speed=1"), "unknown objective 'speed'"),
        (("pick", "one", "--prefer", "accuracy=0,robust=0,cost=0"), "all weights are 0"),
        (("pick", "one", "--min-accuracy", "1"), "the highest accuracy is 0.9"),
        (("pick", "nowhere"), "not a run folder"),
        (("search", "digits-14", "--quiet", "--json"), "exclude one another"),
        (("resume", "nowhere", "--json"), "not a run folder"),
        (("search", "digits-14", "--budget", "1", "--json"), "below one generation"),
    ],
)
def test_wrong_input_ends_with_one_line_and_nothing_is_left(
    arguments: tuple[str, ...], says: str, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "front.csv").write_text(HEAD + "0,0.9,0.8,0.5,1\n")
    before = sorted(tmp_path.rglob("*"))
    done = command(*arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert all(event["event"] == "begins" for event in map(json.loads, done.stdout.splitlines()))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_front_of_one_is_picked_from(tmp_path: Path, command: Command) -> None:
    (tmp_path / "front.csv").write_text(HEAD + "4,0.9,0.8,0.5,1\n")
    assert (
        "member 4, by asf among 1 networks: it is the only one" in command("pick", ".", cwd=tmp_path).stdout
    )


def completed(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What bash offers for the last word."""
    monkeypatch.setenv("_CCSRP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(("ccsrp", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    with pytest.raises(SystemExit) as end:
        app(prog_name="ccsrp")
    said = capsys.readouterr()
    assert (end.value.code, said.err) == (0, "")
    return said.out.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("search", "digits-1"), ["digits-14", "digits-15", "digits-16"]),
        (("show", ""), ["deep/er/run", "run"]),
        (("show", "r"), ["run"]),
        (("pick", "deep/"), ["deep/er/run"]),
        (("resume", "nowhere/"), []),
        (("show", "run", "--sort", "r"), ["robust_accuracy"]),
        (("show", "--max-cost", "1", "run", "--sort", "test_"), ["test_accuracy", "test_robust_accuracy"]),
        (("show", "nowhere", "--sort", ""), []),
        (("audit", "run", "--member", "1"), ["1", "10", "11"]),
        (("pick", "run", "--method", "ps"), ["pseudo-weights"]),
    ],
)
def test_the_shell_completes(words, offered, run: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    for name in ("run", "deep/er/run"):
        (tmp_path / name).mkdir(parents=True)
        lines = (run / "front.csv").read_bytes().splitlines(keepends=True)[:13]
        (tmp_path / name / "front.csv").write_bytes(b"".join(lines))
    for name in ("$(touch owned)", "no run", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "front.csv").touch()
    monkeypatch.chdir(tmp_path)
    assert completed(*words, monkeypatch=monkeypatch, capsys=capsys) == offered


def test_completion_loads_nothing_heavy(run: Path) -> None:
    code = (
        "import sys; import ccsrp.cli\n"
        "from ccsrp.commands import completion\n"
        "completion.problems(''), completion.run_folders('')\n"
        "print([name for name in ('torch', 'pandas', 'pymoo', 'scipy') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=run, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(Path(ccsrp.__file__).parent.parent)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
