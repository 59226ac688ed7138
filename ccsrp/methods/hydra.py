"""Filters chosen by scores learned under attack: HYDRA (Sehwag et al., NeurIPS 2020, arXiv 2002.10509)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ccsrp.errors import OptionError
from ccsrp.methods.interface import Pruned, Task, check_targets
from ccsrp.methods.magnitude import relative_norms
from ccsrp.methods.ranking import best_at_cost
from ccsrp.space import BoolArray

if TYPE_CHECKING:
    import torch

    from ccsrp.snn.networks import DirectCoding

__all__ = ["prune"]


def prune(
    task: Task, targets: Sequence[float], *, score_learning_rate: float = 0.02, interval: int = 1
) -> Iterator[Pruned]:
    """Learn one importance score a filter under the robust loss, the weights frozen.

    The forward pass uses the filters with the highest scores that the target can pay for; gradients pass
    that choice straight through. Scores start from the filters' weights, scaled by layer, and are learned
    for the first half of the epochs; then what is left of the base is fine-tuned. Every target is a
    training of its own. The paper scores single weights; here it is filters.

    Parameters
    ----------
    task : Task
    targets : sequence of float
    score_learning_rate : float
        Peak of the schedule, for AdamW. The paper's 0.1 is for SGD; our choice, because it lets scores that
        start around 1 change places within a few hundred batches.
    interval : int
        Batches between two choices of filters. The paper's is 1; more is faster where filters are many.

    Raises
    ------
    OptionError
    """
    check_targets(targets)
    if interval < 1:
        raise OptionError(f"interval of hydra must be at least 1, got {interval}")
    for target in targets:
        mask = learned_mask(
            task,
            task.problem.base_network(),
            target,
            score_learning_rate=score_learning_rate,
            interval=interval,
        )
        yield task.pruned(mask, target, formed=True)


def learned_mask(
    task: Task, network: DirectCoding, target: float, *, score_learning_rate: float, interval: int
) -> BoolArray:
    """Learn scores on ``network`` and return the mask that they give at the target, bool [n_var].

    ``network`` is fused in place, and its batch-norm statistics follow the masks; its parameters stay.
    """
    import torch

    from ccsrp.methods.gates import as_gates, gated
    from ccsrp.snn.graph import trace_filters

    graph = trace_filters(network.network)
    network.requires_grad_(False)
    device = next(network.parameters()).device
    scores = torch.nn.Parameter(torch.tensor(relative_norms(task), dtype=torch.float32, device=device))

    def chosen() -> BoolArray:
        return best_at_cost(task.problem, scores.detach().cpu().numpy().astype(float), target)

    def gates() -> torch.Tensor:
        return as_gates(mask, network) + scores - scores.detach()

    mask, batch = chosen(), 0
    trainer = task.trainer(
        network, part=1, mask=lambda: mask, parameters=[scores], learning_rate=score_learning_rate
    )

    def after_step(*_: Any) -> None:
        nonlocal mask, batch
        batch += 1
        if batch % interval == 0:
            mask = chosen()

    trainer.optimizer.register_step_post_hook(after_step)
    with gated(network.network, graph, gates):
        task.train(trainer)
    return chosen()
