"""The model card of a member of a front."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ccsrp.export.card import Card, Table, model_card
from ccsrp.export.folder import WEIGHTS, Exported
from ccsrp.export.latency import Timing, this_machine
from ccsrp.importing import member_line
from ccsrp.report.layer_names import displayed
from ccsrp.runs import card_facts
from ccsrp.runs.card_facts import share, versions
from ccsrp.runs.member import Run
from ccsrp.runs.own_cost import OwnCost, own_cost
from ccsrp.snn.cost import NetworkCosts
from ccsrp.space import FilterSpace

__all__ = ["Measured", "member_card"]

_ACCURACIES = ("accuracy", "robust_accuracy")
_COSTS = {
    "flops": "FLOPs, one image, all steps",
    "params": "parameters",
    "synops": "synaptic operations, one image",
}


@dataclass(frozen=True)
class Measured:
    """A figure that the run folder says, and what the exported files gave when they were read back."""

    name: str
    said: float
    measured: float

    @property
    def same(self) -> bool:
        """Whether both agree."""
        return math.isclose(self.said, self.measured, abs_tol=1e-9)


def member_card(
    run: Run,
    member: int,
    exported: Exported,
    *,
    finetuned: str | None,
    costs: tuple[NetworkCosts, NetworkCosts],
    figures: tuple[Measured, ...],
    checks: tuple[str, ...],
    timings: tuple[Timing, ...],
    files: tuple[str, ...],
) -> str:
    """Write the model card of an exported member, as Markdown.

    Parameters
    ----------
    run, member
        Whose card it is.
    exported : Exported
    finetuned : str, optional
        Of a fine-tuned network, the hash of its tensors.
    costs : (NetworkCosts, NetworkCosts)
        Of the exported network, and of the dense one that the search began with: ``dense_costs()``.
    figures : tuple of Measured
        Accuracy and robust accuracy on test images.
    checks : tuple of str
        What was seen when the files were read back.
    timings : tuple of Timing
    files : tuple of str
        Names of the files beside the card.
    """
    about = exported.description
    tuned = finetuned is not None
    source = "figures.csv" if tuned else "front.csv"
    if not all(figure.same for figure in figures):
        checks = (
            *checks,
            f"{source} and these files differ on test images; what was measured on the files counts",
        )
    return model_card(
        Card(
            title=about.about.title,
            network=_network(exported, run.problem.space),
            data=card_facts.data_facts(run),
            training=card_facts.training_facts(run, member, finetuned=tuned),
            attack=card_facts.attack_facts(run),
            versions=tuple((about.about.versions | versions(files)).items()),
            figures=_figures(card_facts.said_of(run, member, finetuned=tuned), figures, source),
            costs=_costs(*costs, own_cost(run, member)),
            checks=checks,
            files=files,
            licences=card_facts.licence_facts(run),
            audit=card_facts.audit_table(run, member, weights=finetuned),
            audited_by=_audit_command(run, member, tuned=tuned),
            related_audit=card_facts.related_audit(run, member, finetuned=tuned),
            latency=_latency(timings),
            machine=this_machine().describe() if timings else "",
        )
    )


def _audit_command(run: Run, member: int, *, tuned: bool) -> str:
    line = member_line("audit", run.folder, member, run.config.problem)
    return f"{line} --finetuned" if tuned else line


def _network(exported: Exported, space: FilterSpace) -> tuple[tuple[str, object], ...]:
    about = exported.description
    mask = about.about.mask
    shape = ", ".join(map(str, exported.network.sample_shape(about.image_shape)))
    kept = space.counts(space.from_string(mask)[None])[0].tolist()
    layers = zip(space.names, kept, space.sizes, strict=True)
    frames = about.coding == "frames"
    shown = "frames: one at each" if frames else "direct: the image at each"
    return (
        ("input", f"{'frames' if frames else 'images'}, float32 [B, {shape}] in [0, 1]"),
        ("output", f"logits, float32 [B, {about.classes}]"),
        ("coding", f"{shown} of {about.time_steps} steps; logits are the mean over time"),
        ("filters kept", f"{mask.count('1')} of {len(mask)}"),
        ("in each layer", ", ".join(f"{displayed(name)}: {count} of {size}" for name, count, size in layers)),
        ("mask", mask),
        (f"SHA-256 of {WEIGHTS}", about.weights_sha256),
    )


def _figures(said: dict[str, object], figures: tuple[Measured, ...], source: str) -> Table:
    rows = [
        (
            f"{split} images, {source}",
            *(share(said.get(f"{split}_{name}", "not said")) for name in _ACCURACIES),
        )
        for split in ("validation", "test")
    ]
    rows.append(("test images, measured on these files", *(share(figure.measured) for figure in figures)))
    return Table(("", "accuracy", "robust accuracy"), tuple(rows))


def _costs(own: NetworkCosts, dense: NetworkCosts, brought: OwnCost | None) -> Table:
    rows: list[tuple[object, ...]] = []
    for key, words in _COSTS.items():
        mine, all_of_it = getattr(own, key), getattr(dense, key)
        rows.append((words, mine, all_of_it, _ratio(mine, all_of_it)))
    if brought is not None:
        name = f"cost by {brought.name}, which the search minimised"
        shares = (share(brought.member), share(brought.dense), _ratio(brought.member, brought.dense))
        rows.append((name, *shares))
    return Table(("", "this network", "dense network, as searched", "share"), tuple(rows))


def _ratio(part: float, whole: float) -> object:
    return share(part / whole if whole else math.nan)


def _latency(timings: tuple[Timing, ...]) -> Table | None:
    if not timings:
        return None
    header = ("network", "runtime", "batch", "median ms", "lower quartile", "upper quartile", "least")
    rows = [(t.network, t.runtime, t.batch, t.median_ms, t.lower_ms, t.upper_ms, t.least_ms) for t in timings]
    return Table(header, tuple(rows))
