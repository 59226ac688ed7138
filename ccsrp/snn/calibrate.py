"""Batch-norm statistics re-estimated after pruning.

Removing filters shifts the inputs of every later layer, so the statistics of the dense network no longer
fit and an untouched candidate's accuracy says little (EagleEye, arXiv 2007.02491).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["calibrate", "set_statistics"]


def calibrate(network: nn.Module, images: torch.Tensor, *, batch_size: int = 256) -> None:
    """Replace the running statistics of every batch norm by those of ``images``, in place.

    Parameters
    ----------
    network : nn.Module
        From images ``[B, C, H, W]`` to logits; resets its own state. Its train or eval mode is kept.
    images : float32 [N, C, H, W]
        A fixed subset of the *training* images. Statistics are the mean over batches, so ``N`` should
        be a multiple of ``batch_size`` (or smaller).
    batch_size : int
        Images in one forward pass.
    """
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not norms:
        return
    before = [(norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then keeps the plain average over batches
        norm.train()
    try:
        with torch.no_grad():
            for batch in torch.split(images, batch_size):
                network(batch)
    finally:
        for norm, (momentum, training) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.train(training)


def set_statistics(
    network: nn.Module, statistics: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> None:
    """Set the running mean and variance of the batch norms that ``statistics`` names, in place."""
    for name, (mean, variance) in statistics.items():
        norm = network.get_submodule(name)
        norm.running_mean.copy_(torch.from_numpy(mean))  # type: ignore[operator]
        norm.running_var.copy_(torch.from_numpy(variance))  # type: ignore[operator]
