"""Event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

pytest.importorskip("tensorboard")

from ccsrp.coevolution.course import Earlier
from ccsrp.errors import OptionError, RunError
from ccsrp.report.progress.tensorboard import FOLDER, TensorBoard, check_tensorboard
from tests.report.progress.events import beginning, generation

GENERATIONS = [generation(number, 10 * number) for number in range(1, 6)]
FIRST_LEFT = 3


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / FOLDER), purge_orphaned_data=True)
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def written(folder: Path, *, earlier: Earlier | None = None, generations=()) -> None:
    folder.mkdir(exist_ok=True)
    display = TensorBoard()
    display.begins(beginning(folder, rounds=3))
    with display.shown():
        if earlier is not None:
            display.resumed(earlier)
        for one in generations:
            display.generation(one)


def test_every_figure_of_the_history_is_a_scalar_at_its_evaluations(tmp_path: Path) -> None:
    written(tmp_path, generations=GENERATIONS)
    found = read(tmp_path)
    for name in ("hypervolume", "front_size", "best_accuracy", "best_robust_accuracy", "lowest_cost"):
        expected = [(one.report.evaluations, getattr(one.report, name)) for one in GENERATIONS]
        steps, values = zip(*found[f"search/{name}"], strict=True)
        assert steps == tuple(step for step, _ in expected)
        assert values == pytest.approx([value for _, value in expected])
    assert [value for _, value in found["search/evaluations_per_second"]] == [5.0] * 5


def test_a_search_that_goes_on_has_no_step_twice(tmp_path: Path) -> None:
    written(tmp_path / "whole", generations=GENERATIONS)
    written(tmp_path / "cut", generations=GENERATIONS[:FIRST_LEFT])
    known = Earlier({1: 40}, tuple(GENERATIONS[: FIRST_LEFT - 1]))
    written(tmp_path / "cut", earlier=known, generations=GENERATIONS[FIRST_LEFT - 1 :])
    whole, cut = read(tmp_path / "whole"), read(tmp_path / "cut")
    assert whole.pop("search/evaluations_per_second") != cut.pop("search/evaluations_per_second")
    assert cut == whole
    assert len(list((tmp_path / "cut" / FOLDER).iterdir())) == 1


def test_evaluations_are_counted_on_over_rounds_as_in_the_history(tmp_path: Path) -> None:
    """Also where the first of them is known from an earlier beginning."""
    rounds = [generation(n, 10 * n, round=number) for number in (1, 2, 3) for n in (1, 2)]
    expected = [10, 20, 30, 40, 50, 60]
    for known in (0, 2, 3):
        folder = tmp_path / str(known)
        written(folder, earlier=Earlier({1: 20}, tuple(rounds[:known])), generations=rounds[known:])
        assert [step for step, _ in read(folder)["search/round"]] == expected


def test_a_generation_that_judged_nothing_new_has_no_step(tmp_path: Path) -> None:
    written(tmp_path, generations=[generation(1, 10), generation(2, 10), generation(3, 11)])
    assert [step for step, _ in read(tmp_path)["search/hypervolume"]] == [10, 11]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "events.out.tfevents.1.elsewhere").write_bytes(b"")
    written(tmp_path, generations=GENERATIONS)
    written(tmp_path, generations=GENERATIONS)
    assert len(list((tmp_path / FOLDER).iterdir())) == 2


def test_nothing_is_written_before_anything_is_judged_nor_through_a_link(tmp_path: Path) -> None:
    written(tmp_path / "nothing")
    assert not list((tmp_path / "nothing").iterdir())
    (tmp_path / "linked").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "linked" / FOLDER).symlink_to(tmp_path / "target")
    with pytest.raises(RunError, match="is a link"):
        written(tmp_path / "linked", generations=GENERATIONS)
    assert not list((tmp_path / "target").iterdir())


def test_a_full_disk_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    display = TensorBoard()
    display.begins(beginning(tmp_path))
    display.generation(GENERATIONS[0])
    with display.shown():
        monkeypatch.setattr(display._file, "_records", SimpleNamespace(write=full))
        with pytest.raises(RunError, match=r"disk is full.*ccsrp resume"):
            display.generation(GENERATIONS[1])


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_front_is_there_as_a_picture(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from ccsrp.report.front import front_figure, front_info

    front = pd.DataFrame({"accuracy": [0.9], "robust_accuracy": [0.5], "cost": [1.0]})
    history = pd.DataFrame({"evaluations": [1], "hypervolume": [0.1]})
    front_figure(front_info(front, history)).savefig(tmp_path / "front.png", dpi=40)
    display = TensorBoard()
    display.begins(beginning(tmp_path))
    with display.shown():
        display.generation(GENERATIONS[0])
        display.result(None)  # type: ignore[arg-type]
    events = EventAccumulator(str(tmp_path / FOLDER))
    events.Reload()
    (picture,) = events.Images("front")
    assert picture.step == 10
    assert picture.encoded_image_string == (tmp_path / "front.png").read_bytes()
    assert (picture.width, picture.height) == (283, 220)


def test_without_tensorboard_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto", None)
    monkeypatch.delitem(sys.modules, "tensorboard.compat.proto.event_pb2", raising=False)
    with pytest.raises(OptionError, match=r"pip install 'ccsrp\[tensorboard\]'"):
        check_tensorboard()
