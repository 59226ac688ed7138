"""The networks of a comparison, audited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from ccsrp.attack.ensemble import AuditSettings
from ccsrp.attack.subject import Subject
from ccsrp.files import inside
from ccsrp.methods.interface import PrunableProblem
from ccsrp.runs.audit import run_audit
from ccsrp.runs.tables import write_csv
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.weights import load_weights

__all__ = ["audit_networks", "network_file", "stored_network"]


class AuditableProblem(PrunableProblem, Protocol):
    """A problem whose networks can be audited; ``problems.SpikingPruning`` is one."""

    def audit_case_of(self, network: DirectCoding, *, images: int | None = None) -> tuple[Subject, Any, Any]:
        """Return the network, test images and labels of an audit."""
        ...


def audit_networks(
    problem: AuditableProblem,
    table: pd.DataFrame,
    folder: Path,
    *,
    images: int,
    settings: AuditSettings | None = None,
    on_audit: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Audit every network of a comparison, and write what is left of its accuracy into ``table.csv``.

    An audit that was interrupted goes on after its last attack; finished ones are only read.

    Parameters
    ----------
    problem : AuditableProblem
    table : DataFrame
        Of ``run_comparison``.
    folder : Path
        Of the comparison; ``audits/`` gets the flags of every attack.
    images : int
        Test images, the first of the split.
    settings : AuditSettings, optional
    on_audit : callable, optional
        Called with (network, attacks done, attacks in all).

    Returns
    -------
    DataFrame
        With the columns ``audited_robust_accuracy``, ``audit_gap`` (points that the problem's own attack
        says too much on the same images) and ``masked_gradients``.
    """
    found = []
    for row in table.to_dict("records"):
        name = network_file(str(row["method"]), int(row["seed"]), float(row["target"]))
        network = stored_network(problem, folder / "networks" / f"{name}.safetensors", row["mask"])

        def one_more(done: int, total: int, _: object, name: str = name) -> None:
            if on_audit is not None:
                on_audit(name, done, total)

        result = run_audit(
            inside(folder, "audits"),
            name,
            problem.space.full(),  # the weights say which network it is
            problem.audit_case_of(network, images=images),
            problem.attack,
            settings=settings,
            on_attack=one_more,
        )
        found.append(
            {
                "audited_robust_accuracy": result.worst_case_accuracy,
                "audit_gap": round(result.gap, 6),
                "masked_gradients": result.suspicious,
            }
        )
    audited = pd.concat([table, pd.DataFrame(found)], axis="columns")
    write_csv(audited, folder / "table.csv")
    return audited


def network_file(method: str, seed: int, target: float) -> str:
    """Return the name that a network's weights and audit are kept under."""
    return f"{method}-{seed}-{target:g}"


def stored_network(problem: PrunableProblem, file: Path, mask: object) -> DirectCoding:
    """Build a network of a comparison again.

    Parameters
    ----------
    problem : PrunableProblem
    file : Path
        Its weights.
    mask : str or NaN
        The filters that it kept; anything but text where connections were pruned.

    Raises
    ------
    WeightsError, MaskError
    """
    if isinstance(mask, str) and mask:
        network = problem.network(problem.space.from_string(mask))
    else:
        network = problem.base_network()
    load_weights(network.network, file)
    return network
