"""Absurd sizes are refused before memory is asked for: shown where hardly any is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is measured and limited as on Linux"
)
def test_absurd_sizes_are_refused_with_hardly_any_memory_left() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.memory"], capture_output=True, text=True, timeout=300, check=False
    )
    ends = dict(line.rsplit(": ", 1) for line in done.stdout.splitlines())
    assert len(ends) == 19, done.stderr
    assert set(ends.values()) == {"refused"}, ends
