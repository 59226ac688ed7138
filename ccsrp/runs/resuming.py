"""A search that was interrupted, found again on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccsrp.errors import RunError
from ccsrp.importing import is_own
from ccsrp.registry import load_problem
from ccsrp.runs.config import RunConfig, parse_stored, read_config_text
from ccsrp.runs.folder import refuse_comparison
from ccsrp.runs.plan import RoundPlan
from ccsrp.runs.store import RunStore
from ccsrp.snn.downloads import no_downloads

__all__ = ["Interrupted", "check_named", "load_searched", "reopened"]


@dataclass(frozen=True)
class Interrupted:
    """What is needed to go on with a search.

    Attributes
    ----------
    config : RunConfig
    problem : SearchProblem
        As it was searched.
    plan : RoundPlan, optional
    """

    config: RunConfig
    problem: Any
    plan: RoundPlan | None


def reopened(folder: Path, *, problem: str | None = None) -> Interrupted:
    """Check a run folder, and load its problem; nothing is written.

    Parameters
    ----------
    folder : Path
    problem : str, optional
        See ``load_searched``.

    Raises
    ------
    RunError
        Not a run folder, a damaged one, or one whose problem is not what it was.
    """
    if not os.path.isdir(folder):  # unlike Path.is_dir, of any name
        raise RunError(f"{folder} is not a run folder; give the folder that 'ccsrp search --out' wrote")
    refuse_comparison(folder)
    with RunStore(folder, read_only=True) as store:
        text = store.config
    config = parse_stored(text, folder)
    file = folder / "config.toml"
    try:
        changed = file.exists() and read_config_text(file) != text
    except RunError:
        changed = True
    if changed:
        raise RunError(
            f"{file} is not what the search began with; restore it, or delete it and it is written anew"
        )
    plan = RoundPlan.of(config.rounds)
    return Interrupted(config, load_searched(folder, config, problem=problem), plan)


def check_named(folder: Path, config: RunConfig, problem: str | None) -> None:
    """See that a run's problem is an installed one, or one that the user has named.

    Raises
    ------
    RunError
        It is a module's class that nobody but the folder names, or another than the user names.
    """
    if problem not in (None, config.problem):
        raise RunError(f"{folder} is a search on {config.problem!r}, not on {problem!r}")
    if problem is None and is_own(config.problem):
        raise RunError(
            f"{folder} is a search on {config.problem!r}, a class that is not installed; no folder has "
            f"code run: if it is yours, say so with --problem {config.problem}"
        )


def load_searched(folder: Path, config: RunConfig, *, problem: str | None = None) -> Any:
    """Load the problem of a run, and see that it is what it was.

    Parameters
    ----------
    folder : Path
    config : RunConfig
    problem : str, optional
        Its name, which must be given where it is a ``module:class``: a folder may come from someone else, so
        none has code run that is not installed.

    Raises
    ------
    RunError
        Its weights or its device are others than those of the search, or it is code that nobody named.
    """
    check_named(folder, config, problem)
    # A config may come from someone else: nothing is downloaded to where it says.
    with no_downloads():
        loaded = load_problem(config.problem, **config.options)
    described = RunConfig.of(config.problem, config.options, config.search, loaded)
    now, before = described.provenance | described.attack, config.provenance | config.attack
    for name, is_now in now.items():
        was = before.get(name)
        if was == is_now or (name == "data_set" and was is None):  # older runs do not name it
            continue
        if name == "weights_sha256":
            raise RunError(
                f"{folder} was searched on other weights than {config.problem!r} has now (SHA-256 "
                f"{str(was)[:12]}...); restore them"
            )
        if name in described.attack:
            raise RunError(
                f"{folder} was searched under another attack than {config.problem!r} has now: its {name} was "
                f"{was!r}, now it is {is_now!r}; restore the attack, or search into another folder"
            )
        raise RunError(
            f"{folder} was searched with {name} {was!r}, here it would be {is_now!r}: figures would not be "
            f"comparable; go on where it began"
        )
    return loaded
