"""Problems that make trouble for whoever evaluates them; free of torch, so that workers start fast."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from problems.synthetic import PathwayPruning


class Plain(PathwayPruning):
    """What the others would answer without their trouble; each mask takes ``seconds``."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__(n_var=24, n_layers=3)
        self.seconds = seconds

    def masks(self, count: int) -> np.ndarray:
        return self.space.random(count, keep=0.6, rng=np.random.default_rng(3))

    def _judge(self, masks):
        time.sleep(self.seconds * len(masks))
        for mask in masks:
            self.trouble(mask)
        return super()._judge(masks)

    def trouble(self, mask) -> None:
        pass


class Killing(Plain):
    """Kills its process at one mask: each time, or until a file exists."""

    def __init__(self, victim: np.ndarray, *, once: Path | None = None) -> None:
        super().__init__()
        self.victim, self.once = victim, once

    def trouble(self, mask) -> None:
        if (mask == self.victim).all() and (self.once is None or not self.once.exists()):
            if self.once is not None:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Failing(Plain):
    """Gives a value that is not finite for one mask, and raises at another."""

    def __init__(self, nan: np.ndarray, raising: np.ndarray) -> None:
        super().__init__()
        self.nan, self.raising = nan, raising

    def trouble(self, mask) -> None:
        if (mask == self.raising).all():
            raise MemoryError("no memory left")

    def _judge(self, masks):
        answer = super()._judge(masks)
        answer[(masks == self.nan).all(axis=1), 1] = np.nan
        return answer


class Writing(Plain):
    """Keeps notes in an array of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.notes = np.zeros(100_000)

    def trouble(self, mask) -> None:
        self.notes[0] += 1


class OnGpu(Plain):
    """Says that it runs on a GPU, and raises where it was given none."""

    device = "cuda"

    def trouble(self, mask) -> None:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


class OneThread(Plain):
    """Raises where evaluation may use more threads than a worker of one CPU has."""

    def trouble(self, mask) -> None:
        assert os.environ["NUMBA_NUM_THREADS"] == os.environ["OMP_NUM_THREADS"] == "1"
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}


class Unloadable(Plain):
    """Can be pickled, and not unpickled."""

    def __setstate__(self, state: dict[str, object]) -> None:
        raise ModuleNotFoundError("No module named 'mine'")


class DeadlyToLoad(Plain):
    """Kills the process that unpickles it."""

    def __setstate__(self, state: dict[str, object]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
