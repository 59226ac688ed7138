"""Who evaluates, as options say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsrp.evaluation.interface import Evaluator

__all__ = ["judging"]


@contextmanager
def judging(workers: int | None, address: str | None) -> Iterator[Callable[[Evaluator], Evaluator] | None]:
    """Hold the workers that were asked for inside the ``with`` block; ``None`` if none were."""
    if workers is None and address is None:
        yield None
        return
    from ccsrp.evaluation.ray import RayWorkers

    with RayWorkers(workers=workers, address=address) as started:
        yield started.evaluator
