"""What a run folder knows of a member, as the facts of its model card."""

from __future__ import annotations

import platform
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ccsrp.attack.exact import exact
from ccsrp.errors import RunError
from ccsrp.export.card import Table
from ccsrp.importing import is_own
from ccsrp.runs.audit_rows import known_row
from ccsrp.runs.config import parse_tables, read_config_text
from ccsrp.runs.data_licences import DATA_LICENCES
from ccsrp.runs.finetuned import FOLDER
from ccsrp.runs.member import Run
from ccsrp.runs.tables import check_numbers, read_csv

__all__ = [
    "attack_facts",
    "audit_table",
    "data_facts",
    "licence_facts",
    "related_audit",
    "said_of",
    "share",
    "training_facts",
    "versions",
]

Facts = tuple[tuple[str, object], ...]

PACKAGES = ("ccsrp", "torch", "spikingjelly", "safetensors")
# Those that made and checked a file, besides.
PACKAGES_OF = {"network.nir": ("nir", "nirtorch"), "network.onnx": ("onnx", "onnxruntime")}
# What tells a row of a table of audits from others, and what is no share of images in it.
KEYS = ("member", "weights_sha256")
POINTS = "gap_points"
# Columns of a table of audits in words; those of single signs of masked gradients are words already.
AUDITED = {
    "images": "test images",
    "clean_accuracy": "accuracy, no attack",
    "search_robust_accuracy": "robust accuracy under the attack above",
    "worst_case_accuracy": "robust accuracy at worst: right when clean and after every attack of the audit",
    POINTS: "points between these two",
    "masked_gradients": "does it only hide its gradients?",
}
# What a problem's provenance says of images whose splits this package has made.
SHUFFLED = {"data_set", "events", "data_sha256"}
# Tables of a fine-tuning's config.toml, as a card names them.
TABLES = {"fine-tuning": "fine-tuning", "attack": "attack that was trained on"}


def said_of(run: Run, member: int, *, finetuned: bool) -> dict[str, object]:
    """Return what the run folder says of a network, by the column names of ``figures.csv``.

    Raises
    ------
    RunError
        No such member, or its figures after fine-tuning are damaged.
    """
    if not finetuned:
        row = {str(name): _plain(value) for name, value in run.row(member).items()}
        return row | {f"validation_{name}": row[name] for name in ("accuracy", "robust_accuracy")}
    file = run.folder / "finetuned" / f"member-{member}" / "figures.csv"
    table = read_csv(file, then="fine-tune it again")
    after = table[table["network"] == "after"] if "network" in table else table.iloc[:0]
    if after.empty:
        raise RunError(
            f"{file} is damaged: it says nothing of the network after fine-tuning; fine-tune it again"
        )
    for name in [column for column in table if column != "network"]:
        check_numbers(table, str(name), file)
    return {str(name): _plain(value) for name, value in after.iloc[0].items()}


def data_facts(run: Run) -> Facts:
    """Say which images the search and its figures rest on."""
    provenance = run.config.provenance
    facts: list[tuple[str, object]] = [("problem", run.config.problem)]
    facts.append(("data set", _data_set(run) or "not named here; see the problem"))
    if SHUFFLED & set(getattr(run.problem, "provenance", {})):
        facts.append(("splits", "each in a fixed random order, which is not that of the original files"))
    for split, use in (
        ("validation", "what the search judged by"),
        ("calibration", "train images that batch norms were re-estimated on"),
        ("test", "not used for any choice of the search"),
    ):
        if f"{split}_images" in provenance:
            facts.append(
                (f"{split} images", f"{provenance[f'{split}_images']}, the first of the split: {use}")
            )
    facts.append(("preprocessing", "pixels scaled to [0, 1], nothing else"))
    return tuple(facts)


