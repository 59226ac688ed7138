"""Answers about masks, in the run store: an evaluator and a memory over its table ``evaluations``."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np

from ccsrp.evaluation.around import EvaluatorAround
from ccsrp.evaluation.interface import Evaluation, Evaluator, evaluate_checked
from ccsrp.evaluation.memory import Answer, InMemory, answers_of, evaluation_of, mask_keys
from ccsrp.runs.schema import checksum
from ccsrp.runs.store import RunStore
from ccsrp.space import BoolArray, FloatArray

__all__ = ["COLUMNS", "AnswersOfRound", "StoredEvaluator", "mask_digest"]

COLUMNS = (
    "round, generation, digest, mask, error, robust_error, cost, complete, expected_error, "
    "expected_robust_error, expected_cost, failure, seconds, worker"
)
ADD = f"INSERT INTO evaluations ({COLUMNS}, checksum) VALUES ({', '.join('?' * 15)})"
FIND = f"SELECT {COLUMNS}, checksum FROM evaluations WHERE round = ? AND digest = ? ORDER BY id DESC"


def mask_digest(key: bytes) -> int:
    """Return what the store finds a packed mask by."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big", signed=True)


class AnswersOfRound:
    """What the store knows of masks of one round; a ``Memory`` of what the search was told.

    A search that goes on from an earlier state must not remember what it had been told after that state:
    it would choose other masks. So it is told again, and only the evaluator knows better.

    Parameters
    ----------
    store : RunStore
    number : int
        The round, from 1.

    Attributes
    ----------
    generation : int
        The one under way; the search remembers those before it.
    """

    def __init__(self, store: RunStore, number: int) -> None:
        self._store = store
        self._number = number
        self.generation = 1
        self._told = InMemory()

    def find(self, masks: BoolArray) -> list[Answer | None]:
        """Return what the search was told of masks, bool [N, n_var]."""
        told = self._told.find(masks)
        keys = mask_keys(masks)
        return [
            self._earlier(key) if answer is None else answer for key, answer in zip(keys, told, strict=True)
        ]

    def add(self, masks: BoolArray, answer: Evaluation) -> None:
        """Remember what the search is told in this generation; the store has it already."""
        self._told.add(masks, answer)

    def next_generation(self) -> None:
        """Count what was told so far as said in an earlier generation."""
        self.generation += 1
        self._told = InMemory()

    def paid_for(self, masks: BoolArray, *, bounds: bool) -> list[Answer | None]:
        """Return what holds of masks now, bool [N, n_var], whether or not the search was told.

        A bound holds only in the generation that it was found in, and where ``bounds`` are asked for.
        """

        def holds(answer: Answer, generation: int) -> bool:
            exact = answer.complete or bool(answer.failure)
            return exact or (bounds and generation == self.generation)

        return [self._latest(key, holds) for key in mask_keys(masks)]

    def write(self, masks: BoolArray, answer: Evaluation) -> None:
        """Store answers, in one transaction."""
        seconds = [None] * len(masks) if answer.seconds is None else answer.seconds.tolist()
        workers = answer.workers or (None,) * len(masks)
        with self._store.writing() as connection:
            for key, one, took, worker in zip(
                mask_keys(masks), answers_of(answer), seconds, workers, strict=True
            ):
                bound = one.expected if not one.complete and not one.failure else (None, None, None)
                row = (
                    *(self._number, self.generation, mask_digest(key), key, *one.objectives),
                    *(int(one.complete), *bound, one.failure or None, took, worker),
                )
                connection.execute(ADD, (*row, checksum(*row)))

    def _earlier(self, key: bytes) -> Answer | None:
        return self._latest(key, lambda _, generation: generation < self.generation)

    def _latest(self, key: bytes, wanted: Callable[[Answer, int], bool]) -> Answer | None:
        for row in self._store.rows(FIND, self._number, mask_digest(key)):
            if row[3] == key:
                answer = _answer(row)
                if answer is None:
                    raise self._store.damaged("an answer is no answer")
                if wanted(answer, row[1]):
                    return answer
        return None


def _answer(row: tuple) -> Answer | None:  # type: ignore[type-arg]
    """Read a row; ``None`` if it is none that ``write`` could have written."""
    objectives, complete, expected, failure = row[4:7], row[7], row[8:11], row[11]
    if expected == (None, None, None):
        expected = objectives
    numbers = (*objectives, *expected)
    if complete not in (0, 1) or not all(isinstance(x, float) and math.isfinite(x) for x in numbers):
        return None
    return Answer(objectives, bool(complete), expected, failure or "")


class StoredEvaluator(EvaluatorAround):
    """An evaluator that never pays twice: what the store has is not judged again.

    Parameters
    ----------
    evaluator : Evaluator
    answers : AnswersOfRound
    """

    def __init__(self, evaluator: Evaluator, answers: AnswersOfRound) -> None:
        super().__init__(evaluator)
        self._answers = answers

    def evaluate_bounded(self, masks: BoolArray, known: FloatArray, /) -> Evaluation:
        """Judge masks, but stop where a known point is as good as all that is possible."""
        paid_for = self._answers.paid_for(masks, bounds=len(known) > 0)
        new = np.array([answer is None for answer in paid_for], dtype=bool)
        if new.any():
            answer = evaluate_checked(self._evaluator, masks[new], known)
            self._answers.write(masks[new], answer)
            fresh = iter(answers_of(answer))
            paid_for = [next(fresh) if old is None else old for old in paid_for]
        return evaluation_of([answer for answer in paid_for if answer is not None])
