"""From what was measured to evaluations, epochs, hours and memory of every step."""

from __future__ import annotations

from dataclasses import dataclass

from images import SIZES
from measure import Judging, Training
from plan import Experiment, Plan

from ccsrp.attack.ensemble import AuditSettings
from ccsrp.attack.pgd import Attack

__all__ = ["FRONT", "Forecast", "audit_passes", "forecast"]

# Members of a run's joint front: how many there will be is not known before it is there. A guess.
FRONT = 100
FINALISTS = 8  # of ccsrp.methods.ccsrp, each trained for an epoch
CCEP_ROUNDS, CCEP_JUDGED = 20, 5 * 11  # of ccsrp.methods.ccep: rounds at most, masks of a layer and round
PIXELS = 3 * 32 * 32
FORWARD_SHARE = 0.4  # of a pass there and back


@dataclass(frozen=True)
class Forecast:
    """One step: what it will take at most."""

    step: str
    evaluations: int
    epochs: int
    hours: float
    memory: float


def audit_passes(settings: AuditSettings) -> float:
    """Count the passes, there and back, that an audit makes for an image that survives them all.

    >>> few = AuditSettings(steps=10, restarts=1, queries=5, rounds=1, surrogates=("rate",), step_counts=())
    >>> audit_passes(few)
    102.0
    """
    steps = settings.steps
    pgd = 2 * len(settings.surrogates) * settings.restarts * steps
    rounds = Attack.strong(eps=1.0).steps * settings.rounds
    return pgd + rounds + 4 * steps + FORWARD_SHARE * settings.queries + 2 * steps + sum(settings.step_counts)


def forecast(
    experiment: Experiment, plan: Plan, judging: Judging, training: Training, *, on_gpu: bool
) -> list[Forecast]:
    """Extrapolate, linearly in images, steps and epochs.

    Networks are taken to stay as large as the dense one, attacks to run to their end, and searches in rounds
    to need all of their rounds: what it says is the most, except that work which is not listed (loading,
    surrogate models, gates of methods that prune while they train) comes on top.
    """
    train_images = SIZES[experiment.dataset][0]
    epoch = (plan.base_images or train_images) * training.image
    mask = judging.fixed + plan.validation_images * judging.image
    clean_mask = judging.fixed + plan.validation_images * judging.clean
    front = FRONT * (
        judging.fixed + plan.front_images * judging.image + plan.validation_images * judging.clean
    )
    figures = mask + (plan.validation_images + plan.test_images) * judging.image
    pass_of_image = judging.image / (plan.search_steps + 2 * FORWARD_SHARE)
    memory = _memory(plan, judging, training, SIZES[experiment.dataset], on_gpu=on_gpu)
    targets = len(plan.targets)

    def row(step: str, evaluations: int, epochs: int, *, others: float = 0.0) -> Forecast:
        seconds = evaluations * mask + epochs * epoch + others
        return Forecast(step, evaluations, epochs, seconds / 3600, memory[epochs > 0])

    rows = [row("train the base", 0, plan.base_epochs)]
    in_a_round = plan.paper_search(judging.n_layers).budget + 2  # the spliced and the tuned network
    rounds = plan.paper_rounds
    rows.append(
        row("search as the paper", rounds * in_a_round, rounds * plan.paper_epochs, others=front),
    )
    for target in plan.targets:
        evaluations = plan.our_rounds * (plan.our_budget + 2)
        epochs = plan.our_rounds * plan.our_epochs
        rows.append(row(f"our rounds to {target:g}", evaluations, epochs, others=front))
    rows.append(row("measure networks of rounds", 0, 0, others=2 * targets * figures))
    networks = 1 + targets * len(plan.methods)
    evaluations = epochs = clean = 0
    for name in plan.methods:
        epochs += targets * plan.method_epochs
        if name == "ccsrp":
            evaluations += plan.our_budget + targets * FINALISTS
            epochs += targets * FINALISTS
        if name == "ccep":
            clean += judging.n_layers * CCEP_JUDGED * CCEP_ROUNDS
            epochs += CCEP_ROUNDS * max(1, plan.method_epochs // (2 * CCEP_ROUNDS))
    others = networks * figures + clean * clean_mask
    rows.append(row("compare methods", evaluations + clean, epochs, others=others - clean * mask))
    audited = (networks + 2 * targets) * plan.audit_images * audit_passes(plan.audit) * pass_of_image
    rows.append(row("audit", 0, 0, others=audited))
    return rows


def _memory(
    plan: Plan, judging: Judging, training: Training, sizes: tuple[int, ...], *, on_gpu: bool
) -> tuple[float, float]:
    """Return bytes while judging, and while training too."""
    images = plan.base_images or sizes[0]
    # On the host: bytes as loaded, and twice as 32-bit floats while they are scaled. On a GPU: floats.
    loaded = 0 if on_gpu else PIXELS * sum(sizes)
    data = PIXELS * images * (4 if on_gpu else 8)
    batch = training.memory + (plan.batch_size - training.batch) * training.memory_image
    return judging.memory + loaded, max(judging.memory, batch) + loaded + data
