"""How strong is a PGD attack per step? Settles the constants of the ``sharp`` attack.

Candidates differ in loss, step schedule and backward surrogate; each is compared with the worst case of a
strong ensemble on the same validation images. Constants are chosen on the tuning networks only and
reported on networks that had no part in the choice. Resumes: rows that are in results.csv are not redone.

    python experiments/attack_strength/run.py [--quick]
"""

from __future__ import annotations

import argparse
import itertools
import platform
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torchattacks

from ccsrp.attack.pgd import Attack, random_start, robust_images
from ccsrp.runs.training import run_training
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.training import TrainingSettings
from problems import DigitsPruning, FashionMnistPruning, SpikingPruning

HERE = Path(__file__).parent
NETWORKS = HERE / "networks"  # made by this script, not committed
STEPS = (5, 10, 20)
LOSSES = ("cross_entropy", "margin")
SCHEDULES = (("constant", 0.25), ("falling", 0.5), ("falling", 1.0), ("falling", 2.0))
SURROGATES = tuple(f"ATan(alpha={alpha})" for alpha in (2.0, 4.0, 6.0, 8.0, 12.0))
ENSEMBLE_SURROGATES = (
    "ATan(alpha=2.0)",
    "ATan(alpha=5.0)",
    "ATan(alpha=10.0)",
    "Sigmoid(alpha=4.0)",
    "PiecewiseQuadratic(alpha=1.0)",
    "PiecewiseExp(alpha=2.0)",
)


@dataclass(frozen=True)
class Case:
    """One network under study, with the images that it is attacked on."""

    name: str
    role: str
    network: DirectCoding
    images: torch.Tensor
    labels: torch.Tensor
    eps: float
    right: torch.Tensor


def trained_digits(name: str, *, method: str, attack: str, seed: int) -> Path:
    """Train a digits network that does not ship, once."""
    folder = NETWORKS / name
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "weights.safetensors"
    if not weights.exists():
        settings = TrainingSettings(method=method, epochs=30, batch_size=64, seed=seed)
        run_training(DigitsPruning, folder, settings=settings, attack=attack, attack_steps=7)
    return weights


def cases(problem: SpikingPruning, name: str, role: str, images: int, keeps: tuple[float, ...]) -> list[Case]:
    """Take the dense network of a problem and calibrated pruned ones."""
    inputs, labels = (tensor[:images] for tensor in problem.images("validation"))
    made = []
    for keep in keeps:
        mask = problem.space.random(1, keep=keep, rng=np.random.default_rng(round(100 * keep)))[0]
        network = problem.network(mask)
        with torch.no_grad():
            right = network(inputs).argmax(1) == labels
        label = f"{name}, dense" if keep == 1 else f"{name}, {keep:.0%} of filters"
        made.append(Case(label, role, network, inputs, labels, problem.attack.eps, right))
    return made


def all_cases(*, quick: bool) -> list[Case]:
    """List tuning cases, then reported ones."""
    images = 60 if quick else 300
    found = cases(DigitsPruning(), "digits, PGD-AT sharp", "tuning", images, (1.0, 0.85, 0.6))
    if quick:
        return found[:1]
    for name, method, attack, seed in (
        ("digits, PGD-AT standard", "pgd-at", "standard", 1),
        ("digits, TRADES standard", "trades", "standard", 2),
    ):
        weights = trained_digits(
            name.replace(", ", "-").replace(" ", "-"), method=method, attack=attack, seed=seed
        )
        found += cases(DigitsPruning(weights=weights), name, "reported", images, (1.0, 0.75))
    return found + cases(FashionMnistPruning(), "fashion-mnist, PGD-AT sharp", "reported", 128, (1.0, 0.75))


def surviving(case: Case, attack: Attack, standing: torch.Tensor | None = None) -> torch.Tensor:
    """Tell which images of a case survive an attack; with ``standing``, attack only those."""
    start = random_start(case.images, attack)
    if standing is None:
        return robust_images(case.network, case.images, case.labels, start, attack, right=case.right)
    out = standing.clone()
    chosen = standing.nonzero().flatten()
    if len(chosen):
        part = (tensor[chosen] for tensor in (case.images, case.labels, start))
        out[chosen] = robust_images(
            case.network, *part, attack, right=torch.ones(len(chosen), dtype=torch.bool)
        )
    return out


