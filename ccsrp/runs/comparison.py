"""A comparison of methods on disk: a cell for every method and seed, then one table.

``cells/METHOD-SEED.csv`` appears once all of its networks are made and measured, so an interrupted comparison
goes on with the first cell that is missing.
"""

from __future__ import annotations

import io
import os
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from pandas.api.types import is_numeric_dtype

from ccsrp.checks import check_count
from ccsrp.differences import differences
from ccsrp.errors import OptionError, RunError
from ccsrp.files import inside, write_atomically
from ccsrp.methods import method
from ccsrp.methods.interface import FineTuning, PrunableProblem, Pruned, Task, check_targets
from ccsrp.methods.measure import FIGURES, measure
from ccsrp.report.comparison import comparison_figure, comparison_info, comparison_markdown
from ccsrp.runs.comparison_audit import network_file
from ccsrp.runs.config import parse_tables, read_config_text
from ccsrp.runs.folder import new_folder
from ccsrp.runs.tables import read_csv, write_csv
from ccsrp.snn.training import EpochReport
from ccsrp.snn.weights import save_weights

__all__ = ["DENSE", "ComparisonSettings", "comparison_folder", "run_comparison", "write_report"]

DENSE = "dense"


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """What is compared.

    Parameters
    ----------
    methods : sequence of str
        Names of ``ccsrp.methods.METHODS``.
    targets : sequence of float
        Largest shares of the dense network's cost, in (0, 1].
    seeds : int
        Each method runs with seeds 0 to ``seeds`` - 1.
    budget : int
        Masks that a method which judges masks may judge.
    tuning : FineTuning
        The same for all.
    """

    methods: Sequence[str]
    targets: Sequence[float] = (0.5, 0.35)
    seeds: int = 1
    budget: int = 300
    tuning: FineTuning = field(default_factory=FineTuning)

    def __post_init__(self) -> None:
        check_targets(self.targets)
        for name, items in (("method", self.methods), ("target", self.targets)):
            if not items or len(set(items)) != len(items):
                raise OptionError(f"name every {name} once, and at least one, got {list(items)}")
        for name in self.methods:
            method(name)
        if self.seeds < 1:
            raise OptionError(f"a comparison needs at least 1 seed, got {self.seeds}")
        check_count("seeds", self.seeds, most=10_000)
        check_count("budget", self.budget, most=10**9)

    def cells(self) -> Iterator[tuple[str, int]]:
        """Yield what there is to do: the dense network, then method by method for every seed."""
        yield DENSE, 0
        for seed in range(self.seeds):
            for name in self.methods:
                yield name, seed


def run_comparison(
    problem: PrunableProblem,
    settings: ComparisonSettings,
    folder: Path,
    *,
    described: dict[str, Any],
    on_network: Callable[[str], None] | None = None,
    on_epoch: Callable[[EpochReport, int], None] | None = None,
) -> pd.DataFrame:
    """Make and measure what is missing in ``folder``, and write ``table.csv``.

    Parameters
    ----------
    problem : PrunableProblem
    settings : ComparisonSettings
    folder : Path
        An existing folder, empty or of the same comparison.
    described : dict
        The problem's name and options, for ``config.toml``.
    on_network : callable, optional
        Called with one line after each new network.
    on_epoch : callable, optional
        Called with (report, epochs of fine-tuning) after every epoch of any training.

    Returns
    -------
    DataFrame
        One row a network.

    Raises
    ------
    RunError
        The folder holds another comparison, or a damaged cell.
    OptionError
        A method cannot reach a target. Finished cells stay.
    """
    settings.tuning.chosen(*problem.images("train"))  # refused before anything is written
    _claim(folder, settings, described, settings.tuning.table(problem.attack))
    for part in ("cells", "networks"):
        try:
            inside(folder, part).mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot write to {folder} ({error.strerror}); name another --out") from None
    tables = []
    for name, seed in settings.cells():
        file = folder / "cells" / f"{name}-{seed}.csv"
        if not file.exists():
            write_csv(_cell(problem, settings, folder, name, seed, on_network, on_epoch), file)
        tables.append(_read_cell(file, name, seed, (1.0,) if name == DENSE else settings.targets))
    table = pd.concat(tables, ignore_index=True)
    write_csv(table, folder / "table.csv")
    return table


@contextmanager
def comparison_folder(path: Path) -> Iterator[Path]:
    """Open the folder of a comparison: a new one, or one that was begun before.

    Raises
    ------
    RunError
        It holds something else, or cannot be written.
    """
    if os.path.isdir(path / "cells"):
        yield path
    else:
        with new_folder(path):
            yield path


