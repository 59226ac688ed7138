"""What all fuzz tests share: how often they try, how input is spoilt, and what a good end is."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ccsrp.cli import main
from ccsrp.errors import CcsrpError

# CCSRP_FUZZ=100 tries a hundred times as much, and something else each time.
TIMES = int(os.environ.get("CCSRP_FUZZ", "1"))

# Numbers and texts that break what trusts them.
NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 2**31, 2**63 - 1, 2**63, 10**12, 10**18, 10**30, -(10**30)]),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 5e-324, 0.5]),
    st.integers(-5, 5),
    st.floats(),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "\0",
            "a\nb",
            "\x1b[31mred\x1b]0;title\a",
            "\u202egnp.exe",
            "../../escaped",
            "/etc/passwd",
            "[/]",
        ]
    ),
    st.sampled_from(["1" * 100_000, "[bold]", "%s%n", "{0}", "nan", "1e999", "\ud800", "digits", "true"]),
    st.text(max_size=20),
)
VALUES = st.one_of(NUMBERS, TEXTS, st.booleans())


def tries(examples: int) -> settings:
    """Return settings that try that many inputs, always the same, unless more is asked for."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def spoilt(draw: st.DrawFn, content: bytes) -> bytes:
    """Change, cut, double or take out some bytes of a valid file; sometimes all of it is noise."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=400))
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        piece = draw(st.sampled_from([b"\0", b"\xff", b"\n", b",", b'"', b"-", b"9", b"\x7f\xff\xff\xff"]))
        kind = draw(st.sampled_from(["change", "insert", "cut", "remove", "double", "noise"]))
        if kind == "change":
            changed[place : place + len(piece)] = piece
        elif kind == "insert":
            changed[place:place] = piece
        elif kind == "cut":
            del changed[place:]
        elif kind == "remove":
            del changed[place : place + draw(st.integers(1, 64))]
        elif kind == "double":
            changed[place:place] = changed[place : place + draw(st.integers(1, 200))]
        else:
            noise = draw(st.binary(min_size=1, max_size=8))
            changed[place : place + len(noise)] = noise
    return bytes(changed)


def is_one_line(message: str) -> bool:
    """Tell whether a message is one line of bounded length that does nothing to a terminal."""
    return 0 < len(message) < 5000 and message.isprintable()


def ends_well(call: Callable[[], Any]) -> Any:
    """Return what a call gives; ``None`` if it ends with a clear error. Anything else fails the test."""
    try:
        return call()
    except CcsrpError as error:
        message = str(error)
    assert is_one_line(message), repr(message)
    return None


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    error: str


def said(*arguments: str) -> Said:
    """Run the command line in this process; see that it ends as the contract says."""
    out, error, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["ccsrp", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            main()
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.argv = before
    lines = error.getvalue().splitlines()
    assert status in (0, 2), f"status {status}: {lines}"
    if status == 2 and not lines[0].startswith("Usage: "):  # what typer itself refuses
        assert len(lines) == 1, lines
        assert lines[0].startswith("ccsrp: "), lines
        assert is_one_line(lines[0]), lines
    assert all(line.isprintable() for line in out.getvalue().split("\n")), repr(out.getvalue())
    return Said(status, out.getvalue(), error.getvalue())
