"""What a pruned network is: its figures on validation and test images, and what it costs."""

from __future__ import annotations

import math

from ccsrp.methods.interface import PrunableProblem, Pruned

__all__ = ["FIGURES", "measure"]

# Shares of the dense network as the search judges it, calibrated: flops, params, synops. ``searched_*`` is
# what a search was told of the same mask, before fine-tuning; without a mask there is none.
FIGURES = (
    "test_accuracy",
    "test_robust_accuracy",
    "validation_accuracy",
    "validation_robust_accuracy",
    "searched_accuracy",
    "searched_robust_accuracy",
    "flops",
    "params",
    "synops",
    "evaluations",
    "epochs",
)


def measure(problem: PrunableProblem, pruned: Pruned) -> dict[str, float]:
    """Return the ``FIGURES`` of a network.

    Nothing was chosen by the test images, unless a method broke its word.
    """
    test = problem.judge_network(pruned.network, "test")
    validation = problem.judge_network(pruned.network, "validation")
    searched = (math.nan, math.nan, math.nan)
    if pruned.mask is not None:
        searched = tuple(problem.evaluate(pruned.mask[None])[0])
    dense, own = problem.dense_costs(), problem.network_costs(pruned.network)
    values = (
        test.accuracy,
        test.robust_accuracy,
        validation.accuracy,
        validation.robust_accuracy,
        1 - searched[0],
        1 - searched[1],
        own.flops / dense.flops,
        own.params / dense.params,
        own.synops / dense.synops if dense.synops else math.nan,
        pruned.evaluations,
        pruned.epochs,
    )
    return {name: float(value) for name, value in zip(FIGURES, values, strict=True)}
