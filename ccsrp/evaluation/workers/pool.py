"""The workers on a Ray cluster: started, given a problem, given masks, and replaced when they die."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import ray

from ccsrp.errors import WorkersError, one_line
from ccsrp.evaluation.workers.connection import check_head
from ccsrp.evaluation.workers.messages import Answered, Lost, Reservation, Shipment
from ccsrp.evaluation.workers.worker import Judged, Worker
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Pool"]

# How often a wait is broken off to see whether the cluster has grown, in seconds.
RECHECK = 5.0
# So many workers in a row that die while they load a problem are the problem's fault.
MOST_LOADS = 3


class _Stage(Enum):
    STARTING = auto()  # waits for resources, or for its process
    LOADING = auto()
    IDLE = auto()
    BUSY = auto()


@dataclass(eq=False)
class _Member:
    """One worker as the pool sees it."""

    actor: Any
    stage: _Stage = _Stage.STARTING
    name: str = ""
    node: str = ""
    holds: int | None = None
    speed: float | None = None
    shard: tuple[int, ...] = ()
    since: float = 0.0


class Pool:
    """Workers of one kind, as many as are wanted, as far as the cluster has room.

    Parameters
    ----------
    reservation : Reservation
    workers : int, optional
        By default as many as the nodes of the cluster have room for at that time.
    patience : float
        Seconds without a single worker after which to give up.
    """

    def __init__(self, reservation: Reservation, *, workers: int | None, patience: float) -> None:
        self.reservation = reservation
        self._workers = workers
        self._patience = patience
        self._members: list[_Member] = []
        # What each reference under way will tell of.
        self._awaited: dict[Any, _Member] = {}
        self._latest: Shipment | None = None
        self._failed_loads = 0
        self._alone_since: float | None = None
        self._counted: tuple[int, float] | None = None
        self._closed = False
        self._kind = ray.remote(Worker).options(
            num_cpus=reservation.cpus,
            num_gpus=reservation.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )

    @property
    def speeds(self) -> list[float | None]:
        """Masks a second of all workers at work, ``None`` where not measured yet."""
        return [one.speed for one in self._members if one.stage is not _Stage.STARTING]

    def fill(self) -> None:
        """Start what workers are missing; those that find no room wait for it."""
        if self._closed:
            raise WorkersError("the with block of these workers is over; evaluate within it")
        for _ in range(self._wanted() - len(self._members)):
            member = _Member(self._kind.remote(self.reservation.cpus, sys.path))
            self._members.append(member)
            self._awaited[member.actor.introduce.remote()] = member

    def idle(self, shipment: Shipment) -> Iterator[_Member]:
        """Yield workers that hold a problem and have nothing to do; send it to those that hold another."""
        self._latest = shipment
        for member in self._members:
            if member.stage is _Stage.IDLE and member.holds != shipment.number:
                member.stage, member.holds = _Stage.LOADING, shipment.number
                self._awaited[member.actor.load.remote(shipment.pickled)] = member
            elif member.stage is _Stage.IDLE:
                yield member

    def judge(self, member: _Member, shard: tuple[int, ...], masks: BoolArray, known: FloatArray) -> None:
        """Send a worker the masks of a shard, bool [len(shard), n_var]."""
        member.stage, member.shard, member.since = _Stage.BUSY, shard, time.monotonic()
        self._awaited[member.actor.judge.remote(masks, known)] = member

    def wait(self) -> list[Answered | Lost]:
        """Sleep until something happens, and say what; nothing of it may concern masks.

        Raises
        ------
        WorkersError
            There has been no worker for too long, workers cannot load the problem, or the cluster is gone.
        """
        timeout = min(RECHECK, self._patience_left())
        done, rest = ray.wait(list(self._awaited), num_returns=1, timeout=timeout)
        if done and rest:  # what else is there already, so that many workers cost no more waits than few
            done += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        if not done:
            check_head()
        if not done and self._patience_left() <= 0:
            self._alone_since = None
            raise WorkersError(
                f"no worker could be had for {self._patience:g} s: each needs {self.reservation}, the "
                f"cluster has {_described(_nodes())}; free some, add nodes, or let workers need less"
            )
        return [event for reference in done for event in self._heard(reference)]

    def abandon(self) -> None:
        """End the workers whose answers nobody waits for any more."""
        for member in [one for one in self._members if one.stage is _Stage.BUSY]:
            self._remove(member)

    def close(self) -> None:
        """End all workers, for good."""
        self._closed = True
        for member in list(self._members):
            self._remove(member)

    def _wanted(self) -> int:
        if self._workers is not None:
            return self._workers
        now = time.monotonic()
        if self._counted is None or now - self._counted[1] > RECHECK:
            room = sum(self.reservation.fitting(node["Resources"]) for node in _nodes())
            self._counted = max(1, room), now
        return self._counted[0]

    def _patience_left(self) -> float:
        if any(one.stage is not _Stage.STARTING for one in self._members):
            self._alone_since = None
            return self._patience
        self._alone_since = self._alone_since or time.monotonic()
        return max(0.0, self._alone_since + self._patience - time.monotonic())

    def _heard(self, reference: Any) -> Sequence[Answered | Lost]:
        member = self._awaited.pop(reference)
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            self._remove(member)
            raise WorkersError(f"worker {member.name} failed: {one_line(error.cause)}") from error
        except ray.exceptions.RayError as error:
            return self._died(member, error)
        if member.stage is _Stage.STARTING:
            member.name, member.node = answer
            member.stage = _Stage.IDLE
        elif member.stage is _Stage.LOADING:
            self._loaded(member, answer)
        else:
            return [self._answered(member, answer)]
        return []

    def _loaded(self, member: _Member, failure: str) -> None:
        member.stage, self._failed_loads = _Stage.IDLE, 0
        if not failure:
            return
        wanted = self._latest is not None and member.holds == self._latest.number
        member.holds = None
        if wanted:  # by now, another problem may be
            raise WorkersError(f"worker {member.name} cannot load the problem ({failure})")

    def _answered(self, member: _Member, judged: Judged) -> Answered:
        latest = len(member.shard) / max(judged.seconds, 1e-6)
        # The first shard also loads kernels, and clocks vary: the mean of the latest and all before.
        member.speed = latest if member.speed is None else (member.speed + latest) / 2
        member.stage = _Stage.IDLE
        return Answered(member.shard, judged.evaluation, member.name)

    def _died(self, member: _Member, error: ray.exceptions.RayError) -> Sequence[Lost]:
        self._remove(member)
        node_lives = any(node["NodeID"] == member.node for node in _nodes())
        # A worker that is only out of reach, or went with its node, was not killed by what it did.
        blamed = node_lives and not isinstance(error, ray.exceptions.ActorUnavailableError)
        if member.stage is _Stage.BUSY:
            seconds = time.monotonic() - member.since
            memory = isinstance(error, ray.exceptions.OutOfMemoryError)
            return [Lost(member.shard, member.name, blamed, seconds, memory)]
        if blamed or not member.node:
            self._failed_loads += 1
            if self._failed_loads >= max(MOST_LOADS, len(self._members)):
                self._failed_loads = 0
                raise WorkersError(f"workers die before they have the problem ({one_line(error)})")
        return []

    def _remove(self, member: _Member) -> None:
        self._members.remove(member)
        self._awaited = {ref: one for ref, one in self._awaited.items() if one is not member}
        with suppress(ConnectionError, ray.exceptions.RayError):
            ray.kill(member.actor)


def _nodes() -> list[dict[str, Any]]:
    check_head()
    return [node for node in ray.nodes() if node["Alive"]]


def _described(nodes: list[dict[str, Any]]) -> str:
    def total(kind: str) -> float:
        return float(sum(node["Resources"].get(kind, 0) for node in nodes))

    return f"{total('CPU'):g} CPUs and {total('GPU'):g} GPUs on {len(nodes)} nodes"
