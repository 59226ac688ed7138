"""How kernels are compiled and kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from ccsrp.snn.kernels import kernel, sources_digest, told_of_compilation


@pytest.fixture(autouse=True)
def kept_in_a_folder_of_this_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an earlier run of a test has kept is not there for the next: each compiles anew."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))


def test_a_kernel_runs_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_by_numba = numba.njit

    def without_a_folder(*functions: object, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_by_numba(*functions, **options)

    monkeypatch.setattr(numba, "njit", without_a_folder)

    @kernel()
    def halve(number: float) -> float:
        return number / 2

    assert halve(3.0) == 1.5


def test_division_by_zero_is_torchs() -> None:
    @kernel()
    def inverse(number: float) -> float:
        return 1 / number

    assert inverse(0.0) == float("inf")


def test_the_digest_changes_with_any_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1")
    (tmp_path / "b.py").write_text("b = 1")
    before = sources_digest(tmp_path)
    assert sources_digest(tmp_path) == before
    (tmp_path / "b.py").write_text("b = 2")
    assert sources_digest(tmp_path) != before


def test_the_code_of_other_sources_is_kept_in_other_files() -> None:
    """Numba lists a file before it writes it: what lies there then must not be of an earlier version."""

    def made(sources: str) -> Any:
        def halve(number: float) -> float:
            _ = sources
            return number / 2

        return kernel(sources=sources)(halve)

    old, new = made("a" * 64), made("b" * 64)
    assert old(3.0) == new(3.0) == 1.5
    names = [Path(kind._cache._cache_file._index_name).name for kind in (old, new)]
    assert names[0] != names[1]


def a_kernel() -> Callable[[float], float]:
    def halve(number: float) -> float:
        return number / 2

    halve.__module__ = "ccsrp.made_up"
    compiled: Callable[[float], float] = kernel()(halve)
    return compiled


def test_compilation_is_announced_once_and_its_time_is_known() -> None:
    said: list[str] = []
    began = time.perf_counter()
    with told_of_compilation(said.append) as compilation:
        halve, again = a_kernel(), a_kernel()
        assert (halve(3.0), again(5.0)) == (1.5, 2.5)
        assert len(said) == 1
        assert said[0].startswith("compiling kernels")
        spent = compilation.seconds
        assert 0 < spent < time.perf_counter() - began
        assert halve(4.0) == 2.0
    a_kernel()(1.0)
    assert (len(said), compilation.seconds) == (1, spent)


def test_what_a_user_compiles_is_not_announced() -> None:
    said: list[str] = []
    with told_of_compilation(said.append) as compilation:
        assert numba.njit(lambda number: number + 1)(1) == 2
    assert (said, compilation.seconds) == ([], 0.0)


def test_a_process_that_finds_all_kernels_kept_compiles_nothing() -> None:
    judge = """
import problems
from ccsrp.snn.kernels import told_of_compilation
with told_of_compilation(print):
    problem = problems.DigitsPruning(validation_images=4, test_images=4)
    full = problem.space.full()[None]
    problem.evaluate_bounded(full, problem.evaluate(full))
"""
    for _ in range(2):  # where these tests run first, the first process compiles
        done = subprocess.run([sys.executable, "-c", judge], capture_output=True, text=True, check=True)
    assert done.stdout == ""
