"""A short measurement of one network on the device at hand, in processes of its own."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import torch
from images import made_dataset
from plan import Plan

from ccsrp.registry import problem_class
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.training import TrainingSettings
from ccsrp.snn.tuning import own_copy, trainer_for
from problems import SpikingPruning

__all__ = ["Judging", "Training", "measured"]

# Images that are judged, and the smaller and larger batch of training, by device: a GPU is only busy with
# many, a CPU takes a minute for as many.
JUDGED = {"cpu": 8, "cuda": 128}
BATCHES = {"cpu": (4, 12), "cuda": (32, None)}  # None: the plan's own
REPEATS = 3
KEPT = 0.95  # of the filters: real masks keep fewer, so this is the most that they take


@dataclass(frozen=True)
class Judging:
    """What it costs to judge masks.

    Attributes
    ----------
    n_layers, n_var : int
    fixed : float
        Seconds to make and calibrate one mask's network.
    image : float
        Seconds to attack one image to the end.
    clean : float
        Seconds to classify one image.
    memory : float
        Peak in bytes, with all calibration images and few validation images.
    """

    n_layers: int
    n_var: int
    fixed: float
    image: float
    clean: float
    memory: float


@dataclass(frozen=True)
class Training:
    """What adversarial training costs.

    Attributes
    ----------
    image : float
        Seconds to attack an image and learn from it.
    batch : int
        Images of the larger batch that was measured.
    memory : float
        Peak in bytes with that batch.
    memory_image : float
        Bytes for each further image of a batch.
    """

    image: float
    batch: int
    memory: float
    memory_image: float


def measured(network: str, plan: Plan, *, device: str) -> tuple[Judging, Training]:
    """Measure a network, each kind of work in a new process, whose peak of memory is then its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        judging = pool.submit(judge, network, plan, device)
        training = pool.submit(train, network, plan, device)
        return judging.result(), training.result()


def judge(network: str, plan: Plan, device: str) -> Judging:
    """Judge one mask with and without calibration."""
    _reset_peak(device)
    problem = _problem(network, plan, device, calibrate=True)
    mask = problem.space.full()[None]
    mask[0, :: round(1 / (1 - KEPT))] = False  # spread over all layers
    problem.evaluate(mask)  # compiles kernels
    whole = _seconds(lambda: problem.evaluate(mask))
    # Spikes are what takes time, and an untrained network only spikes once it is calibrated.
    lively = problem.network()
    plain = _problem(network, plan, device, calibrate=False, base=lively)
    plain.accuracy(mask)
    images = JUDGED[_kind(device)]
    attacked = _seconds(lambda: plain.evaluate(mask)) / images
    return Judging(
        n_layers=problem.space.n_layers,
        n_var=problem.space.n_var,
        fixed=max(0.0, whole - images * attacked),
        image=attacked,
        clean=min(attacked, _seconds(lambda: plain.accuracy(mask)) / images),
        memory=_peak(device),
    )


def train(network: str, plan: Plan, device: str) -> Training:
    """Train on a smaller and on a larger batch."""
    _reset_peak(device)
    small, large = (size or plan.batch_size for size in BATCHES[_kind(device)])
    large = min(large, plan.batch_size)
    small = min(small, large - 1)
    lively = _problem(network, replace(plan, calibration_images=large), device, calibrate=True).network()
    peaks, seconds = [], 0.0
    for batch in (small, large):
        trainer = trainer_for(
            own_copy(lively),  # a training cannot be traced again
            *made_dataset(train=large).split("train", batch),
            attack=problem_class("cifar10").named_attack("sharp", steps=plan.training_steps),
            settings=TrainingSettings(epochs=1 + REPEATS, batch_size=batch),
        )
        trainer.run_epoch()  # compiles kernels
        seconds = _seconds(trainer.run_epoch)  # for both: memory settles over some steps
        peaks.append(_peak(device))
    return Training(
        image=seconds / large,
        batch=large,
        memory=peaks[1],
        memory_image=max(0.0, (peaks[1] - peaks[0]) / (large - small)),
    )


def _problem(
    network: str, plan: Plan, device: str, *, calibrate: bool, base: DirectCoding | None = None
) -> SpikingPruning:
    """Build the problem on made images; its attack spares no image, as one that fails would."""
    kind, judged = problem_class("cifar10"), JUDGED[_kind(device)]
    sharp = kind.named_attack("sharp", steps=plan.search_steps)
    return SpikingPruning(
        kind.untrained(network=network) if base is None else base.network,
        made_dataset(train=max(60, plan.calibration_images), validation=judged),
        attack=replace(sharp, every_iterate=False),
        time_steps=kind.time_steps,
        calibrate=calibrate,
        validation_images=judged,
        calibration_images=plan.calibration_images,
        test_images=1,
        device=device,
    )


def _seconds(work: Callable[[], object]) -> float:
    """Time the fastest of several runs: the others were held up by something else."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _kind(device: str) -> str:
    return torch.device(device).type


def _reset_peak(device: str) -> None:
    if _kind(device) == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: str) -> float:
    if _kind(device) == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    # Linux counts in kibibytes, macOS in bytes.
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (
        1 if sys.platform == "darwin" else 1024
    )
