"""A search as an event file that TensorBoard reads.

Steps are evaluations, counted on from round to round, so that searches with other batches compare. The file
is a view: a search that goes on writes all of it anew, from what its store knows, so that no step is there
twice; pauses are left out of its times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsrp.coevolution.course import Earlier, FinishedGeneration
from ccsrp.errors import OptionError, RunError, one_line
from ccsrp.files import inside, read_regular, write_failed
from ccsrp.importing import resume_line
from ccsrp.report.progress.display import Beginning, SearchDisplay

if TYPE_CHECKING:
    from ccsrp.coevolution.run import SearchResult

__all__ = ["FOLDER", "TensorBoard", "check_tensorboard"]

FOLDER = "tensorboard"
# TensorBoard takes files with the first part in their names; the last tells ours from others.
NAME, OURS = "events.out.tfevents.", ".ccsrp"
# Seconds that an event waits at most, and bytes of a picture at most.
FLUSH, LARGEST = 1.0, 1 << 26


@dataclass(frozen=True)
class _Writer:
    """The parts of TensorBoard that are used: its messages, and what puts them into a file."""

    event: Any
    summary: Any
    records: Any

    @classmethod
    def of_tensorboard(cls) -> _Writer:
        proto = "tensorboard.compat.proto"
        return cls(
            import_module(f"{proto}.event_pb2"),
            import_module(f"{proto}.summary_pb2"),
            import_module("tensorboard.summary.writer.record_writer"),
        )


def check_tensorboard() -> None:
    """See that TensorBoard's own writer can be had.

    Raises
    ------
    OptionError
        It is not installed.
    """
    try:
        _Writer.of_tensorboard()
    except ImportError as error:
        raise OptionError(
            f"--tensorboard needs TensorBoard ({one_line(error)}); install it with: "
            f"pip install 'ccsrp[tensorboard]'"
        ) from None


class TensorBoard(SearchDisplay):
    """Writes scalars of every generation, and the picture of the front at the end.

    Parameters
    ----------
    clock : callable
        Returns seconds since the epoch.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._folder, self._problem = Path(), ""
        self._file: _EventFile | None = None
        self._earlier = Earlier()
        self._round = 1
        self._of_round = self._of_rounds_before = self._step = 0  # evaluations

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Have the file closed after the ``with`` block."""
        try:
            yield
        finally:
            if self._file is not None:
                self._file.close()

    def begins(self, beginning: Beginning) -> None:
        """Take in where the run is; nothing is written before it has judged anything."""
        super().begins(beginning)
        self._folder, self._problem = beginning.folder, beginning.problem

    def resumed(self, earlier: Earlier) -> None:
        """Write what is known."""
        super().resumed(earlier)
        then = self._clock() - sum(one.seconds for one in earlier.generations)
        for one in earlier.generations:
            then += one.seconds
            self._add(one, then)
        self._earlier = earlier

    def generation(self, finished: FinishedGeneration) -> None:
        """Write a generation."""
        super().generation(finished)
        self._add(finished, self._clock())

    def result(self, result: SearchResult) -> None:
        """Write the picture of the front."""
        with suppress(OSError):
            picture = read_regular(self._folder / "front.png", at_most=LARGEST)
            self._opened().picture("front", picture, self._step, self._clock())

    def _add(self, finished: FinishedGeneration, now: float) -> None:
        report = finished.report
        if finished.round != self._round:
            self._of_rounds_before += self._of_round
        self._round, self._of_round = finished.round, report.evaluations
        step = self._of_rounds_before + report.evaluations
        if step <= self._step:
            return  # it found nothing new to judge
        fresh, self._step = step - self._step, step
        values = {
            "hypervolume": report.hypervolume,
            "front_size": report.front_size,
            "best_accuracy": report.best_accuracy,
            "best_robust_accuracy": report.best_robust_accuracy,
            "lowest_cost": report.lowest_cost,
            "stopped": report.stopped,
            "failed": report.failed,
            "generation": report.generation,
            "round": finished.round,
        }
        told_again = report.evaluations <= self._earlier.evaluations.get(finished.round, 0)
        if finished.seconds > 0 and not told_again:
            values["evaluations_per_second"] = fresh / finished.seconds
        self._opened().scalars({f"search/{name}": value for name, value in values.items()}, step, now)

    def _opened(self) -> _EventFile:
        if self._file is None:
            self._file = _EventFile(self._folder, self._problem, now=self._clock())
        return self._file


class _EventFile:
    """The one event file of ours in a run folder; made anew, it takes the place of the one before."""

    def __init__(self, run: Path, problem: str, *, now: float) -> None:
        self._writer = _Writer.of_tensorboard()
        event = self._writer.event
        folder = inside(run, FOLDER)
        self._then = f"go on with '{resume_line(run, problem)}'"
        # Later names sort later: that is the order in which TensorBoard reads.
        self.path = folder / f"{NAME}{time.time_ns():019d}{OURS}"
        self._flushed = 0.0
        try:
            folder.mkdir(exist_ok=True)
            before = [file for file in folder.glob(f"{NAME}*{OURS}") if file != self.path]
            self._stream = self.path.open("xb")
            self._records = self._writer.records.RecordWriter(self._stream)
            self._write(event.Event(wall_time=now, file_version="brain.Event:2"))
            # A TensorBoard that watches forgets what it has read of the file before.
            start = event.SessionLog(status=event.SessionLog.START)
            self._write(event.Event(wall_time=now, step=0, session_log=start))
            for file in before:
                file.unlink()
        except OSError as error:
            raise self._failed(error) from None

    def scalars(self, values: dict[str, float], step: int, now: float) -> None:
        """Add one value a name."""
        named = [self._writer.summary.Summary.Value(tag=tag, simple_value=values[tag]) for tag in values]
        self._add(named, step, now)

    def picture(self, tag: str, png: bytes, step: int, now: float) -> None:
        """Add a picture, a whole PNG file."""
        # Width and height stand at the beginning of every PNG file.
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        summary = self._writer.summary.Summary
        image = summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
        self._add([summary.Value(tag=tag, image=image)], step, now)

    def close(self) -> None:
        """Write what is left to write."""
        try:
            self._stream.close()
        except OSError as error:
            raise self._failed(error) from None

    def _add(self, values: list[Any], step: int, now: float) -> None:
        summary = self._writer.summary.Summary(value=values)
        try:
            self._write(self._writer.event.Event(wall_time=now, step=step, summary=summary))
        except OSError as error:
            raise self._failed(error) from None

    def _write(self, event: Any) -> None:
        self._records.write(event.SerializeToString())
        now = time.monotonic()
        if now - self._flushed >= FLUSH:
            self._stream.flush()
            self._flushed = now

    def _failed(self, error: OSError) -> RunError:
        return write_failed(self.path, error, then=self._then)
