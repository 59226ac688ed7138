"""Tables as plain values, for programs that read JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["json_line", "records"]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table with Python's own numbers and texts.

    >>> import pandas as pd
    >>> records(pd.DataFrame({"member": [0], "accuracy": [0.5]}))
    [{'member': 0, 'accuracy': 0.5}]
    """
    columns = [(str(name), table[name].tolist()) for name in table]
    return [{name: values[row] for name, values in columns} for row in range(len(table))]


def json_line(values: Mapping[str, Any]) -> str:
    """Write values as one line of JSON, in ASCII; a number that is not finite becomes ``null``.

    >>> json_line({"event": "generation", "seconds_left": float("inf")})
    '{"event": "generation", "seconds_left": null}'
    """
    return json.dumps(_finite(values), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
