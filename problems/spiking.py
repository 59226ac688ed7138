"""Pruning of a real spiking network, judged on real images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ccsrp.errors import OptionError
from ccsrp.space import BoolArray, FloatArray
from problems.base import PruningProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import torch
    from torch import nn

    from ccsrp.attack.audit import Audit, Outcome
    from ccsrp.attack.custom import AnyAttack
    from ccsrp.attack.ensemble import AuditSettings
    from ccsrp.attack.subject import Subject
    from ccsrp.evaluation.interface import Evaluation, Evaluator
    from ccsrp.evaluation.judge import Examples, Judgement
    from ccsrp.evaluation.spiking import AnyCost
    from ccsrp.methods.interface import FineTuning
    from ccsrp.snn.cost import NetworkCosts
    from ccsrp.snn.data import Dataset
    from ccsrp.snn.networks import DirectCoding
    from ccsrp.snn.training import EpochReport

__all__ = ["SpikingPruning"]


class SpikingPruning(PruningProblem):
    """Prune a SpikingJelly network that ``torch.fx`` can trace.

    Which filters can go is said in ``ccsrp.snn.graph``; a network that has none is refused with the reason.

    Networks are searched on the validation split, calibrated on a subset of the train split, and reported
    on the test split.

    Parameters
    ----------
    network : nn.Module
        The trained base, from ``[T, B, C, H, W]`` to ``[T, B, classes]``. It is copied; the state of its
        neurons is reset.
    dataset : Dataset
        Images with their splits.
    attack : Attack or CustomAttack
        What robustness is judged under.
    time_steps : int, optional
        T, 4 by default: an image is shown unchanged at each step (direct coding). Of frames, one is shown at
        each step, and there are as many steps as frames.
    cost : {"flops", "params", "synops"} or callable
        What the third objective is a fraction of; or a function ``cost(masks, space)`` that maps masks, bool
        [N, n_var], and their ``FilterSpace`` to costs, float64 [N] in [0, 1], by the mask alone.
    calibrate : bool
        Re-estimate batch-norm statistics of every candidate before judging it.
    validation_images, calibration_images, test_images : int
        How many images of the validation, train and test split are used, the first of each.
    whole : float, optional
        The cost that counts as 1, in operations or parameters; by default the network's own.
    device : str, optional
        ``"cuda"`` where there is one, else ``"cpu"``.

    Attributes
    ----------
    attack : Attack or CustomAttack
        What robustness is judged under.
    provenance : dict
        What F depends on beside the options: a hash of the weights, numbers of images, the device.
    left_whole : dict
        Convolutions whose filters all stay, each with what stops its channels, such as ``"add"``.
    """

    def __init__(
        self,
        network: nn.Module,
        dataset: Dataset,
        *,
        attack: AnyAttack,
        time_steps: int | None = None,
        cost: AnyCost = "flops",
        calibrate: bool = True,
        validation_images: int = 256,
        calibration_images: int = 256,
        test_images: int = 1000,
        whole: float | None = None,
        device: str | None = None,
    ) -> None:
        from ccsrp.attack.custom import CustomAttack
        from ccsrp.attack.description import Attack
        from ccsrp.checks import checked_device
        from ccsrp.evaluation.spiking import SpikingEvaluator
        from ccsrp.functions import code_sha256, function_name
        from ccsrp.snn.weights import weights_sha256

        device = checked_device(device)
        if not isinstance(attack, Attack | CustomAttack):
            raise OptionError(
                f"attack is an object here, such as ccsrp.Attack.sharp(eps=8 / 255), got {attack!r}; a name "
                f"does not say its eps"
            )
        self.attack = attack
        self._dataset = dataset
        self._used = {"train": None, "validation": validation_images, "test": test_images}
        calibration = dataset.split("train", calibration_images)[0] if calibrate else None
        dataset.split("test", test_images)
        images, labels = self.images("validation")
        self._evaluator = SpikingEvaluator(
            network,
            time_steps=time_steps,
            images=images,
            labels=labels,
            attack=attack,
            cost=cost,
            calibration=calibration,
            whole=whole,
            device=device,
        )
        self._examples: dict[str, Examples] = {}
        self._dense_costs: NetworkCosts | None = None
        self.provenance: dict[str, Any] = {
            "weights_sha256": weights_sha256(network),
            "validation_images": validation_images,
            "calibration_images": calibration_images if calibrate else 0,
            "test_images": test_images,
            "device": device,
        }
        self.provenance |= dataset.provenance
        if callable(cost):
            self.provenance |= {"cost": function_name(cost), "cost_code": code_sha256(cost)}
        self.left_whole = self._evaluator.left_whole
        super().__init__(self._evaluator.space)

    def __str__(self) -> str:
        """Say what pymoo says of a problem, and which filters can go."""
        from ccsrp.report.layer_names import left_whole_line

        lines = [
            f"{self.space.n_var} filters in {self.space.n_layers} layers",
            left_whole_line(self.left_whole),
        ]
        return f"{super().__str__()}" + "".join(f"# {line}\n" for line in lines if line)

    def images(self, split: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the images of a split: float32 [N, C, H, W] in [0, 1] (or [N, T, C, H, W]), int64 [N].

        ``"validation"`` gives exactly the images that F is measured on, ``"test"`` those of reports.
        """
        return self._dataset.split(split, self._used.get(split))

    def network(self, mask: BoolArray | None = None) -> DirectCoding:
        """Build the network that a mask leaves, exactly as it is evaluated.

        Parameters
        ----------
        mask : bool [n_var], optional
            By default every filter is kept.

        Returns
        -------
        nn.Module
            Of SpikingJelly layers, slim and calibrated, in eval mode, from images [B, C, H, W] to logits
            [B, classes]. It resets its own state; torchattacks can attack it as it stands.
        """
        mask = self.space.full() if mask is None else np.asarray(mask)
        return self._evaluator.network(self.space.check(mask[None])[0])

    def rebased(self, network: DirectCoding, *, kept: BoolArray | None = None) -> SpikingPruning:
        """Return the same problem on another network for these images, such as a pruned and fine-tuned one.

        Images, attack and calibration stay; costs are still shares of this problem's dense network.

        Parameters
        ----------
        network : nn.Module
        kept : bool [n_var], optional
            The filters of this problem that ``network`` still has; a cost that is a function of masks needs
            to know.
        """
        from ccsrp.evaluation.custom_cost import CostOfRest
        from ccsrp.snn.graph import trace_filters

        evaluator, provenance, cost = self._evaluator, self.provenance, self._evaluator.cost
        if callable(cost):
            cost = CostOfRest.of(cost, self.space, kept, trace_filters(network.network).space)
        return SpikingPruning(
            network.network,
            self._dataset,
            attack=self.attack,
            time_steps=network.time_steps,
            cost=cost,
            calibrate=provenance["calibration_images"] > 0,
            validation_images=provenance["validation_images"],
            calibration_images=provenance["calibration_images"] or 1,
            test_images=provenance["test_images"],
            whole=evaluator.whole,
            device=evaluator.device,
        )

    def after(
        self,
        mask: BoolArray,
        tuning: FineTuning,
        *,
        seed: int = 0,
        on_epoch: Callable[[EpochReport], None] | None = None,
    ) -> SpikingPruning:
        """Return the same problem on the network that a mask leaves, fine-tuned: see ``rebased``."""
        from ccsrp.methods.interface import Task

        task = Task(self, tuning, seed=seed, on_epoch=on_epoch)
        return self.rebased(task.finetuned(self.network(mask)), kept=mask)

    def base_network(self) -> DirectCoding:
        """Copy the dense network as it was trained, without calibration, in eval mode."""
        return self._evaluator.base_network()

    def cost(self, masks: BoolArray) -> FloatArray:
        """Return the share of the dense cost, [N, n_var] -> [N]; synaptic operations are counted."""
        return self._evaluator.cost_of(self.space.check(masks))

    def accuracy(self, masks: BoolArray) -> FloatArray:
        """Judge masks on clean validation images alone, bool [N, n_var] -> float64 [N]."""
        return self._evaluator.accuracy(self.space.check(masks))

    def network_costs(self, network: DirectCoding) -> NetworkCosts:
        """Measure what any network costs: synaptic operations on the images of the validation split."""
        from ccsrp.snn.cost import network_costs
        from ccsrp.snn.graph import trace_filters

        return network_costs(network, trace_filters(network.network), self._prepared("validation").images)

    def dense_costs(self) -> NetworkCosts:
        """Return the costs that shares are of: those of the dense network as the search judges it.

        That one is calibrated like all others, so it spikes a little more or less than ``base_network()``.
        Of the search's own cost it is what ``whole`` said.
        """
        if self._dense_costs is None:
            costs = self.network_costs(self.network())
            if isinstance(cost := self._evaluator.cost, str):
                whole = self._evaluator.whole
                counted: Any = whole if cost == "synops" else round(whole)
                costs = replace(costs, **{cost: counted})
            self._dense_costs = costs
        return self._dense_costs

    def judge_network(
        self, network: DirectCoding, split: str = "validation", *, at_most: int | None = None
    ) -> Judgement:
        """Measure any network for these images, such as a fine-tuned one, on the images of a split.

        On the validation split it answers what F is for the network of a mask. ``at_most`` that many images
        are taken where the split has them, instead of those that this problem uses.
        """
        if at_most is None:
            return self._evaluator.judge_network(network, self._prepared(split))
        count = min(at_most, self._dataset.count(split))
        examples = self._evaluator.examples(*self._dataset.split(split, count))
        return self._evaluator.judge_network(network, examples)

    def _judge(self, masks: BoolArray) -> FloatArray:
        return self._evaluator.evaluate(masks)

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Tell the cost of masks without judging them: see ``PruningProblem.exact_cost``."""
        return self._evaluator.exact_cost(self.space.check(masks))

    def portable(self) -> Evaluator:
        """Return what judges masks, without the rest of the data set: see ``PortableEvaluator``.

        A subclass that judges in its own way is sent whole.
        """
        kind = type(self)
        own = kind._judge, kind._judge_bounded, kind.exact_cost
        known = SpikingPruning._judge, SpikingPruning._judge_bounded, SpikingPruning.exact_cost
        return self._evaluator if own == known else self

    def _prepared(self, split: str) -> Examples:
        if split not in self._examples:
            self._examples[split] = self._evaluator.examples(*self.images(split))
        return self._examples[split]

    def _judge_bounded(self, masks: BoolArray, known: FloatArray) -> Evaluation:
        return self._evaluator.evaluate_bounded(masks, known)

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks, measuring each on the test split: see ``PruningProblem.report``."""
        examples = self._prepared("test")
        table = super().report(masks, objectives)
        tests, synops = [], []
        for done, mask in enumerate(masks, start=1):
            tests.append(self._evaluator.judge(mask, examples))
            synops.append(self._evaluator.synops(mask))
            if on_member is not None:
                on_member(done, len(masks))
        columns: dict[str, Any] = {
            "flops": self._evaluator.costs.flops(masks),
            "params": self._evaluator.costs.params(masks),
            "synops": synops,
            "test_accuracy": [test.accuracy for test in tests],
            "test_robust_accuracy": [test.robust_accuracy for test in tests],
        }
        for place, (name, values) in enumerate(columns.items(), start=list(table).index("cost") + 1):
            table.insert(place, name, values)
        return table

    def audit_case(
        self, mask: BoolArray, *, images: int | None = None
    ) -> tuple[Subject, torch.Tensor, torch.Tensor]:
        """Return what an audit of one mask attacks: the network, test images, labels.

        Parameters
        ----------
        mask : bool [n_var]
        images : int, optional
            How many test images, the first of the split; by default those of reports.
        """
        checked = self.space.check(np.asarray(mask)[None])[0]
        return self._evaluator.subject(checked), *self._audited(images)

    def audit_case_of(
        self, network: DirectCoding, *, images: int | None = None
    ) -> tuple[Subject, torch.Tensor, torch.Tensor]:
        """Return what an audit of any network for these images attacks: see ``audit_case``."""
        inputs, labels = self._audited(images)
        return self._evaluator.subject_of(network, inputs), inputs, labels

    def _audited(self, images: int | None) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, labels = self._dataset.split("test", self._used["test"] if images is None else images)
        device = self._evaluator.device
        return inputs.to(device), labels.to(device)

    def audit(
        self,
        mask: BoolArray,
        *,
        images: int | None = None,
        settings: AuditSettings | None = None,
        on_attack: Callable[[int, int, Outcome], None] | None = None,
    ) -> Audit:
        """Attack the network of one mask by a strong ensemble: see ``ccsrp.attack.audit``.

        Parameters
        ----------
        mask, images
            See ``audit_case``.
        settings : AuditSettings, optional
            How much is tried.
        on_attack : callable, optional
            Called with (done, total, outcome) after each attack.
        """
        from ccsrp.attack.audit import audit
        from ccsrp.attack.ensemble import ensemble

        case = self.audit_case(mask, images=images)
        return audit(*case, ensemble(self.attack, settings), on_attack=on_attack)
