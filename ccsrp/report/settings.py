"""What was searched and how: the settings of runs, side by side, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccsrp.attack.exact import exact
from ccsrp.report.record import RunRecord, Setting

__all__ = ["SettingRow", "SettingsInfo", "attack_sentence", "duration", "settings_info"]

NOT_SET = "not set"


@dataclass(frozen=True)
class SettingRow:
    """One setting.

    Attributes
    ----------
    group, name : str
    values : tuple of str
        One a run.
    differs : bool
        Whether not all runs have the same.
    """

    group: str
    name: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class SettingsInfo:
    """The settings of one or more runs.

    Attributes
    ----------
    runs : tuple of str
    rows : tuple of SettingRow
        Group by group.
    """

    runs: tuple[str, ...]
    rows: tuple[SettingRow, ...]

    @property
    def differing(self) -> tuple[SettingRow, ...]:
        """The rows in which runs differ."""
        return tuple(row for row in self.rows if row.differs)


def settings_info(records: Sequence[RunRecord]) -> SettingsInfo:
    """Lay the settings of runs out side by side."""
    tables = [_tables(record) for record in records]
    groups = dict.fromkeys(group for table in tables for group in table)
    rows = []
    for group in groups:
        for name in dict.fromkeys(name for table in tables for name in table.get(group, {})):
            values = tuple(table.get(group, {}).get(name, NOT_SET) for table in tables)
            rows.append(SettingRow(group, name.replace("_", " "), values, len(set(values)) > 1))
    return SettingsInfo(tuple(record.name for record in records), tuple(rows))


def attack_sentence(attack: Mapping[str, Setting]) -> str:
    """Say all that a robustness figure must be read with, in one line, as ``Attack.describe`` does.

    >>> attack_sentence({})
    'no attack of its own: the problem says how robust a network is'
    """
    if not attack:
        return "no attack of its own: the problem says how robust a network is"

    def number(name: str) -> str:
        value = attack.get(name)
        if isinstance(value, float) and name in ("eps", "step_size"):
            return exact(value)
        return f"{value:.4g}" if isinstance(value, float) else _plain(value)

    if "run" in attack:  # a function that a user brings
        return (
            f"{attack.get('name', 'unnamed')}, made by {attack['run']}, in the L-infinity box of eps "
            f"{number('eps')}, surrogate {attack.get('surrogate', '')}, clean and attacked image, seed "
            f"{number('seed')}"
        )
    parts = [
        f"{attack.get('name', 'unnamed')} PGD",
        "L-infinity",
        f"eps {number('eps')}",
        f"{number('steps')} steps",
        f"step {number('step_size')} {attack.get('schedule', '')}".rstrip(),
        f"{str(attack.get('loss', '')).replace('_', '-')} loss",
        f"surrogate {attack.get('surrogate', '')}",
        "every iterate" if attack.get("every_iterate") else "last iterate",
        f"seed {number('seed')}",
    ]
    if "rounds" in attack:
        parts += [
            f"{number('rounds')} rounds",
            f"near surrogate {attack.get('near_surrogate', '')}",
            f"patience {number('patience')}",
        ]
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Write a time for people.

    >>> duration(8.66), duration(200), duration(7300)
    ('8.7 s', '3 min 20 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _tables(record: RunRecord) -> dict[str, dict[str, str]]:
    """Return all settings as text, what was searched first."""
    given = record.settings
    attack = given.get("attack", {})
    about = {
        "problem": record.problem,
        "networks on the front": str(len(record.front)),
        "evaluations": NOT_SET if record.evaluations is None else str(record.evaluations),
        "time searching": NOT_SET if record.seconds is None else duration(record.seconds),
        "robust accuracy under": attack_sentence(attack),
    }
    if record.layers is not None:
        about["filters"] = f"{record.layers.n_var} in {record.layers.n_layers} layers"
    if record.unfinished:
        about["state"] = "not finished"
    named = {group: {name: _plain(value) for name, value in table.items()} for group, table in given.items()}
    order = [name for name in ("search", "options", "attack", "provenance", "rounds") if named.get(name)]
    order += [name for name in named if name not in order and named[name]]
    return {"run": about} | {name: named[name] for name in order}


def _plain(value: Setting | None) -> str:
    if value is None:
        return NOT_SET
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    return str(value)
