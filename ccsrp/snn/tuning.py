"""A network trained further in a copy, with its attacks at compiled speed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import torch
from spikingjelly.activation_based import functional
from torch import nn

from ccsrp.attack.custom import AnyAttack
from ccsrp.attack.gradient import Classifier
from ccsrp.snn.compiled.compiler import compiler_for
from ccsrp.snn.graph import trace_filters
from ccsrp.snn.lif import fuse_neurons
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.training import EpochReport, Trainer, TrainingSettings
from ccsrp.space import BoolArray

__all__ = ["fastest", "finetuned", "logits_of", "own_copy", "trainer_for", "with_weights_of"]


def trainer_for(
    network: DirectCoding,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    attack: AnyAttack,
    settings: TrainingSettings,
    mask: Callable[[], BoolArray] | None = None,
    parameters: Iterable[nn.Parameter] | None = None,
    teacher_logits: torch.Tensor | None = None,
) -> Trainer:
    """Prepare the training of ``network`` in place, in its fastest form; it cannot be traced any more.

    Parameters
    ----------
    network : DirectCoding
        Of SpikingJelly layers, with at least one prunable layer; on the device to train on.
    images, labels : float32 [N, C, H, W] in [0, 1], int64 [N]
    attack : Attack or CustomAttack
    settings : TrainingSettings
    mask : callable, optional
        Tells which filters are at work at that moment, bool [n_var], where gates close others: what the
        gated network computes is then attacked at compiled speed. By default all are.
    parameters : iterable of nn.Parameter, optional
        What is trained; by default all that ``network`` has.
    teacher_logits : float32 [N, n_classes], optional
        See ``Trainer``.
    """
    device = next(network.parameters()).device
    graph = trace_filters(network.network)
    compiler = compiler_for(
        network.network,
        graph,
        image_shape=tuple(images.shape[1:]),
        time_steps=network.time_steps,
        attack=attack,
    )
    fuse_neurons(network.network, graph.called_once)
    return Trainer(
        network,
        images.to(device),
        labels.to(device),
        attack=attack,
        settings=settings,
        attacked=None if compiler is None else lambda: compiler.compile((mask or graph.space.full)()),
        parameters=parameters,
        teacher_logits=teacher_logits,
    )


def finetuned(
    network: DirectCoding,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    attack: AnyAttack,
    settings: TrainingSettings,
    teacher_logits: torch.Tensor | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> DirectCoding:
    """Return a trained copy of ``network``, of SpikingJelly's layers alone, in eval mode."""
    fused = own_copy(network)
    trainer = trainer_for(
        fused, images, labels, attack=attack, settings=settings, teacher_logits=teacher_logits
    )
    trainer.run(on_epoch)
    return with_weights_of(network, fused)


@torch.no_grad()
def logits_of(network: DirectCoding, images: torch.Tensor, *, batch_size: int) -> torch.Tensor:
    """Return what a network in eval mode says of clean images, float32 [N, n_classes] on their device."""
    device = next(network.parameters()).device
    parts = [network(part.to(device)).to(images.device) for part in torch.split(images, batch_size)]
    return torch.cat(parts)


def with_weights_of(network: DirectCoding, trained: DirectCoding) -> DirectCoding:
    """Return a copy of ``network`` with what its fused copy ``trained`` has learned, in eval mode."""
    tuned = own_copy(network)
    tuned.load_state_dict(trained.state_dict())
    return tuned.eval()


def own_copy(network: DirectCoding) -> DirectCoding:
    """Copy a network; the state of its neurons, which cannot be copied, is reset."""
    functional.reset_net(network)
    return copy.deepcopy(network)


def fastest(network: DirectCoding, *, image_shape: tuple[int, ...], attack: AnyAttack) -> Classifier:
    """Return what ``network`` computes in the fastest form that ``attack`` can attack."""
    graph = trace_filters(network.network)
    compiler = compiler_for(
        network.network, graph, image_shape=image_shape, time_steps=network.time_steps, attack=attack
    )
    if compiler is not None:
        return compiler.compile(graph.space.full())
    fused = own_copy(network)
    fuse_neurons(fused.network, graph.called_once)
    return fused
