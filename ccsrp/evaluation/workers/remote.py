"""An evaluator whose masks are judged by workers elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ccsrp.errors import WorkersError, one_line
from ccsrp.evaluation.around import EvaluatorAround
from ccsrp.evaluation.interface import OBJECTIVES, Evaluation, Evaluator
from ccsrp.evaluation.workers.messages import Answered, Lost, Shipment
from ccsrp.evaluation.workers.pool import Pool
from ccsrp.evaluation.workers.shards import Answers, Shards
from ccsrp.space import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RayEvaluator"]


class RayEvaluator(EvaluatorAround):
    """An evaluator with the answers of another, given by Ray workers: see ``RayWorkers.evaluator``.

    It takes the place of its problem in a search, and describes networks as that does. A mask that raises
    an error, gives values that are not finite, or kills its worker twice has failed; the others go on.

    Attributes
    ----------
    shipped_bytes : int
        What each worker is sent once.
    """

    def __init__(self, problem: Evaluator, pool: Pool, shipment: Shipment) -> None:
        super().__init__(problem)
        self._problem: Any = problem  # which may be more than an evaluator
        self._pool = pool
        self._shipment = shipment
        self.shipped_bytes = shipment.size

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the columns of F."""
        return tuple(getattr(self._problem, "objectives", OBJECTIVES))

    @property
    def reference_point(self) -> FloatArray:
        """The problem's reference point for hypervolume, float64 [3]."""
        point: FloatArray = self._problem.reference_point
        return point

    def report(
        self, masks: BoolArray, objectives: FloatArray, *, on_member: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Describe networks as the problem does, in this process."""
        table: pd.DataFrame = self._problem.report(masks, objectives, on_member=on_member)
        return table

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible.

        Raises
        ------
        WorkersError
            No worker can be had, one cannot load the problem, the cluster is gone, or the ``with`` block of
            the workers is over.
        """
        masks, known = self.space.check(masks), np.asarray(known, dtype=float)
        shards, answers = Shards(len(masks)), Answers(len(masks))
        try:
            while not shards.finished:
                self._pool.fill()
                self._share_out(shards, masks, known)
                for event in self._pool.wait():
                    _take_in(event, shards, answers)
        except BaseException as error:  # an interrupted search may go on, with workers that are free
            self._pool.abandon()
            if isinstance(error, ConnectionError):
                raise WorkersError(f"the connection to Ray is lost ({one_line(error)})") from None
            raise
        return answers.evaluation()

    def _share_out(self, shards: Shards, masks: BoolArray, known: FloatArray) -> None:
        for member in self._pool.idle(self._shipment):
            shard = shards.take(member.speed, self._pool.speeds)
            if not shard:
                break
            self._pool.judge(member, shard, masks[list(shard)], known)


def _take_in(event: Answered | Lost, shards: Shards, answers: Answers) -> None:
    if isinstance(event, Answered):
        answers.add(event.shard, event.evaluation, worker=event.worker)
        shards.answered(event.shard)
        return
    reason = "killed its worker twice" + (" (out of memory)" if event.out_of_memory else "")
    for mask in shards.lost(event.shard, blamed=event.blamed):
        answers.fail(mask, reason, worker=event.worker, seconds=event.seconds)
