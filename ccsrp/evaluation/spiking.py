"""The Torch evaluator of spiking networks: N masks in one call.

Each mask is made a real, smaller network, calibrated, and judged on the same images under the same
attack from the same starts. Masks never share a forward pass, so a mask's answer cannot depend on the
company in which it was evaluated.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import torch
from spikingjelly.activation_based import functional
from torch import nn

from ccsrp.attack.custom import AnyAttack, CustomAttack, check_attack
from ccsrp.attack.gradient import Classifier
from ccsrp.attack.subject import Subject
from ccsrp.errors import GraphError, OptionError, WeightsError, one_line
from ccsrp.evaluation.bound import nothing_known, stop_when_dominated
from ccsrp.evaluation.custom_cost import CostFunction, check_cost, custom_costs
from ccsrp.evaluation.interface import Evaluation
from ccsrp.evaluation.judge import Examples, Judgement, hardest_first, judge
from ccsrp.snn.calibrate import calibrate, set_statistics
from ccsrp.snn.compiled.compiler import compiler_for
from ccsrp.snn.cost import CostTable, cost_table, count_synaptic_operations
from ccsrp.snn.graph import PruningGraph, trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding, coded
from ccsrp.snn.slim import slim_network
from ccsrp.snn.tuning import fastest, own_copy
from ccsrp.space import BoolArray, FilterSpace, FloatArray

__all__ = ["COSTS", "AnyCost", "SpikingEvaluator"]

COSTS = ("flops", "params", "synops")
Cost = Literal["flops", "params", "synops"]
AnyCost: TypeAlias = Cost | CostFunction


class SpikingEvaluator:
    """Judges masks of one spiking network on accuracy, robustness and cost.

    Parameters
    ----------
    network : nn.Module
        The trained base, of SpikingJelly layers, from ``[T, B, C, H, W]`` to ``[T, B, classes]``. It is
        copied; the state of its neurons is reset.
    time_steps : int, optional
        T; by default 4, or the number of frames.
    images, labels : float32 [N, C, H, W] or [N, T, C, H, W] in [0, 1], int64 [N]
        The *validation* images, or their frames.
    attack : Attack or CustomAttack
    cost : {"flops", "params", "synops"} or callable
        What the third objective is a fraction of, or a function of masks: ``evaluation.custom_cost``.
    calibration : float32 [N, C, H, W], optional
        Training images for the batch norms of pruned networks; ``None`` leaves the base's statistics.
    whole : float, optional
        The cost that counts as 1, in operations or parameters; by default the base's own.
    device : str
    """

    # Images attacked together. Compiled networks take images one by one on as many threads as there are
    # cores, so any number gives the same answers in the same memory: all at once, unless an attack in rounds
    # may stop early, which fewer (STOPPABLE) let it do sooner; PGD ends with the image that leaves no hope.
    # Networks that cannot be compiled run in torch, where more than BATCH_SIZE cost memory and no longer gain
    # speed (on 2 cores, 64 to 256 are equally fast), and a pass rounds by its size: there, the number belongs
    # to the definition of F and must not depend on the machine.
    BATCH_SIZE = 128
    STOPPABLE = 64

    def __init__(
        self,
        network: nn.Module,
        *,
        time_steps: int | None,
        images: torch.Tensor,
        labels: torch.Tensor,
        attack: AnyAttack,
        cost: AnyCost = "flops",
        calibration: torch.Tensor | None = None,
        whole: float | None = None,
        device: str = "cpu",
    ) -> None:
        if not callable(cost) and cost not in COSTS:
            raise OptionError(
                f"unknown cost {cost!r}; choose one of {', '.join(COSTS)}, or pass a function of masks and "
                f"their space"
            )
        self.attack = attack
        self.cost = cost
        self.device = device
        self._hardest_first: Examples | None = None
        self._calibration = None if calibration is None else calibration.to(device)
        shape = tuple(images.shape[1:])
        self._base = coded(_own_copy(network), image_shape=shape, time_steps=time_steps).to(device).eval()
        self._graph: PruningGraph = trace_filters(self._base.network)
        if callable(cost):
            check_cost(cost, self._graph.space)
        _check_output(self._base, images[:1].to(device), labels)
        self.costs: CostTable = cost_table(self._base, self._graph, shape)
        self._compiler = compiler_for(
            self._base.network,
            self._graph,
            image_shape=shape,
            time_steps=self._base.time_steps,
            attack=attack,
        )
        self._validation = self.examples(images, labels)
        if isinstance(attack, CustomAttack):
            check_attack(
                self._classifier(self.space.full()), self._validation.images, self._validation.labels, attack
            )
        self._whole = whole

    @property
    def space(self) -> FilterSpace:
        """The filters that can go."""
        return self._graph.space

    @property
    def left_whole(self) -> dict[str, str]:
        """Convolutions whose filters stay, each with what stops its channels."""
        return dict(self._graph.left_whole)

    def examples(self, images: torch.Tensor, labels: torch.Tensor) -> Examples:
        """Prepare images for ``judge``."""
        # What a custom attack draws depends on the batch.
        fixed = self._compiler is None or isinstance(self.attack, CustomAttack)
        together = self.BATCH_SIZE if fixed else len(labels)
        return Examples.of(images, labels, self.attack, device=self.device, batch_size=together)

    def network(self, mask: BoolArray) -> DirectCoding:
        """Build the network of one mask, calibrated: images [B, C, H, W] to logits [B, classes].

        It is made of SpikingJelly's layers alone.
        """
        slim = slim_network(self._base.network, self._graph, mask)
        network = self._base.around(slim).eval()
        if self._calibration is not None:
            if self._compiler is not None:
                set_statistics(slim, self._compiler.calibrate(mask, self._calibration))
            else:
                calibrate(network, self._calibration)
        return network

    def base_network(self) -> DirectCoding:
        """Copy the base with the statistics that it came with."""
        return own_copy(self._base)

    def judge_network(self, network: DirectCoding, examples: Examples) -> Judgement:
        """Judge any network for the same images, with its statistics as they are."""
        shape = tuple(examples.images.shape[1:])
        return judge(fastest(network, image_shape=shape, attack=examples.attack), examples)

    def judge(self, mask: BoolArray, examples: Examples) -> Judgement:
        """Judge the network of one mask on other images than those of the search."""
        return judge(self._classifier(mask), examples)

    def subject(self, mask: BoolArray) -> Subject:
        """Give the network of one mask to an audit, with the base to transfer from."""
        source = None if mask.all() else self._classifier(self.space.full())
        return Subject(self._classifier(mask), self._in_torch(mask), source, self.BATCH_SIZE)

    def subject_of(self, network: DirectCoding, images: torch.Tensor) -> Subject:
        """Give any network for these images to an audit, with the base to transfer from."""
        fast = fastest(network, image_shape=tuple(images.shape[1:]), attack=self.attack)
        return Subject(fast, network, self._classifier(self.space.full()), self.BATCH_SIZE)

    def synops(self, mask: BoolArray) -> float:
        """Count the synaptic operations of one mask's network, mean over the validation images."""
        network = self._in_torch(mask)
        with count_synaptic_operations(network, self._graph) as count:
            self._validation.logits(network)
        return count.total / len(self._validation)

    def evaluate(self, masks: BoolArray, /) -> FloatArray:
        """Judge masks, bool [N, n_var] -> float64 [N, 3]."""
        return self.evaluate_bounded(masks, nothing_known()).objectives

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop an attack where a known point is as good as all that is possible."""
        objectives, complete = np.empty((len(masks), 3)), np.empty(len(masks), dtype=bool)
        expected = np.empty_like(objectives)
        examples = self._ordered_examples() if len(known) else self._validation
        costs = self.exact_cost(masks)
        for row, mask in enumerate(masks):
            cost = self._relative_synops(mask) if costs is None else float(costs[row])
            judgement = judge(self._classifier(mask), examples, hopeless=stop_when_dominated(known, cost))
            objectives[row] = 1 - judgement.accuracy, 1 - judgement.robust_accuracy, cost
            complete[row] = judgement.complete
            expected[row] = 1 - judgement.accuracy, 1 - judgement.expected_robust_accuracy, cost
        return Evaluation(objectives, complete, expected)

    def accuracy(self, masks: BoolArray) -> FloatArray:
        """Judge masks on clean images alone, bool [N, n_var] -> float64 [N]."""
        labels = self._validation.labels
        right = [self._validation.logits(self._classifier(mask)).argmax(1) == labels for mask in masks]
        return np.array([int(flags.sum()) / len(labels) for flags in right])

    def __reduce__(self) -> tuple[Callable[[], SpikingEvaluator], tuple[()]]:
        """Pickle what this evaluator was made from: weights, images in use, settings.

        Kernels, compiled networks and memory are made anew where it is unpickled; on a GPU, that process
        says on which.
        """
        calibration = self._calibration
        recipe = partial(
            SpikingEvaluator,
            self.base_network().cpu().network,
            time_steps=self._base.time_steps,
            images=self._validation.images.cpu(),
            labels=self._validation.labels.cpu(),
            attack=self.attack,
            cost=self.cost,
            calibration=None if calibration is None else calibration.cpu(),
            # Measured once, so that all processes divide by the same number.
            whole=self.whole,
            device=torch.device(self.device).type,
        )
        return recipe, ()

    def _classifier(self, mask: BoolArray) -> Classifier:
        """Build the network of one mask in the fastest form there is."""
        if self._compiler is None:
            return self._in_torch(mask)
        calibration = self._calibration
        statistics = None if calibration is None else self._compiler.calibrate(mask, calibration)
        return self._compiler.compile(mask, statistics)

    def _in_torch(self, mask: BoolArray) -> DirectCoding:
        network = self.network(mask)
        fuse_neurons(network.network, self._graph.called_once)
        return network

    def _ordered_examples(self) -> Examples:
        if self._compiler is None or isinstance(self.attack, CustomAttack):
            return self._validation
        if self._hardest_first is None:
            dense = self._classifier(self.space.full())
            ordered = hardest_first(dense, self._validation)
            self._hardest_first = replace(ordered, batch_size=self.STOPPABLE)
        return self._hardest_first

    def exact_cost(self, masks: BoolArray, /) -> FloatArray | None:
        """Return the cost of masks, float64 [N], without judging them; ``None`` for synaptic operations."""
        if callable(self.cost):
            return custom_costs(self.cost, masks, self.space)
        if self.cost == "synops":
            return None
        count = self.costs.flops if self.cost == "flops" else self.costs.params
        shares: FloatArray = count(masks) / self.whole
        return shares

    @property
    def whole(self) -> float:
        """The cost that counts as 1: synaptic operations of an image, FLOPs or parameters."""
        if self._whole is None:
            full = self.space.full()
            if self.cost == "synops":
                self._whole = self.synops(full)
            elif callable(self.cost):
                self._whole = 1.0
            else:
                self._whole = float(getattr(self.costs, self.cost)(full[None])[0])
            if self._whole == 0:
                raise OptionError("the base network never spikes, so synops cannot be its cost; use flops")
        return self._whole

    def cost_of(self, masks: BoolArray) -> FloatArray:
        """Return the cost of masks, float64 [N], measured if need be."""
        exact = self.exact_cost(masks)
        return np.array([self._relative_synops(mask) for mask in masks]) if exact is None else exact

    def _relative_synops(self, mask: BoolArray) -> float:
        # Fewer filters can spike more in all; a candidate dearer than the base is worth no more than it.
        return min(1.0, self.synops(mask) / self.whole)


def _own_copy(network: nn.Module) -> nn.Module:
    """Copy a network whose weights are finite.

    Raises
    ------
    WeightsError, GraphError
    """
    functional.reset_net(network)  # state left over from training cannot be copied
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"the network holds values that are not finite in {name!r}; train it anew")
    try:
        return copy.deepcopy(network)
    except RuntimeError as error:
        raise GraphError(
            f"{type(network).__name__} cannot be copied ({one_line(error)}); remove what computes its "
            f"weights first, such as with torch.nn.utils.prune.remove"
        ) from None


def _check_output(network: DirectCoding, image: torch.Tensor, labels: torch.Tensor) -> None:
    """See that one image, [1, C, H, W], gives one row of logits, with a class for every label."""
    classes = int(labels.max()) + 1
    wanted = "a network must map [T, B, C, H, W] to [T, B, classes]"
    try:
        with torch.no_grad():
            logits = network(image)
    except (RuntimeError, ValueError, IndexError) as error:
        shape = list(image.shape[1:])
        raise GraphError(f"the network does not take images {shape} ({one_line(error)}); {wanted}") from None
    if logits.ndim != 2 or logits.shape[1] < classes:
        raise GraphError(f"for one image of {classes} classes it gives {list(logits.shape)}; {wanted}")
