"""Pruning of a real spiking network, judged on real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ccsrp.space import BoolArray, FloatArray
from problems.base import PruningProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import torch
    from torch import nn

    from ccsrp.attack.audit import Audit, Outcome
    from ccsrp.attack.ensemble import AuditSettings
    from ccsrp.attack.pgd import Attack
    from ccsrp.attack.subject import Subject
    from ccsrp.evaluation.interface import Evaluation
    from ccsrp.evaluation.judge import Examples
    from ccsrp.evaluation.spiking import Cost
    from ccsrp.snn.data import Dataset
    from ccsrp.snn.networks import DirectCoding

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
    attack : Attack
        What robustness is judged under.
    time_steps : int
        T, with direct coding: the image is shown unchanged at each step.
    cost : {"flops", "params", "synops"}
        What the third objective is a fraction of.
    calibrate : bool
        Re-estimate batch-norm statistics of every candidate before judging it.
    validation_images, calibration_images, test_images : int
        How many images of the validation, train and test split are used, the first of each.
    device : str, optional
        ``"cuda"`` where there is one, else ``"cpu"``.

    Attributes
    ----------
    attack : Attack
        Name, eps, step size, steps, surrogate and seed of what robustness is judged under.
    provenance : dict
        What F depends on beside the options: a hash of the weights, numbers of images, the device.
    """

    def __init__(
        self,
        network: nn.Module,
        dataset: Dataset,
        *,
        attack: Attack,
        time_steps: int = 4,
        cost: Cost = "flops",
        calibrate: bool = True,
        validation_images: int = 256,
        calibration_images: int = 256,
        test_images: int = 1000,
        device: str | None = None,
    ) -> None:
        from ccsrp.checks import checked_device
        from ccsrp.evaluation.spiking import SpikingEvaluator
        from ccsrp.snn.weights import weights_sha256

        device = checked_device(device)
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
            device=device,
        )
        self._test_examples: Examples | None = None
        self.provenance = {
            "weights_sha256": weights_sha256(network),
            "validation_images": validation_images,
            "calibration_images": calibration_images if calibrate else 0,
            "test_images": test_images,
            "device": device,
        }
        super().__init__(self._evaluator.space)

    def images(self, split: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the images of a split: float32 [N, C, H, W] in [0, 1], int64 [N].

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

    def _judge(self, masks: BoolArray) -> FloatArray:
        return self._evaluator.evaluate(masks)

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Tell the cost of masks without judging them: see ``PruningProblem.exact_cost``."""
        return self._evaluator.exact_cost(self.space.check(masks))

    def _judge_bounded(self, masks: BoolArray, known: FloatArray) -> Evaluation:
        return self._evaluator.evaluate_bounded(masks, known)

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks, measuring each on the test split: see ``PruningProblem.report``."""
        if self._test_examples is None:
            self._test_examples = self._evaluator.examples(*self.images("test"))
        table = super().report(masks, objectives)
        tests, synops = [], []
        for done, mask in enumerate(masks, start=1):
            tests.append(self._evaluator.judge(mask, self._test_examples))
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
        inputs, labels = self._dataset.split("test", self._used["test"] if images is None else images)
        device = self._evaluator.device
        return self._evaluator.subject(checked), inputs.to(device), labels.to(device)

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
