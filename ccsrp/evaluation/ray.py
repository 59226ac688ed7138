"""Evaluation spread over the workers of a Ray cluster, with the answers of one process."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from ccsrp.errors import OptionError, WorkersError, one_line
from ccsrp.evaluation.interface import Evaluator, PortableEvaluator
from ccsrp.evaluation.workers.connection import connect, disconnect
from ccsrp.evaluation.workers.messages import Reservation, Shipment

if TYPE_CHECKING:
    from ccsrp.evaluation.workers.pool import Pool
    from ccsrp.evaluation.workers.remote import RayEvaluator

__all__ = ["RayWorkers"]


class RayWorkers:
    """Workers for evaluation, on this machine or on a Ray cluster, while a ``with`` block lasts.

    A process that is connected to Ray already uses that connection, and keeps it.

    Parameters
    ----------
    workers : int, optional
        How many; by default as many as there is room for. Those that find no room are started once there
        is some, so a cluster that scales itself grows until all have it.
    address : str, optional
        ``HOST:PORT`` of a cluster that this machine is a node of, ``auto`` for the one that runs on this
        machine, ``ray://HOST:PORT`` for any other. By default workers are started on this machine alone.
    cpus_per_worker : int
        CPUs that a worker reserves, and so the threads that it uses.
    gpus_per_worker : float, optional
        By default 1 for problems whose ``device`` is a GPU, else none. 0.5 lets two workers share one.
    patience : float
        Seconds without a single worker after which evaluation ends with an error.
    connect_timeout : float
        Seconds within which ``address`` must answer.

    Raises
    ------
    OptionError
        An option out of range.
    WorkersError
        From the ``with`` statement: Ray is not installed, or no cluster answers.

    Examples
    --------
    >>> with RayWorkers(workers=2) as workers:  # doctest: +SKIP
    ...     result = ccsrp.search(workers.evaluator(problem), budget=300)
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        address: str | None = None,
        cpus_per_worker: int = 1,
        gpus_per_worker: float | None = None,
        patience: float = 60.0,
        connect_timeout: float = 10.0,
    ) -> None:
        if workers is not None and workers < 1:
            raise OptionError(f"workers must be at least 1, got {workers}")
        if cpus_per_worker < 1:
            raise OptionError(f"cpus_per_worker must be at least 1, got {cpus_per_worker}")
        if gpus_per_worker is not None and gpus_per_worker < 0:
            raise OptionError(f"gpus_per_worker must not be negative, got {gpus_per_worker}")
        if not patience > 0 or not connect_timeout > 0:
            raise OptionError(f"patience and connect_timeout are seconds, got {patience}, {connect_timeout}")
        self._workers = workers
        self._address = address
        self._cpus = cpus_per_worker
        self._gpus = gpus_per_worker
        self._patience = patience
        self._connect_timeout = connect_timeout
        self._connected = self._entered = False
        self._pool: Pool | None = None
        self._shipments = 0
        self._latest: tuple[Evaluator, RayEvaluator] | None = None

    def __enter__(self) -> RayWorkers:
        self._connected = connect(
            self._address, workers=self._workers, cpus=self._cpus, timeout=self._connect_timeout
        )
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        self._latest = None
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._connected:
            self._connected = False
            disconnect()

    def evaluator(self, problem: Evaluator) -> RayEvaluator:
        """Return an evaluator with the answers of ``problem``, judged by these workers.

        The problem is shipped once; each worker fetches it when it has no other work. Workers hold one
        problem: evaluators of several take turns.

        Parameters
        ----------
        problem : Evaluator
            Any that can be pickled; what it imports must be installed where the workers are. One that is
            a ``PortableEvaluator`` says itself what is shipped.

        Raises
        ------
        WorkersError
            It cannot be pickled, or the ``with`` block is over.
        """
        if not self._entered:
            raise WorkersError("workers are there within their with block only; ask for evaluators there")
        if self._latest is None or self._latest[0] is not problem:
            from ccsrp.evaluation.workers.remote import RayEvaluator

            portable = problem.portable() if isinstance(problem, PortableEvaluator) else problem
            pool = self._pool_for(portable)
            shipment = self._shipped(portable)
            pool.fill()
            self._latest = problem, RayEvaluator(problem, pool, shipment)
        return self._latest[1]

    def _pool_for(self, portable: Evaluator) -> Pool:
        from ccsrp.evaluation.workers.pool import Pool

        on_gpu = str(getattr(portable, "device", "cpu")).startswith("cuda")
        reservation = Reservation(self._cpus, float(on_gpu) if self._gpus is None else self._gpus)
        if self._pool is None or self._pool.reservation != reservation:
            if self._pool is not None:
                self._pool.close()
            self._pool = Pool(reservation, workers=self._workers, patience=self._patience)
        return self._pool

    def _shipped(self, portable: Evaluator) -> Shipment:
        import ray

        try:
            # Bytes, so that a worker unpickles arrays of its own: Ray's would be shared and read-only.
            pickled = ray.cloudpickle.dumps(portable)
        except Exception as error:
            kind = type(portable).__name__
            raise WorkersError(f"{kind} cannot be sent to workers ({one_line(error)})") from None
        self._shipments += 1
        return Shipment(self._shipments, ray.put(pickled), len(pickled))
