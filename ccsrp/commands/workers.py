"""Who evaluates, as options say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsrp.evaluation.interface import Evaluator
    from ccsrp.evaluation.ray import RayWorkers

__all__ = ["asked_for", "judging"]


def asked_for(workers: int | None, address: str | None) -> RayWorkers | None:
    """Return the workers that were asked for, before any is started; ``None`` if none were.

    Raises
    ------
    OptionError, WorkersError
        There can be no such workers.
    """
    if workers is None and address is None:
        return None
    from ccsrp.evaluation.ray import RayWorkers
    from ccsrp.evaluation.workers.connection import check_address, check_installed

    asked = RayWorkers(workers=workers, address=address)
    if address not in (None, "auto"):
        check_address(address)
    check_installed()
    return asked


@contextmanager
def judging(asked: RayWorkers | None) -> Iterator[Callable[[Evaluator], Evaluator] | None]:
    """Hold the workers that were asked for inside the ``with`` block; ``None`` if none were."""
    if asked is None:
        yield None
        return
    with asked as started:
        yield started.evaluator
