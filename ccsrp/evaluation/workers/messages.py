"""What a pool of workers and those who use it tell each other; free of Ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ccsrp.evaluation.interface import Evaluation

__all__ = ["Answered", "Lost", "Reservation", "Shipment"]


@dataclass(frozen=True)
class Reservation:
    """What a worker reserves: whole CPUs, each a thread, and GPUs or a share of one."""

    cpus: int
    gpus: float = 0.0

    def fitting(self, resources: dict[str, float]) -> int:
        """Return how many workers a node of these resources has room for.

        >>> Reservation(2, 0.5).fitting({"CPU": 9.0, "GPU": 1.0})
        2
        """
        by_cpu = int(resources.get("CPU", 0) // self.cpus)
        return min(by_cpu, int(resources.get("GPU", 0) // self.gpus)) if self.gpus else by_cpu

    def __str__(self) -> str:
        gpus = f" and {self.gpus:g} GPU" if self.gpus else ""
        return f"{self.cpus} CPU{'s' if self.cpus > 1 else ''}{gpus}"


@dataclass(frozen=True)
class Shipment:
    """An evaluator on its way to workers: a reference to its pickle, which is stored once."""

    number: int
    pickled: Any
    size: int


@dataclass(frozen=True)
class Answered:
    """The answer to a shard."""

    shard: tuple[int, ...]
    evaluation: Evaluation
    worker: str


@dataclass(frozen=True)
class Lost:
    """A shard whose worker died; ``blamed`` unless its node went with it."""

    shard: tuple[int, ...]
    worker: str
    blamed: bool
    seconds: float
    out_of_memory: bool
