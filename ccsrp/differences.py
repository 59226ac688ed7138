"""What two settings differ in, in words: nobody finds it in two long lists of all settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from ccsrp.errors import printable

__all__ = ["differences"]

# Differences that are named, characters of a value, and parts of a text that are compared.
NAMED, VALUE, PARTS = 4, 60, 200


def differences(before: object, now: object) -> str:
    """Name what differs, and nothing else.

    Parameters
    ----------
    before, now : mapping or str
        Settings by name, in tables or not; or free text, which is compared between commas, semicolons and
        ends of lines.

    Returns
    -------
    str
        Empty where nothing differs.

    Examples
    --------
    >>> differences({"budget": 40, "seed": 0}, {"budget": 80, "seed": 0})
    'budget was 40, now 80'
    >>> differences({"search": {"seed": 1}}, {"search": {"seed": 1, "batch": 5}})
    'search.batch was not set, now 5'
    >>> differences("mine, bright rows, eps 0.1", "mine, bright rows, eps 0.2")
    "was 'eps 0.1', now 'eps 0.2'"
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        found = list(_of_tables(before, now, ""))
    elif before == now:
        found = []
    else:
        found = list(_of_texts(str(before), str(now)))
    if len(found) > NAMED:
        found[NAMED:] = [f"{len(found) - NAMED} more"]
    return "; ".join(found)


def _of_tables(before: Mapping[str, object], now: Mapping[str, object], table: str) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        was, is_now = before.get(name), now.get(name)
        if isinstance(was, Mapping) or isinstance(is_now, Mapping):
            was, is_now = (value if isinstance(value, Mapping) else {} for value in (was, is_now))
            yield from _of_tables(was, is_now, f"{table}{name}.")
        elif _plain(was) != _plain(is_now):
            yield f"{table}{printable(str(name), most=VALUE)} was {_shown(was)}, now {_shown(is_now)}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: object) -> str:
    return "not set" if value is None else printable(repr(_plain(value)), most=VALUE)


def _of_texts(before: str, now: str) -> Iterator[str]:
    was, is_now = (re.split(r"\s*[,;\n]\s*", text)[:PARTS] for text in (before, now))
    for kind, first, last, begin, end in difflib.SequenceMatcher(
        None, was, is_now, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            yield f"was {_said(was[first:last])}, now {_said(is_now[begin:end])}"


def _said(parts: list[str]) -> str:
    return _shown(", ".join(parts)) if any(parts) else "nothing"