def write_report(table: pd.DataFrame, folder: Path, *, cost: str = "flops", about: str = "") -> str:
    """Write ``summary.md`` and ``comparison.png``, drawn over that cost; return the former.

    ``about`` is a paragraph to stand above the table, such as that of ``comparison_words``.
    """
    text = f"{about}\n\n{comparison_markdown(table)}" if about else comparison_markdown(table)
    write_atomically(folder / "summary.md", text.encode())
    picture = io.BytesIO()
    comparison_figure(comparison_info(table, cost=cost)).savefig(picture, format="png", dpi=130)
    write_atomically(folder / "comparison.png", picture.getvalue())
    return text


def _cell(
    problem: PrunableProblem,
    settings: ComparisonSettings,
    folder: Path,
    name: str,
    seed: int,
    on_network: Callable[[str], None] | None,
    on_epoch: Callable[[EpochReport, int], None] | None,
) -> pd.DataFrame:
    rows = []
    began = time.perf_counter()
    for pruned in _networks(problem, settings, name, seed, on_epoch):
        seconds = time.perf_counter() - began
        mask = "" if pruned.mask is None else problem.space.to_string(pruned.mask)
        row = {"method": name, "seed": seed, "target": pruned.target, **measure(problem, pruned)}
        rows.append(row | {"seconds": round(seconds, 2), "mask": mask})
        stem = network_file(name, seed, pruned.target)
        save_weights(
            pruned.network.network, folder / "networks" / f"{stem}.safetensors", metadata={"mask": mask}
        )
        if on_network is not None:
            shown = (f"{name.replace('_', ' ')} {row[name]:.3f}" for name in (*FIGURES[:2], "flops"))
            on_network(f"{stem}: {', '.join(shown)}")
        began = time.perf_counter()
    return pd.DataFrame(rows)


def _networks(
    problem: PrunableProblem,
    settings: ComparisonSettings,
    name: str,
    seed: int,
    on_epoch: Callable[[EpochReport, int], None] | None,
) -> Iterator[Pruned]:
    if name == DENSE:
        yield Pruned(1.0, problem.base_network(), problem.space.full())
        return
    tuning = settings.tuning
    task = Task(
        problem,
        tuning,
        budget=settings.budget,
        seed=seed,
        on_epoch=None if on_epoch is None else lambda report: on_epoch(report, tuning.epochs),
    )
    yield from method(name)(task, settings.targets)


def _read_cell(file: Path, name: str, seed: int, targets: Sequence[float]) -> pd.DataFrame:
    """Read what ``_cell`` wrote of one method and seed; its columns name the files of its networks."""
    then = "remove it, and it is made anew"
    cell = read_csv(file, then=then)
    missing = [column for column in ("method", "seed", "target", *FIGURES) if column not in cell]
    if missing:
        raise RunError(f"{file} is damaged: column {missing[0]!r} is missing; {then}")
    wrong = [column for column in ("seed", "target", *FIGURES) if not is_numeric_dtype(cell[column])]
    if wrong:
        raise RunError(f"{file} is damaged: column {wrong[0]!r} holds text; {then}")
    if not (
        (cell["method"] == name).all() and (cell["seed"] == seed).all() and cell["target"].isin(targets).all()
    ):
        raise RunError(f"{file} is damaged: it is of other networks; {then}")
    if np.isinf(cell[list(FIGURES)].to_numpy(dtype=float)).any() or cell["test_accuracy"].isna().any():
        raise RunError(f"{file} is damaged: a figure is not finite; {then}")
    return cell


def _claim(
    folder: Path, settings: ComparisonSettings, described: dict[str, Any], tuning: dict[str, Any]
) -> None:
    """Write what is compared, or see that it is what was compared here before.

    More seeds may be asked for than before: the cells that are there stay as they are.
    """
    content = {
        key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()
    }
    del content["tuning"]
    tuning = tuning | {"images": tuning["images"] or "all"}
    config = {"problem": described, "comparison": content, "fine-tuning": tuning}
    file = folder / "config.toml"
    if file.exists():
        before, now = parse_tables(read_config_text(file), file), tomllib.loads(tomli_w.dumps(config))
        differ = differences(_fixed(before), _fixed(now))
        if differ:
            raise RunError(
                f"{folder} holds a comparison with other settings: {differ}; say the same, or use another "
                f"--out"
            )
    write_atomically(file, tomli_w.dumps(config).encode())


def _fixed(config: dict[str, Any]) -> dict[str, Any]:
    """Return what must stay as it was: all but the methods and the number of seeds."""
    compared = config.get("comparison")
    kept = compared if isinstance(compared, dict) else {}
    return {
        "problem": config.get("problem"),
        "comparison": {name: kept.get(name) for name in ("targets", "budget")},
        "fine-tuning": config.get("fine-tuning"),
    }