def ensemble(case: Case, *, quick: bool) -> torch.Tensor:
    """Tell which images survive everything that we can throw at them."""
    steps = 10 if quick else 60
    standing = case.right
    for surrogate, loss, seed in itertools.product(ENSEMBLE_SURROGATES, LOSSES, (100, 101)):
        attack = replace(Attack.sharp(eps=case.eps, steps=steps, surrogate=surrogate, seed=seed), loss=loss)
        standing = surviving(case, attack, standing)
    for make in (
        lambda net: torchattacks.APGD(net, norm="Linf", eps=case.eps, steps=steps, loss="ce", seed=0),
        lambda net: torchattacks.APGD(net, norm="Linf", eps=case.eps, steps=steps, loss="dlr", seed=0),
        lambda net: torchattacks.Square(net, norm="Linf", eps=case.eps, n_queries=10 * steps, seed=0),
    ):
        chosen = standing.nonzero().flatten()
        if len(chosen):
            attacked = make(case.network)(case.images[chosen], case.labels[chosen])
            inside = (attacked - case.images[chosen]).abs().max() <= case.eps + 1e-5
            assert bool(inside), "an attack left the eps box"
            with torch.no_grad():
                standing[chosen] = case.network(attacked).argmax(1) == case.labels[chosen]
    return standing


def candidates(eps: float) -> list[Attack]:
    """List the literature's attack, then every combination."""
    found = [Attack.standard(eps=eps, steps=steps, surrogate="ATan(alpha=2.0)") for steps in (*STEPS, 50)]
    # Every combination at 10 steps; fewer and more steps for the form that sharp has.
    wanted = [*itertools.product(LOSSES, SCHEDULES, SURROGATES, (10,))]
    wanted += itertools.product(("margin",), (("falling", 1.0),), SURROGATES, (5, 20))
    for loss, (schedule, size), surrogate, steps in wanted:
        attack = Attack.sharp(eps=eps, steps=steps, surrogate=surrogate)
        found.append(
            replace(attack, name="candidate", loss=loss, schedule=schedule, step_size=min(1.0, size * eps))
        )
    return found


def row_key(case: Case, attack: Attack) -> tuple[object, ...]:
    """Return what identifies a row of results.csv."""
    size = round(attack.step_size / case.eps, 4)
    return (case.name, attack.name, attack.loss, attack.schedule, size, attack.surrogate, attack.steps)


KEY_COLUMNS = ("network", "attack", "loss", "schedule", "step_over_eps", "surrogate", "steps")


def main() -> None:
    """Run what is missing and summarise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one network, few images; writes quick.csv")
    quick = parser.parse_args().quick
    warnings.filterwarnings("ignore", module="torchattacks")
    file = HERE / ("quick.csv" if quick else "results.csv")
    rows = pd.read_csv(file).to_dict("records") if file.exists() else []
    done = {tuple(row[name] for name in KEY_COLUMNS) for row in rows}
    for case in all_cases(quick=quick):
        wanted = [attack for attack in candidates(case.eps) if row_key(case, attack) not in done]
        if not wanted:
            continue
        began = time.perf_counter()
        worst = float(ensemble(case, quick=quick).float().mean())
        print(f"{case.name}: clean {float(case.right.float().mean()):.3f}, worst {worst:.3f}", flush=True)
        print(f"  ensemble took {time.perf_counter() - began:.0f} s", flush=True)
        for attack in wanted[:6] if quick else wanted:
            began = time.perf_counter()
            robust = float(surviving(case, attack).float().mean())
            rows.append(
                dict(zip(KEY_COLUMNS, row_key(case, attack), strict=True))
                | {
                    "role": case.role,
                    "images": len(case.labels),
                    "clean": float(case.right.float().mean()),
                    "robust": robust,
                    "worst_case": worst,
                    "gap": robust - worst,
                    "seconds": round(time.perf_counter() - began, 3),
                }
            )
        pd.DataFrame(rows).to_csv(file, index=False, float_format="%.5g")
    print(f"torch {torch.__version__}, {platform.machine()}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
