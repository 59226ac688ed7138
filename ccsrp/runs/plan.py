"""The rounds of a run: how many there are, and how their networks are fine-tuned."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ccsrp.coevolution.choice import Choice
from ccsrp.coevolution.rounds import RoundSettings
from ccsrp.errors import RunError
from ccsrp.methods.interface import FineTuning

if TYPE_CHECKING:
    from ccsrp.attack.custom import AnyAttack

__all__ = ["RoundPlan"]


@dataclass(frozen=True)
class RoundPlan:
    """What happens between searches."""

    rounds: RoundSettings
    tuning: FineTuning

    def described(self, attack: AnyAttack) -> dict[str, Any]:
        """Return the table ``rounds`` of ``config.toml``, for a problem judged under ``attack``."""
        settings = asdict(self.rounds)
        settings.pop("choice")
        return settings | asdict(self.rounds.chosen_by()) | self.tuning.table(attack)

    @classmethod
    def of(cls, table: dict[str, Any]) -> RoundPlan | None:
        """Read what ``described`` wrote; ``None`` from an empty table.

        Raises
        ------
        RunError
            Unknown, missing or wrong entries.
        """
        if not table:
            return None
        left = dict(table)

        def taken(kind: type[Any]) -> Any:
            values = {item.name: left.pop(item.name) for item in fields(kind) if item.name in left}
            return TypeAdapter(kind).validate_python(values)

        try:
            choice, tuning, rounds = taken(Choice), taken(FineTuning), taken(RoundSettings)
            if left:
                raise RunError(f"the table 'rounds' of its config has an unknown entry {min(left)!r}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "an entry"
            raise RunError(f"the table 'rounds' of its config is wrong at {where}: {first['msg']}") from None
        return cls(RoundSettings(rounds=rounds.rounds, target_cost=rounds.target_cost, choice=choice), tuning)
