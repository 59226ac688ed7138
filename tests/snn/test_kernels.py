"""How kernels are compiled and kept."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest

from ccsrp.snn.kernels import kernel, sources_digest


def test_a_kernel_runs_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_by_numba = numba.njit

    def without_a_folder(*, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_by_numba(**options)

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