def training_facts(run: Run, member: int, *, finetuned: bool) -> Facts:
    """Say where the weights come from."""
    number = int(run.row(member).get("round", 0))
    budget = "search: evaluations at most" + (", in each round" if run.config.rounds else "")
    facts: list[tuple[str, object]] = [
        (budget, run.config.search.budget),
        ("search: seed", run.config.search.seed),
        ("base network, SHA-256 of its tensors", run.config.provenance.get("weights_sha256", "not known")),
    ]
    if "weights" in run.config.options:
        facts.append(("base weights", run.config.options["weights"]))
    elif is_own(run.config.problem):
        facts.append(
            ("base weights", f"those of {run.config.problem}; where they are from is not known here")
        )
    else:
        facts.append(("base weights", "those that the problem comes with (see experiments/base_weights)"))
    if number:
        facts.append(("rounds of pruning and fine-tuning before this member", number))
        facts += [(f"rounds: {key}", value) for key, value in sorted(run.config.rounds.items())]
    if finetuned:
        file = run.folder / "finetuned" / f"member-{member}" / "config.toml"
        tables = parse_tables(read_config_text(file), file)
        for name, words in TABLES.items():
            table = tables.get(name, {})
            if isinstance(table, dict):
                facts += [(f"{words}: {key}", _setting(key, value)) for key, value in table.items()]
    else:
        facts.append(("after pruning", "calibrated, not trained; 'ccsrp finetune' trains it"))
    return tuple(facts)


def attack_facts(run: Run) -> Facts:
    """Say what robust accuracy was measured under."""
    return (("robust accuracy is under", run.problem.attack.describe()),)


def audit_table(run: Run, member: int, *, weights: str | None = None) -> Table | None:
    """Return a member's row of the run's audits, if the folder has one that can be read.

    Parameters
    ----------
    run : Run
    member : int
    weights : str, optional
        Hash of the tensors of a fine-tuned member, whose audit is wanted: one of other weights is none.
    """
    folder = run.folder if weights is None else run.folder / FOLDER
    row = known_row(folder / "audit.csv", member, weights=weights)
    if row is None:
        return None
    rows = [(_audited(name), _found(name, value)) for name, value in row.items() if name not in KEYS]
    return Table(("", ""), tuple(rows))


def related_audit(run: Run, member: int, *, finetuned: bool) -> str:
    """Say that a member was audited with other weights than those at hand; nothing if it was not."""
    if finetuned and known_row(run.folder / "audit.csv", member) is not None:
        return "The network was audited before it was fine-tuned, and not with these weights."
    if not finetuned and known_row(run.folder / FOLDER / "audit.csv", member) is not None:
        return "The network was audited after it was fine-tuned, and not with these weights."
    return ""


def _audited(name: str) -> str:
    return AUDITED.get(name, name.replace("_", " "))


def _found(name: str, value: object) -> object:
    if isinstance(value, bool):
        return "suspected" if value else "no sign"
    return value if name == POINTS else share(value)


def licence_facts(run: Run) -> tuple[str, ...]:
    """List what is known of licences."""
    if "weights" in run.config.options or is_own(run.config.problem):
        known = [
            "ccsrp: Apache-2.0",
            "Base weights: none that ship with ccsrp; their licence is not known here",
        ]
    else:
        known = ["ccsrp and the base weights that ship with it: Apache-2.0"]
    name = _data_set(run)
    known.append(f"Data: {DATA_LICENCES[name]}" if name in DATA_LICENCES else "Data: not known here")
    return tuple(known)


def _data_set(run: Run) -> str:
    """Return the name that the images were loaded by, as the problem says now; nothing if by none."""
    provenance = getattr(run.problem, "provenance", {})
    return str(provenance.get("data_set") or provenance.get("events") or "")


def versions(files: Collection[str] = ()) -> dict[str, str]:
    """Return the versions that an export with these files depends on."""
    found = {"python": platform.python_version()}
    for name in (
        *PACKAGES,
        *(name for file, names in PACKAGES_OF.items() if file in files for name in names),
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def share(value: object) -> object:
    """Write a share with as many digits as every other; leave anything else as it is."""
    return f"{value:.4f}" if isinstance(value, float) else value


def _setting(name: str, value: object) -> object:
    return exact(value) if name in ("eps", "step_size") and isinstance(value, float) else value


def _plain(value: Any) -> object:
    return value.item() if hasattr(value, "item") else value
