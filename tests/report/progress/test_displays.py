"""What is drawn, said and written of a search: in terminals of all kinds, in logs, as JSON."""

from __future__ import annotations

import io
import json
import math
import unicodedata
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from ccsrp.coevolution.archive import Archive
from ccsrp.coevolution.run import SearchResult
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.report.layer_names import left_whole_line
from ccsrp.report.progress.info import progress_info
from ccsrp.report.progress.json_lines import JsonLines
from ccsrp.report.progress.lines import Lines
from ccsrp.report.progress.live import LiveDisplay, can_be_live, drawn
from ccsrp.report.progress.state import SearchState
from tests.report.progress.events import beginning, earlier, generation, two_rounds

RESULT = SearchResult(
    front=pd.DataFrame({"member": [0], "accuracy": [0.5], "energy": [math.nan], "mask": ["10"]}),
    history=pd.DataFrame(),
    archive=Archive(n_var=2, reference_point=np.ones(3)),
    settings=SearchSettings(),
)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def page(width: int, *, budget: int = 300, encoding: str = "utf-8") -> list[str]:
    state = SearchState(budget=budget, rounds=2)
    for number in range(1, 60):
        state = state.generation(generation(number, number * budget // 60, stopped=2, failed=1))
    console = Console(file=io.StringIO(), width=width, _environ={})
    info = progress_info(state, elapsed=100_000.0)
    console.print(drawn(info, width=width, ascii_only=encoding != "utf-8"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 41, 63, 64, 67, 80, 120, 200])
@pytest.mark.parametrize("budget", [300, 10**9])
def test_every_width_from_40_shows_everything_whole(width: int, budget: int) -> None:
    lines = page(width, budget=budget)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= min(width - 3, 78), "^C behind it must not break a line"
    assert "…" not in text
    for shown in ("1 of 2", "generation 60", f"of {budget}", "0.3590", "0.980", "0.750", "0.250"):
        assert shown in text, shown
    for shown in ("4 networks", "left", "evaluations/s", "27:46:40", "(0.0%)" if budget > 300 else "(0.7%)"):
        assert shown in text, shown
    assert len(lines) <= 16


def test_ascii_terminals_get_ascii() -> None:
    state = SearchState(budget=10).generation(generation(1, 5)).generation(generation(2, 7))
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=file, width=60, _environ={})
    display = LiveDisplay(console)
    display.state = state
    with display.shown():
        pass
    file.flush()
    assert b"7 of 10" in file.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("environment", "file", "live"),
    [
        ({"TERM": "xterm"}, Tty(), True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Tty(), True),
        ({"TERM": "dumb"}, Tty(), False),
        ({"TERM": "xterm"}, io.StringIO(), False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, io.StringIO(), False),
        ({"TERM": "xterm", "TTY_INTERACTIVE": "0"}, Tty(), False),
    ],
)
def test_only_terminals_that_can_move_their_cursor_are_live(environment, file, live) -> None:
    assert can_be_live(Console(file=file, _environ=environment)) is live


def test_colours_can_be_refused() -> None:
    state = SearchState(budget=10).generation(generation(1, 5, failed=1))
    file = Tty()
    display = LiveDisplay(Console(file=file, width=80, _environ={"TERM": "xterm", "NO_COLOR": "1"}))
    display.state = state
    with display.shown():
        pass
    written = file.getvalue()
    assert "finished" in written
    assert not any(f"\x1b[{colour}m" in written for colour in (*range(30, 38), "1;31", "36"))
    assert written.endswith("\x1b[?25h"), "the cursor is back"


def test_a_log_has_a_line_for_every_event() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    two_rounds(lines)
    lines.failures(1, "out of memory")
    lines.ended("no smaller network")
    assert said[:3] == [
        "digits: 80 filters in 3 layers",
        "left whole: stem.0, block.conv2 (add)",
        "robust under: sharp",
    ]
    assert said[3] == (
        "    10 evaluations  round 1, generation 1: hypervolume 0.3010, 4 on the front, 5.00 evaluations/s"
    )
    assert said[5] == "round 1: fine-tuned to accuracy 0.980, robust 0.750, cost 0.400"
    assert said[-2:] == ["1 network could not be judged: out of memory", "no smaller network"]
    assert len(said) == 11


def test_a_search_without_rounds_does_not_speak_of_any() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    lines.begins(replace(beginning(), left_whole={}))
    lines.resumed(earlier())
    lines.generation(generation(1, 70, seconds=1.0))
    assert said[2] == "going on: 51 evaluations are known"
    assert "round" not in said[3]


def test_layers_left_whole_are_one_line_whatever_their_names() -> None:
    one = left_whole_line({f"features.block{number}.conv2": "add" for number in range(400)})
    assert len(one) < 200
    assert one.endswith(" more")
    long = left_whole_line({"\x1b[31m" + "n" * 1000 + "\n": "layer 'x'\n" * 500, "second": "add"})
    assert long.isprintable()
    assert len(long) < 400


def events() -> list[dict[str, object]]:
    written: list[str] = []
    display = JsonLines(written.append)
    two_rounds(display)
    display.note("\x1b[31m\u202ered\n")
    display.resumed(earlier())
    display.failures(2, "out of memory")
    display.ended("enough")
    display.result(RESULT)
    assert all(line.isascii() and line.isprintable() for line in written)
    return [json.loads(line, parse_constant=lambda _: pytest.fail("not finite")) for line in written]


def test_every_event_is_one_line_of_json_with_finite_numbers() -> None:
    found = events()
    names = [event["event"] for event in found]
    assert names[:5] == ["begins", "generation", "generation", "tuning", "round"]
    assert names[-5:] == ["note", "resumed", "failures", "ended", "result"]
    assert found[0]["rounds"] == 2
    assert found[0]["left_whole"] == {"stem.0": "add", "block.conv2": "add"}
    assert found[1] | {"seconds_left": 4.0, "evaluations": 10, "round": 1} == found[1]
    assert found[-1]["folder"] == "run"
    assert found[-1]["members"] == [{"member": 0, "accuracy": 0.5, "energy": None, "mask": "10"}]
    assert not any(unicodedata.category(c) == "Cc" for event in found for c in str(event["event"]))


def test_every_event_is_documented() -> None:
    from ccsrp.report.progress import json_lines

    assert json_lines.__doc__ is not None
    for event in events():
        about = json_lines.__doc__.split(f"``{event['event']}``\n")[1].split("\n``")[0]
        columns = event["event"] in ("generation", "round")  # those of a file
        for name in event:
            assert columns or name == "event" or f"``{name}``" in about, (event["event"], name)
