"""What a worker does: it holds an evaluator and answers about masks. Knows nothing of who calls it."""

from __future__ import annotations

import os
import pickle
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ccsrp.errors import one_line
from ccsrp.evaluation.interface import Evaluation
from ccsrp.evaluation.tolerant import TolerantEvaluator
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Judged", "Worker"]

THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Judged:
    """The answer to a shard, and the seconds that the worker took for it."""

    evaluation: Evaluation
    seconds: float


class Worker:
    """Answers about masks in a process of its own.

    Parameters
    ----------
    threads : int
        How many threads evaluation may use: the cores that this worker has reserved, not those of its
        machine, which it shares with other workers.
    paths : sequence of str
        Where the caller looks for modules; those folders that are here too are looked at last.
    """

    def __init__(self, threads: int, paths: Sequence[str] = ()) -> None:
        self._threads = threads
        sys.path.extend(path for path in paths if path not in sys.path and os.path.exists(path))
        self._evaluator: TolerantEvaluator | None = None
        # Numba and torch read these when they are loaded, which the first problem does.
        os.environ.update(dict.fromkeys(THREAD_COUNTS, str(threads)))

    def introduce(self) -> tuple[str, str]:
        """Return the name of this worker, machine and process, and Ray's name of its node."""
        import ray

        return f"{socket.gethostname()}/{os.getpid()}", ray.get_runtime_context().get_node_id()

    def load(self, shipped: bytes) -> str:
        """Take a pickled evaluator in place of the last; return why that failed, nothing if it did not."""
        self._evaluator = None  # two at once may be too much for its memory
        try:
            # Ray pickles all that passes between the processes of one user; these bytes never were in a file.
            evaluator = pickle.loads(shipped)
        except Exception as error:
            return f"{type(error).__name__}: {one_line(error)}"
        _limit_threads(self._threads)
        self._evaluator = TolerantEvaluator(evaluator)
        return ""

    def judge(self, masks: BoolArray, known: FloatArray) -> Judged:
        """Judge masks, bool [N, n_var], for a caller that knows some points, float64 [n, 3]."""
        assert self._evaluator is not None
        began = time.perf_counter()
        answer = self._evaluator.evaluate_bounded(masks, known)
        return Judged(answer, time.perf_counter() - began)


def _limit_threads(threads: int) -> None:
    """Hold what was loaded before the environment said how many threads there are to that number."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
    if "numba" in sys.modules:
        import numba

        most = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
        numba.set_num_threads(min(threads, most))
