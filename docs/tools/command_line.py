"""Write the reference of the command line from what the commands say of themselves.

python docs/tools/command_line.py    (writes docs/reference/command-line.md)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from ccsrp.cli import app

__all__ = ["page"]

PAGE = Path(__file__).parents[1] / "reference" / "command-line.md"
TOP = """# Command line

<!-- Written by docs/tools/command_line.py. -->

{help} `ccsrp --version` prints the version, `ccsrp COMMAND --help` what stands here.

Wrong input ends a command with one line and status 2, before any work is done. Ctrl-C ends it with
status 130; what had been written by then is whole.
"""
DEFAULT = re.compile(r"\s*\[default: (.*?)\]")
KINDS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command, its type without ``None`` and lists, and what Typer was told."""

    name: str
    kind: Any
    several: bool
    default: object
    info: ArgumentInfo | OptionInfo

    @property
    def flag(self) -> bool:
        """Whether it is an option that takes no value."""
        return self.kind is bool

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def value(self) -> str:
        """What stands for its value."""
        word = self.choices[0] if len(self.choices) == 1 else "WORD"
        return str(self.info.metavar or KINDS.get(self.kind, word if self.choices else "VALUE"))

    @property
    def choices(self) -> list[str]:
        """The words that it takes, if they are few."""
        if isinstance(self.kind, type) and issubclass(self.kind, Enum):
            return [str(choice.value) for choice in self.kind]
        return []


def page() -> str:
    """Return the page that the commands make."""
    assert app.info.help is not None
    parts = [TOP.format(help=_text(app.info.help))]
    parts += [_section(command.callback) for command in app.registered_commands if command.callback]
    return "\n".join(parts)


def _section(command: Callable[..., Any]) -> str:
    parameters = list(_parameters(command))
    arguments = [item for item in parameters if isinstance(item.info, ArgumentInfo)]
    options = [item for item in parameters if isinstance(item.info, OptionInfo) and not item.info.hidden]
    name = f"ccsrp {command.__name__}"
    needed = [_shown(item) for item in options if item.required]
    rest = ["[OPTIONS]"] if len(needed) < len(options) else []
    usage = " ".join([name, *map(_argument, arguments), *needed, *rest])
    lines = [f"## {name}", "", f"    {usage}", "", _text(inspect.getdoc(command) or ""), ""]
    if arguments:
        lines += ["| argument | |", "| --- | --- |"]
        lines += [f"| `{_argument(item)}` | {_cell(item.info.help)} |" for item in arguments]
        lines += [""]
    if options:
        lines += ["| option | default | |", "| --- | --- | --- |", *map(_row, options), ""]
    return "\n".join(lines)


def _parameters(command: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, *told = get_args(hints[name]) or (hints[name],)
        for info in told:
            if isinstance(info, ArgumentInfo | OptionInfo):
                one = _one_of(_without_none(kind))
                yield Parameter(name, one, one is not _without_none(kind), parameter.default, info)


def _without_none(kind: Any) -> Any:
    found = [part for part in get_args(kind) if part is not NoneType]
    return found[0] if get_origin(kind) in (Union, UnionType) else kind


def _one_of(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is list else kind


def _argument(item: Parameter) -> str:
    name = str(item.info.metavar or item.name.upper())
    if item.several and not name.endswith("..."):
        name = f"{name} ..."
    return name if item.required else f"[{name}]"


def _names(item: Parameter) -> str:
    # Inside of Annotated, Typer takes the first name for a default and sorts it out later.
    told = [str(name) for name in (item.info.default, *(item.info.param_decls or ())) if _is_name(name)]
    plain = item.name.replace("_", "-")
    own = f"--{plain}/--no-{plain}" if item.flag else f"--{plain}"
    return ", ".join(told or [own])


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.startswith("-")


def _shown(item: Parameter) -> str:
    return _names(item) if item.flag else f"{_names(item)} {item.value}"


def _row(item: Parameter) -> str:
    help = DEFAULT.sub("", item.info.help or "")
    if len(item.choices) > 1:
        help += f" One of {', '.join(f'`{choice}`' for choice in item.choices)}."
    cells = (f"`{_shown(item)}`", _default(item), help)
    return f"| {' | '.join(map(_cell, cells))} |"


def _default(item: Parameter) -> str:
    told = DEFAULT.search(item.info.help or "")
    if told:
        return told.group(1)
    if item.required:
        return "required"
    if item.flag:
        either = _names(item).split("/")
        return f"`{either[0 if item.default else 1]}`" if len(either) == 2 else ""
    if item.default is None:
        return ""
    values = item.default if isinstance(item.default, list) else [item.default]
    return " ".join(f"`{value.value if isinstance(value, Enum) else value}`" for value in values)


def _text(text: str) -> str:
    """Put commands between backticks."""
    return re.sub(r"'(ccsrp[^']*)'", r"`\1`", inspect.cleandoc(text).strip())


def _cell(text: str | None) -> str:
    return _text(" ".join((text or "").split())).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
