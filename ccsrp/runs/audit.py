"""An audit on disk: flags of every attack as they come, and a table at the end."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ccsrp.attack.audit import Audit, Outcome, audit
from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.ensemble import AuditSettings, ensemble
from ccsrp.attack.subject import Subject
from ccsrp.errors import RunError
from ccsrp.files import write_atomically
from ccsrp.runs.archives import read_arrays
from ccsrp.runs.tables import write_csv
from ccsrp.snn.weights import weights_sha256
from ccsrp.space import BoolArray

__all__ = ["AuditStore", "attack_label", "audit_key", "audit_table", "run_audit"]


def audit_key(subject: Subject, mask: BoolArray, images: torch.Tensor, labels: torch.Tensor) -> str:
    """Hash what is attacked: weights, mask, images and labels.

    Weights are those of ``subject.module``, calibration included; transfer is covered by the mask, as the
    base has the same weights.
    """
    digest = hashlib.sha256()
    digest.update(b"" if subject.module is None else weights_sha256(subject.module).encode())
    digest.update(np.packbits(mask).tobytes() + str(len(mask)).encode())
    for tensor in (images, labels):
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def attack_label(name: str, description: str) -> str:
    """Name an attack so that another of other settings has another name."""
    return f"{name}: {description}"


class AuditStore:
    """Flags of the attacks that are done, in one file that appears whole or not at all.

    Parameters
    ----------
    path : Path
        The ``.npz`` file; numbers and text only.
    key : str
        ``audit_key`` of the audit at hand.
    labels : sequence of str, optional
        ``attack_label`` of the attacks of that audit; what an earlier file says of others is not used.
    images : int, optional
        How many there are; an earlier file of another number is not used.

    Attributes
    ----------
    known : dict of str to bool [n_images]
        What an earlier audit with the same key has left, by the label of the attack.
    note : str
        One line that says why an earlier file is not used, or nothing.
    """

    def __init__(
        self, path: Path, key: str, *, labels: Sequence[str] | None = None, images: int | None = None
    ) -> None:
        self._path = path
        self._key = key
        self.known: dict[str, BoolArray] = {}
        self.note = ""
        if not path.exists():
            return
        try:
            stored, names, flags = read_arrays(path, ("key", "attacks", "flags"))
            if names.dtype.kind != "U" or names.ndim != 1 or flags.dtype != bool or flags.ndim != 2:
                raise ValueError("flags are bits, a row an attack")
            found = {str(name): row.copy() for name, row in zip(names, flags, strict=True)}
        except (OSError, ValueError):
            self.note = f"{path} is damaged; its audit starts anew"
            return
        if str(stored) == key and images in (None, flags.shape[1]):
            self.known = {name: row for name, row in found.items() if labels is None or name in labels}
        else:
            self.note = f"{path} is of another network or other images; its audit starts anew"

    def add(self, outcome: Outcome) -> None:
        """Keep one attack's flags."""
        label = attack_label(outcome.name, outcome.description)
        if label in self.known:
            return
        self.known[label] = outcome.flags
        content = io.BytesIO()
        np.savez_compressed(
            content,
            key=np.array(self._key),
            attacks=np.array(list(self.known)),
            flags=np.stack(list(self.known.values())),
        )
        write_atomically(self._path, content.getvalue())


def audit_table(result: Audit) -> pd.DataFrame:
    """Lay an audit out: a row an attack, then the clean images and the worst case."""
    total = len(result.right)
    rows: list[dict[str, Any]] = [
        {
            "attack": item.name,
            "group": item.group,
            "accuracy": item.accuracy,
            "images": total,
            "description": item.description,
        }
        for item in result.outcomes
    ]
    rows += [
        {"attack": item.name, "group": "skipped", "images": total, "description": item.reason}
        for item in result.skipped
    ]
    for name, accuracy, text in (
        ("clean", result.clean_accuracy, "no attack"),
        ("worst case", result.worst_case_accuracy, "right when clean and after every attack"),
    ):
        rows.append(
            {"attack": name, "group": name, "accuracy": accuracy, "images": total, "description": text}
        )
    return pd.DataFrame(rows)


def run_audit(
    folder: Path,
    name: str,
    mask: BoolArray,
    case: tuple[Subject, torch.Tensor, torch.Tensor],
    search: AnyAttack,
    *,
    settings: AuditSettings | None = None,
    on_note: Callable[[str], None] | None = None,
    on_attack: Callable[[int, int, Outcome], None] | None = None,
) -> Audit:
    """Audit one network, going on where an interrupted audit of the same stopped.

    Parameters
    ----------
    folder : Path
        Gets ``NAME.npz`` (flags, after every attack) and ``NAME.csv`` (a row an attack, at the end).
    name : str
        Such as ``member-3``.
    mask : bool [n_var]
    case : (Subject, float32 [N, C, H, W], int64 [N])
        From ``problem.audit_case(mask)``.
    search : Attack or CustomAttack
        What the search judged by.
    settings : AuditSettings, optional
    on_note : callable, optional
        Called with one line if an earlier audit is there that is not used.
    on_attack : callable, optional
        Called with (done, total, outcome) after each attack, those of an earlier audit included.

    Raises
    ------
    RunError
        The folder cannot be written.
    """
    attacks = ensemble(search, settings)
    subject, images, labels = case
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tried = {attack_label(attack.name, attack.describe()): attack.name for attack in attacks}
        key = audit_key(subject, mask, images, labels)
        store = AuditStore(folder / f"{name}.npz", key, labels=list(tried), images=len(labels))
        if store.note and on_note is not None:
            on_note(store.note)

        def keep(done: int, total: int, outcome: Outcome) -> None:
            store.add(outcome)
            if on_attack is not None:
                on_attack(done, total, outcome)

        known = {tried[label]: flags for label, flags in store.known.items()}
        result = audit(subject, images, labels, attacks, known=known, on_attack=keep)
        write_csv(audit_table(result), folder / f"{name}.csv")
    except OSError as error:
        raise RunError(f"cannot write to {folder} ({error.strerror}); make the run folder writable") from None
    return result
