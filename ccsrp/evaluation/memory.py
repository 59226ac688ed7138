"""What is known of masks that were evaluated before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ccsrp.evaluation.interface import OBJECTIVES, Evaluation
from ccsrp.space import BoolArray, FloatArray

__all__ = ["Answer", "InMemory", "Memory", "answers_of", "evaluation_of", "mask_keys"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of an ``Evaluation``: objectives and expected objectives, 3 floats each."""

    objectives: tuple[float, ...]
    complete: bool
    expected: tuple[float, ...]
    failure: str = ""


class Memory(Protocol):
    """Remembers answers by mask; a later answer takes the place of an earlier one."""

    def find(self, masks: BoolArray) -> list[Answer | None]:
        """Return what is known of masks, bool [N, n_var]."""
        ...

    def add(self, masks: BoolArray, answer: Evaluation) -> None:
        """Take in answers about different masks, bool [N, n_var]."""
        ...


class InMemory:
    """Remembers everything in this process."""

    def __init__(self) -> None:
        self._known: dict[bytes, Answer] = {}

    def find(self, masks: BoolArray) -> list[Answer | None]:
        """Return what is known of masks, bool [N, n_var]."""
        return [self._known.get(key) for key in mask_keys(masks)]

    def add(self, masks: BoolArray, answer: Evaluation) -> None:
        """Take in answers about different masks, bool [N, n_var]."""
        self._known.update(zip(mask_keys(masks), answers_of(answer), strict=True))


def mask_keys(masks: BoolArray) -> list[bytes]:
    """Pack each mask, bool [N, n_var], into bytes."""
    return [row.tobytes() for row in np.packbits(masks, axis=1)]


def answers_of(evaluation: Evaluation) -> list[Answer]:
    """Take an evaluation apart."""
    failures = evaluation.failures or ("",) * len(evaluation.complete)
    return [
        Answer(tuple(objectives), complete, tuple(expected), failure)
        for objectives, complete, expected, failure in zip(
            evaluation.objectives.tolist(),
            evaluation.complete.tolist(),
            evaluation.expected.tolist(),
            failures,
            strict=True,
        )
    ]


def evaluation_of(answers: list[Answer]) -> Evaluation:
    """Put answers together."""
    return Evaluation(
        _rows([answer.objectives for answer in answers]),
        np.array([answer.complete for answer in answers], dtype=bool),
        _rows([answer.expected for answer in answers]),
        tuple(answer.failure for answer in answers) if any(answer.failure for answer in answers) else (),
    )


def _rows(values: list[tuple[float, ...]]) -> FloatArray:
    return np.array(values, dtype=float).reshape(-1, len(OBJECTIVES))
