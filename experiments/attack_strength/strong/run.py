"""How near does an attack that a search can afford come to an audit? Settles the ``strong`` attack.

    python experiments/attack_strength/strong/run.py [--runs runs/methods-digits] [--every]
    python experiments/attack_strength/strong/run.py --problem fashion-mnist --runs runs/methods-fashion
    python experiments/attack_strength/strong/run.py --masks
    python experiments/attack_strength/strong/run.py --unseen

Attacks networks of ``ccsrp compare`` on the images of their audits, by candidate attacks. ``candidates.csv``
gets a row for each network and candidate; with ``--every``, ``every.csv`` gets all networks of the comparison
under three attacks; another problem's rows get a file of its name, ``masks.csv`` gets random masks that
were not fine-tuned, as a search sees them, and ``unseen.csv`` validation images, which had no part in any
choice. Rows that are there are not redone. The yardstick is the audit without the strong attack itself.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch

from ccsrp.attack import strong
from ccsrp.attack.audit import Audit
from ccsrp.attack.gradient import GivesGradients, LossName
from ccsrp.attack.own_attacks import Pgd, Rounds, SearchTime
from ccsrp.attack.pgd import Attack
from ccsrp.attack.subject import AuditAttack, Subject
from ccsrp.runs.audit import run_audit
from ccsrp.runs.comparison_audit import network_file, stored_network
from problems import load_problem

HERE = Path(__file__).parent
# Over methods, targets and seeds; constants were chosen on the first six.
TUNING = ("dense-0-1", "ccsrp-0-0.35", "random-1-0.5", "magnitude-2-0.35", "sca-3-0.5", "esl-4-0.35")
CONFIRMING = ("ccsrp-1-0.5", "ccep-2-0.35", "hydra-3-0.5", "slimming-4-0.35", "random-0-0.35", "esl-0-0.5")
KEPT = ("0.95", "0.9", "0.8", "0.7")
FASHION = ("dense-0-1", "ccsrp-0-0.35")
# Attacked on validation images. Neither these networks nor these images had a part in any choice.
UNSEEN = ("slimming-1-0.5", "ccsrp-2-0.5", "ccep-1-0.35", "hydra-1-0.5", "sca-2-0.35", "random-2-0.5")
IMAGES = {"digits": 300, "fashion-mnist": 200}


@dataclass
class Counted:
    """A compiled network that counts its passes by images."""

    network: GivesGradients
    gradients: int = 0
    forward: int = 0

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.forward += len(images)
        return self.network(images)

    def loss_gradient(
        self, images: torch.Tensor, labels: torch.Tensor, *, loss: LossName, surrogate: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.gradients += len(images)
        return self.network.loss_gradient(images, labels, loss=loss, surrogate=surrogate)


@dataclass(frozen=True)
class Candidate:
    """An attack, with constants of ``ccsrp.attack.strong`` that it changes."""

    name: str
    attack: AuditAttack
    constants: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def constants_set(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name, value in self.constants.items():
                stack.enter_context(patch.object(strong, name, value))
            yield


def candidates(eps: float) -> list[Candidate]:
    """List ``sharp``, more of it, ``strong`` in several lengths, and ``strong`` without each of its parts."""
    sharp, full = Attack.sharp(eps=eps), Attack.strong(eps=eps)
    found = [
        Candidate("sharp", SearchTime(sharp)),
        Candidate("sharp, 50 steps", SearchTime(replace(sharp, steps=50))),
        Candidate("sharp, 50 steps, 2 starts", Pgd(attack=replace(sharp, steps=50), restarts=2)),
        Candidate("sharp, 20 steps, 50 starts", Pgd(attack=replace(sharp, steps=20), restarts=50)),
    ]
    for rounds in (12, 16, 20, 30, 40, 50, 70):
        name = "strong" if rounds == full.rounds else f"strong, {rounds} rounds"
        found.append(Candidate(name, SearchTime(replace(full, rounds=rounds))))
    changed: list[tuple[str, Attack, dict[str, float]]] = [
        ("seed 1", replace(full, seed=1), {}),
        ("seed 2", replace(full, seed=2), {}),
        ("given up later", replace(full, patience=0.9), {}),
        ("nothing given up", replace(full, patience=1e9), {}),
        ("one random start", full, {"RESTART": -1}),
        ("no momentum", full, {"MOMENTUM": 0.0}),
        ("no kick", full, {"KICK": 0.0}),
        ("near steps from eps", full, {"NEAR_STEP": 1.0}),
        ("ATan(6) near", replace(full, near_surrogate="ATan(alpha=6.0)"), {}),
        ("ATan(8) alone", replace(full, surrogate="ATan(alpha=8.0)", near_surrogate="ATan(alpha=8.0)"), {}),
        ("PiecewiseExp(8) near", replace(full, near_surrogate="PiecewiseExp(alpha=8.0)"), {}),
        ("training's own near", replace(full, near_surrogate="training"), {}),
        ("cross-entropy", replace(full, loss="cross_entropy"), {}),
        ("rounds of 10 steps, twice as many", replace(full, steps=10, rounds=100), {"RESTART": 4}),
    ]
    found += [Candidate(f"strong: {name}", SearchTime(attack), values) for name, attack, values in changed]
    return found


@dataclass(frozen=True)
class Case:
    """A network, images, and what an audit leaves of them: without the strong attack, and with it."""

    subject: Subject
    images: torch.Tensor
    labels: torch.Tensor
    others: torch.Tensor
    whole: torch.Tensor

    @classmethod
    def of(cls, found: tuple[Subject, torch.Tensor, torch.Tensor], result: Audit) -> Case:
        flags = [outcome.flags for outcome in result.outcomes if outcome.name != Rounds.name]
        others = result.right & np.all(flags, axis=0)
        return cls(*found, torch.from_numpy(others), torch.from_numpy(result.robust))


def measure(
    made: Callable[[], Case],
    network: str,
    role: str,
    wanted: list[Candidate],
) -> Iterator[dict[str, object]]:
    """Attack one network by all candidates."""
    case = made()
    subject, images, labels, worst = case.subject, case.images, case.labels, case.others
    right = subject.rightly(images, labels)
    # What is compiled or loaded once is not the attack's cost.
    SearchTime(Attack.sharp(eps=0.1)).survivors(subject, images, labels, right)
    for candidate in wanted:
        assert isinstance(subject.network, GivesGradients)
        counted = Counted(subject.network)
        began = time.perf_counter()
        with candidate.constants_set():
            flags = candidate.attack.survivors(replace(subject, network=counted), images, labels, right)
        seconds = time.perf_counter() - began
        robust, audited, both = (float(item.double().mean()) for item in (flags, worst, flags & worst))
        yield {
            "network": network,
            "role": role,
            "candidate": candidate.name,
            "images": len(labels),
            "robust": robust,
            "audited": audited,
            "above_audit": 100 * (robust - audited),
            "gap": 100 * (robust - both),
            "gap_to_whole": 100 * (robust - float(case.whole.double().mean())),
            "gradients": counted.gradients / len(labels),
            "forward": counted.forward / len(labels),
            "seconds": seconds,
        }


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/methods-digits"))
    parser.add_argument("--audits", type=Path, help="folder of finished audits, or for new ones")
    parser.add_argument("--problem", default="digits")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--masks", action="store_true")
    parser.add_argument("--unseen", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="torchattacks")
    problem, images = load_problem(options.problem), IMAGES[options.problem]
    table = pd.read_csv(options.runs / "table.csv", dtype={"mask": str}).to_dict("records")
    masks = {network_file(row["method"], row["seed"], row["target"]): row["mask"] for row in table}
    wanted = candidates(problem.attack.eps)
    if options.every:
        file, networks = HERE / "every.csv", tuple(masks)
        wanted = [item for item in wanted if item.name in ("sharp", "sharp, 50 steps, 2 starts", "strong")]
    elif options.masks or options.unseen:
        file, networks = (HERE / "masks.csv", KEPT) if options.masks else (HERE / "unseen.csv", UNSEEN)
        wanted = [item for item in wanted if item.name in ("sharp", "sharp, 50 steps, 2 starts", "strong")]
    elif options.problem == "digits":
        file, networks = HERE / "candidates.csv", TUNING + CONFIRMING
    else:
        file, networks = HERE / f"{options.problem}.csv", FASHION
        wanted = [item for item in wanted if not item.constants]
    rows = pd.read_csv(file).to_dict("records") if file.exists() else []
    done = {(row["network"], row["candidate"]) for row in rows}
    for name in networks:

        def case(name: str = name) -> Case:
            audits, whole = options.audits or options.runs / "audits", problem.space.full()
            if options.masks:
                rng = np.random.default_rng(round(100 * float(name)))
                mask = problem.space.random(1, keep=float(name), rng=rng)[0]
                found = problem.audit_case(mask, images=images)
                return Case.of(found, run_audit(audits, f"keep-{name}", mask, found, problem.attack))
            network = stored_network(problem, options.runs / "networks" / f"{name}.safetensors", masks[name])
            found = problem.audit_case_of(network, images=images)
            if options.unseen:
                found = (found[0], *problem.images("validation"))
            return Case.of(found, run_audit(audits, name, whole, found, problem.attack))

        role = "tuning" if options.problem == "digits" and name in TUNING else "confirming"
        missing = [item for item in wanted if (name, item.name) not in done]
        if missing:
            rows += measure(case, name, role, missing)
            pd.DataFrame(rows).to_csv(file, index=False, float_format="%.6g")
            print(f"{name}: {len(missing)} candidates", flush=True)


if __name__ == "__main__":
    main()
