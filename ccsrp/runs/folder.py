"""A run on disk: ``config.toml``, ``history.csv``, ``front.csv``, ``front.png``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import tomli_w

from ccsrp.errors import RunError, one_line
from ccsrp.files import missing_folders, remove_unused, write_atomically

if TYPE_CHECKING:
    from ccsrp.coevolution.rounds import Round
    from ccsrp.coevolution.run import SearchResult
    from ccsrp.coevolution.search import GenerationReport

__all__ = ["FRONT_COLUMNS", "RunFolder", "new_folder", "read_front", "round_weights", "write_csv"]

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


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Create a folder for a run, and take it away again if nothing was written before an error.

    Raises
    ------
    RunError
        The folder exists and is not empty, or cannot be made or written.
    """
    try:
        new = missing_folders(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path} exists and is not empty; name another folder with --out or remove it")
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RunError(f"cannot write to {path} ({error.strerror}); name another folder with --out") from None
    try:
        yield path
    except BaseException:
        remove_unused(new)
        raise


class RunFolder:
    """Writes one search; every file appears whole or not at all.

    Parameters
    ----------
    path : Path
        An existing folder.
    config : dict
        Tables of ``config.toml``: all that is needed to repeat the run.
    """

    def __init__(self, path: Path, config: dict[str, dict[str, Any]]) -> None:
        self.path = path
        self._history: list[dict[str, float]] = []
        self._rounds: list[dict[str, object]] = []
        write_atomically(path / "config.toml", tomli_w.dumps(config).encode())

    def add_generation(self, report: GenerationReport, *, number: int | None = None) -> None:
        """Add a row to ``history.csv``, of round ``number`` if there are several."""
        self._history.append(({} if number is None else {"round": number}) | report.row())
        write_csv(pd.DataFrame(self._history), self.path / "history.csv")

    def add_round(self, finished: Round) -> None:
        """Write the network that a round ended with, and its row of ``rounds.csv``."""
        from ccsrp.snn.weights import save_weights  # brings torch, which showing a front does not need

        row = finished.row()
        file = round_weights(self.path, finished.number)
        file.parent.mkdir(exist_ok=True)
        network = finished.problem.base_network().network  # type: ignore[attr-defined]
        save_weights(network, file, metadata={"mask": str(row["mask"])})
        self._rounds.append(row)
        write_csv(pd.DataFrame(self._rounds), self.path / "rounds.csv")

    def finish(self, result: SearchResult) -> None:
        """Write ``front.png`` and ``front.csv``."""
        picture = io.BytesIO()
        result.plot().savefig(picture, format="png", dpi=200)
        write_atomically(self.path / "front.png", picture.getvalue())
        columns = [name for name in FRONT_COLUMNS if name in result.front]
        write_csv(result.front[columns], self.path / "front.csv")


def round_weights(path: Path, number: int) -> Path:
    """Return where the network that round ``number`` of a run ended with is written."""
    return path / "rounds" / f"round-{number}.safetensors"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with full precision."""
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())


def read_front(path: Path) -> pd.DataFrame:
    """Read the front of a run folder.

    Raises
    ------
    RunError
        No such folder, no finished run in it, or a damaged ``front.csv``.
    """
    file = path / "front.csv"
    if not path.is_dir():
        raise RunError(f"{path} is not a run folder; give the folder that 'ccsrp search --out' wrote")
    if not file.is_file():
        raise RunError(f"{path} holds no front.csv: that search has not finished, or it is another folder")
    try:
        front = pd.read_csv(file, dtype={"mask": str})
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise RunError(f"{file} is damaged ({one_line(error)}); run the search anew") from None
    missing = [
        name for name in ("member", "accuracy", "robust_accuracy", "cost", "mask") if name not in front
    ]
    if missing:
        raise RunError(f"{file} is damaged: column {missing[0]!r} is missing; run the search anew")
    if front.empty:
        raise RunError(f"{file} holds no networks; run the search anew")
    numbers = front.drop(columns="mask")
    wrong = [name for name in numbers if not pd.api.types.is_numeric_dtype(numbers[name])]
    if wrong:
        raise RunError(f"{file} is damaged: column {wrong[0]!r} holds text; run the search anew")
    return front
