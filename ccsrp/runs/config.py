"""What ``config.toml`` of a run says, checked by pydantic when it is read."""

from __future__ import annotations

import platform
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError, RunError, one_line
from ccsrp.files import read_regular

__all__ = [
    "RunConfig",
    "parse_config",
    "parse_stored",
    "parse_tables",
    "read_config",
    "read_config_text",
]

# Bytes of a config.toml at most; those that are written have some thousands.
LARGEST = 1_000_000
# Dots at most: a key of many parts (a.b.c) takes time and memory that grow with their square.
MOST_DOTS = 5000

PACKAGES = ("ccsrp", "torch", "spikingjelly", "numba", "pymoo", "moocore", "numpy", "scipy")


class RunConfig(BaseModel):
    """All that is needed to repeat a search.

    Attributes
    ----------
    problem : str
        Name for ``load_problem``.
    options : dict
        Options for ``load_problem``; those left out have their defaults.
    search : SearchSettings
    attack : dict
        The attack that robustness was judged under, as resolved.
    provenance : dict
        What the problem says that its answers depend on: a hash of the weights, numbers of images, device.
    rounds : dict
        Of a search in rounds: how many, where to, and how networks are fine-tuned.
    layers : dict
        How many filters each layer has, in the order in which the layers lie in a mask; empty in the config
        of a run that was made before this was written down.
    versions : dict
        Of Python and of the packages that could change a result.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    problem: str
    options: dict[str, str | int | float | bool]
    search: SearchSettings
    attack: dict[str, str | int | float | bool]
    provenance: dict[str, str | int | float | bool]
    versions: dict[str, str]
    rounds: dict[str, str | int | float | bool] = {}
    layers: dict[str, int] = {}

    @classmethod
    def of(
        cls,
        name: str,
        options: dict[str, Any],
        search: SearchSettings,
        problem: object,
        *,
        rounds: dict[str, Any] | None = None,
    ) -> RunConfig:
        """Describe a run about to start on what ``load_problem(name, **options)`` built."""
        attack = getattr(problem, "attack", None)
        space = getattr(problem, "space", None)
        return cls(
            problem=name,
            options={
                key: str(value.resolve()) if isinstance(value, Path) else value
                for key, value in options.items()
            },
            search=search,
            attack={} if attack is None else attack.table(),
            provenance=getattr(problem, "provenance", {}),
            rounds={key: value for key, value in (rounds or {}).items() if value is not None},
            layers={} if space is None else dict(zip(space.names, space.sizes, strict=True)),
            versions=_versions(),
        )

    def same_run(self, other: RunConfig) -> bool:
        """Tell whether two describe the same run, if with other versions of packages."""
        return self.settings() == other.settings()

    def settings(self) -> dict[str, Any]:
        """Return all but the versions of packages, table by table."""
        return {name: value for name, value in self.tables().items() if name != "versions"}

    def changed_versions(self) -> list[str]:
        """List the packages that are not installed as they were, such as ``torch 2.6.0, now 2.7.0``."""
        now = _versions()
        return [
            f"{name} {was}, now {now.get(name, 'missing')}"
            for name, was in self.versions.items()
            if now.get(name) != was
        ]

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the tables of ``config.toml``."""
        content = self.model_dump()
        for name in ("rounds", "layers"):
            if not content[name]:
                del content[name]
        content["search"]["initial_keep"] = list(content["search"]["initial_keep"])
        return {"run": {"problem": content.pop("problem")}} | content


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def parse_stored(text: str, folder: Path) -> RunConfig:
    """Read the config that a run store keeps.

    Raises
    ------
    RunError
        A user's own words about a search from Python, or a damaged config.
    """
    if not text.lstrip().startswith("[run]"):
        raise RunError(
            f"{folder} was made from Python (ccsrp.recorded), which goes on from there; commands read what "
            f"'ccsrp search' wrote, of a class of your own too: 'ccsrp search MODULE:CLASS'"
        )
    return parse_config(text, folder / "run.sqlite")


def read_config(path: Path) -> RunConfig:
    """Read ``config.toml`` of a run folder.

    Raises
    ------
    RunError
        Missing, not TOML, or with unknown or wrong entries.
    """
    file = path / "config.toml"
    return parse_config(read_config_text(file), file)


def read_config_text(file: Path) -> str:
    """Read the text of a ``config.toml``.

    Raises
    ------
    RunError
        It is missing, is no text, or is far larger than any.
    """
    try:
        return read_regular(file, at_most=LARGEST).decode()
    except OSError as error:
        raise RunError(
            f"cannot read {file} ({error.strerror}); give a run folder, or let 'ccsrp resume' write it anew"
        ) from None
    except UnicodeDecodeError as error:
        raise RunError(f"{file} is damaged ({error})") from None


def parse_tables(text: str, file: Path) -> dict[str, Any]:
    """Read TOML; ``file`` is named in errors.

    Raises
    ------
    RunError
        It is none, or is nested beyond all measure.
    """
    if text.count(".") > MOST_DOTS:
        raise RunError(f"{file} is damaged (more than {MOST_DOTS:,} dots)")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file} is damaged ({one_line(error)})") from None


def parse_config(text: str, file: Path) -> RunConfig:
    """Read what ``config.toml`` holds; ``file`` is named in errors.

    Raises
    ------
    RunError
        Not TOML, or with unknown or wrong entries.
    """
    try:
        content = parse_tables(text, file)
        return RunConfig(problem=content.pop("run")["problem"], **content)
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(f"{file} is wrong at {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except RunError:
        raise
    except OptionError as error:
        raise RunError(f"{file} is wrong: {error}") from None
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise RunError(f"{file} is damaged ({one_line(error)})") from None
