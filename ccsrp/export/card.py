"""The model card of an exported network, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccsrp.errors import printable

__all__ = ["FILES", "Card", "Table", "model_card"]

USE = """\
Made for research on pruned spiking networks: to be loaded, trained on, attacked, converted, measured. It
classifies images like those it was trained on, and nothing else: there is no class for "none of these".
"""

LIMITS = """\
Robust accuracy is what was left under the attack named above, on the images named above, and not a bound: a
stronger attack leaves less. {audit} Figures on validation images flatter the network, because it was chosen
by them; those on test images were not used for any choice unless you chose the member by them. FLOPs,
parameters and synaptic operations are counts, not time or energy.
"""

FILES = {
    "weights.safetensors": "the weights",
    "network.json": "what the network is; `ccsrp.load_network(FOLDER)` rebuilds it to the last bit",
    "network.py": "the same as a script that needs torch, safetensors and SpikingJelly alone",
    "network.nir": "the same in NIR, batch norms folded in: for SpikingJelly and tools of neuromorphic chips",
    "network.onnx": "the same in ONNX, time steps unrolled, any number of images",
    "latency.csv": "how long it takes on the machine where it was exported",
}


@dataclass(frozen=True)
class Table:
    """Rows of text or numbers under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Card:
    """All that a model card says; every text may hold anything, and is made harmless.

    Attributes
    ----------
    title : str
    network, data, training, attack, versions : tuple of (str, object)
        What is said of each, in order.
    figures, costs : Table
    checks : tuple of str
        What was seen when the files were read back.
    audit, latency : Table, optional
    audited_by : str
        The command that makes an audit of this network.
    related_audit : str
        Where there is none, a sentence on one of the same network with other weights, if there is that.
    machine : str
        That latencies were measured on.
    files : tuple of str
        Names of the files that lie beside the card.
    licences : tuple of str
        What is known.
    """

    title: str
    network: tuple[tuple[str, object], ...]
    data: tuple[tuple[str, object], ...]
    training: tuple[tuple[str, object], ...]
    attack: tuple[tuple[str, object], ...]
    versions: tuple[tuple[str, object], ...]
    figures: Table
    costs: Table
    checks: tuple[str, ...]
    files: tuple[str, ...]
    licences: tuple[str, ...]
    audit: Table | None = None
    audited_by: str = "ccsrp audit"
    related_audit: str = ""
    latency: Table | None = None
    machine: str = ""


def model_card(card: Card) -> str:
    """Write a card as Markdown."""
    command = f"<code>{_text(card.audited_by)}</code>"
    if card.audit is not None:
        audited = "What a strong ensemble of attacks left of it stands under Audit."
    elif card.related_audit:
        audited = f"{_text(card.related_audit)} {command} audits these."
    else:
        audited = f"No audit was made: {command} runs a strong ensemble of attacks."
    parts = [
        f"# {_text(card.title)}",
        _facts(card.network),
        "## Figures",
        _table(card.figures),
        *_list(card.checks),
        "## Costs",
        _table(card.costs),
        "## Data",
        _facts(card.data),
        "## Training",
        _facts(card.training),
        "## Attack",
        _facts(card.attack),
    ]
    if card.audit is not None:
        parts += ["## Audit", _table(card.audit)]
    if card.latency is not None:
        parts += [
            "## Latency",
            _table(card.latency),
            f"Milliseconds for a batch, measured in turns on this machine alone: {_text(card.machine)}.",
        ]
    parts += ["## Intended use", USE.strip(), "## Limits", LIMITS.format(audit=audited).strip()]
    parts += [
        "## Files",
        *_list([f"`{name}`: {FILES[name]}" for name in card.files if name in FILES], safe=True),
    ]
    parts += ["## Licence", "Not stated yet: whoever publishes this network states it here. What is known:"]
    parts += [*_list(card.licences), "## Versions", _facts(card.versions)]
    return "\n\n".join(parts) + "\n"


def _facts(facts: Sequence[tuple[str, object]]) -> str:
    return _table(Table(("", ""), tuple(facts)))


def _table(table: Table) -> str:
    lines = [table.header, tuple("---" for _ in table.header), *table.rows]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _text(str(value))


def _text(text: str) -> str:
    """Make a text that may be anyone's say nothing to Markdown or a browser."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "|`*[]\\#!" else letter for letter in text)


def _list(lines: Sequence[str], *, safe: bool = False) -> list[str]:
    return ["\n".join(f"- {line if safe else _text(line)}" for line in lines)] if lines else []
