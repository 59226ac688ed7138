"""How long networks take on this machine, measured in turns."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ccsrp.errors import OptionError

__all__ = ["Machine", "Timing", "measure", "this_machine"]

Network = Callable[[torch.Tensor], torch.Tensor]
WARM_UP, MOST_ROUNDS = 3, 1000


@dataclass(frozen=True)
class Timing:
    """What one network took for one batch of images.

    Attributes
    ----------
    network : str
    runtime : str
    batch : int
        Images in a batch.
    least_ms, lower_ms, median_ms, upper_ms : float
        The least of all rounds and their quartiles, in milliseconds. On a machine that does other things
        too, the least says most of the network, and the quartiles of the machine.
    rounds : int
    """

    network: str
    runtime: str
    batch: int
    least_ms: float
    lower_ms: float
    median_ms: float
    upper_ms: float
    rounds: int


@dataclass(frozen=True)
class Machine:
    """What a latency depends on beside the network."""

    cpu: str
    cores: int
    threads: int
    system: str
    versions: str

    def describe(self) -> str:
        """Say it in one line."""
        return f"{self.cpu}, {self.cores} cores, {self.threads} threads, {self.system}, {self.versions}"


def this_machine(packages: tuple[str, ...] = ("torch", "spikingjelly", "onnxruntime")) -> Machine:
    """Describe the machine at hand, with the versions of the packages that are installed."""
    found = [f"python {platform.python_version()}"]
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        system=f"{platform.system()} {platform.machine()}",
        versions=", ".join(found),
    )


def measure(
    networks: Mapping[tuple[str, str], Network],
    images: torch.Tensor,
    *,
    batches: tuple[int, ...] = (1, 64),
    seconds: float = 3.0,
    on_batch: Callable[[int, int], None] | None = None,
) -> list[Timing]:
    """Measure networks in turns, so that whatever else the machine does falls on all alike.

    Parameters
    ----------
    networks : dict
        By (network, runtime).
    images : float32 [N, C, H, W] or [N, T, C, H, W]
        Shown from the first on; repeated where a batch needs more.
    batches : tuple of int
    seconds : float
        About how long each batch size is measured, but 5 rounds at least.
    on_batch : callable, optional
        Called with (done, of how many) after each batch size.
    """
    if not networks or len(images) == 0 or min(batches) < 1 or not seconds > 0:
        raise OptionError("latency needs networks, images, batches of at least 1 image and seconds above 0")
    timings = []
    for done, batch in enumerate(batches, start=1):
        shown = images.repeat(-(-batch // len(images)), *[1] * (images.ndim - 1))[:batch].contiguous()
        for network in networks.values():
            for _ in range(WARM_UP):
                _milliseconds(network, shown)
        taken: dict[tuple[str, str], list[float]] = {key: [] for key in networks}
        end, rounds = time.perf_counter() + seconds, 0
        while rounds < 5 or (rounds < MOST_ROUNDS and time.perf_counter() < end):
            order = list(networks) if rounds % 2 == 0 else list(networks)[::-1]
            for key in order:
                taken[key].append(_milliseconds(networks[key], shown))
            rounds += 1
        for (name, runtime), values in taken.items():
            lower, median, upper = statistics.quantiles(values, n=4)
            timings.append(Timing(name, runtime, batch, min(values), lower, median, upper, rounds))
        if on_batch is not None:
            on_batch(done, len(batches))
    return timings


def _milliseconds(network: Network, images: torch.Tensor) -> float:
    with torch.no_grad():
        began = time.perf_counter()
        network(images)
        return 1000 * (time.perf_counter() - began)


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "an unknown CPU"
