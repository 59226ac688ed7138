"""Records of made-up runs for tests of reports: rounds, audits, thousands of networks, evil names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ccsrp.report.record import RunRecord
from ccsrp.space import FilterSpace

# What a page must show as it stands: HTML, quotes, a formula, a template.
EVIL = "</script><img src=x onerror=alert(1)>\"'&amp;$x$ {{data}} %{x}"
ATTACK: dict[str, Any] = {
    "name": "sharp",
    "eps": 0.1,
    "step_size": 0.1,
    "steps": 10,
    "schedule": "falling",
    "loss": "margin",
    "surrogate": "ATan(alpha=6.0)",
    "every_iterate": True,
    "seed": 0,
}


def made_up(
    name: str = "made-up", *, members: int = 12, evaluated: int = 30, seed: int = 0, evil: bool = False
) -> RunRecord:
    """A run of a network that never was, with everything that a run can have."""
    rng = np.random.default_rng(seed)
    layers = FilterSpace(names=(EVIL if evil else "conv1", "conv2"), sizes=(6, 10))
    masks = np.concatenate([layers.full()[None], layers.random(members - 1, keep=0.6, rng=rng)])
    cost = np.linspace(1.0, 0.1, members)
    front = pd.DataFrame(
        {
            "member": np.arange(members),
            "round": np.arange(members) % 2,
            "accuracy": 0.5 + 0.45 * np.sqrt(cost) + 1e-17,
            "robust_accuracy": 0.8 * cost**1.5,
            "cost": cost,
            "flops": np.round(cost * 11_000_000).astype(int),
            "params": rng.integers(1000, 20_000, members),
            "test_accuracy": 0.45 + 0.45 * np.sqrt(cost),
            "mask": [layers.to_string(mask) for mask in masks],
        }
    )
    count = np.arange(1, 21)
    audited = front["member"].to_numpy()[[1, 3]]
    share = rng.random(evaluated)
    return RunRecord(
        name=name,
        folder=f"runs/{name}",
        problem=EVIL if evil else "digits",
        settings={
            "search": {"budget": 100, "seed": seed, "initial_keep": [0.5, 0.95]},
            "attack": ATTACK | ({"name": EVIL} if evil else {}),
            "provenance": {"validation_images": 300, "test_images": 200, "weights_sha256": "abc"},
        },
        front=front,
        cells=front.astype(object).map(str),
        history=pd.DataFrame(
            {"round": 1 + count // 11, "evaluations": 5 * count, "hypervolume": 0.3 + 0.02 * count}
        ),
        rounds=pd.DataFrame(
            {"round": [1, 2], "cost": [0.5, 0.25]}
            | {
                f"{stage}_{figure}": [0.9 - 0.1 * place, 0.8 - 0.1 * place]
                for place, stage in enumerate(("tuned", "predicted", "spliced"))
                for figure in ("accuracy", "robust_accuracy")
            }
        ),
        audit=pd.DataFrame(
            {
                "member": audited[::-1],
                "images": 40,
                "clean_accuracy": [0.9, 0.95],
                "search_robust_accuracy": [0.6, 0.7],
                "worst_case_accuracy": [0.2, 0.4],
                "masked_gradients": [True, False],
                "black_box_alone": [True, False],
                "steps_in_vain": [False, False],
            }
        ),
        attacks={int(member): attacks_of(evil=evil) for member in audited},
        evaluated=pd.DataFrame(
            {"round": 1, "accuracy": 0.9 * share, "robust_accuracy": 0.7 * share**2, "cost": share}
        ),
        evaluations=evaluated,
        layers=layers,
        seconds=200.0,
        has_network=True,
    )


def attacks_of(*, evil: bool = False) -> pd.DataFrame:
    """What each attack left of an audited member: 38 of 40 images are right when clean."""
    rows = [
        ("search-time attack", "search", 0.6),
        ("PGD margin training", "white box", 0.5),
        (EVIL if evil else "PGD in rounds", "white box", 0.25),
        ("Square", "black box", 0.55),
        ("APGD dlr training", "skipped", np.nan),
        ("clean", "clean", 0.95),
        ("worst case", "worst case", 0.2),
    ]
    table = pd.DataFrame(rows, columns=["attack", "group", "accuracy"])
    description = "the DLR loss needs 3 classes, the network has 2" if not evil else EVIL
    return table.assign(images=40.0, description=description)
