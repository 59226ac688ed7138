"""The files of a run folder that people and other programs read; the run store can write them anew."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import tomli_w

from ccsrp.files import write_atomically
from ccsrp.runs.advice import resume_command
from ccsrp.runs.tables import write_csv

if TYPE_CHECKING:
    from ccsrp.coevolution.run import SearchResult

__all__ = ["FRONT_COLUMNS", "config_bytes", "write_front", "write_history", "write_rounds"]

FRONT_COLUMNS = (
    "member",
    "round",
    "accuracy",
    "robust_accuracy",
    "cost",
    "flops",
    "params",
    "synops",
    "test_accuracy",
    "test_robust_accuracy",
    "mask",
)


def config_bytes(tables: dict[str, dict[str, Any]]) -> bytes:
    """Return what ``config.toml`` holds: all that is needed to repeat the run."""
    return tomli_w.dumps(tables).encode()


def write_history(folder: Path, history: pd.DataFrame) -> None:
    """Write ``history.csv``, a row a generation."""
    write_csv(history, folder / "history.csv", then=_go_on(folder))


def write_rounds(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``rounds.csv``, a row a finished round."""
    write_csv(pd.DataFrame(rows), folder / "rounds.csv", then=_go_on(folder))


def write_front(folder: Path, result: SearchResult) -> None:
    """Write ``front.png`` and ``front.csv``."""
    picture = io.BytesIO()
    result.plot().savefig(picture, format="png", dpi=200)
    write_atomically(folder / "front.png", picture.getvalue(), then=_go_on(folder))
    columns = [name for name in FRONT_COLUMNS if name in result.front]
    write_csv(result.front[columns], folder / "front.csv", then=_go_on(folder))


def _go_on(folder: Path) -> str:
    return f"go on with '{resume_command(folder)}'"
