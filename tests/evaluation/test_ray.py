"""Evaluation over a Ray cluster of two nodes: the answers of one process, whatever dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ccsrp.coevolution.run import search
from ccsrp.errors import CcsrpError, OptionError, WorkersError
from ccsrp.evaluation.bound import nothing_known
from ccsrp.evaluation.interface import BoundedEvaluator, PricedEvaluator
from ccsrp.evaluation.ray import RayWorkers
from ccsrp.evaluation.workers import connection, pool
from ccsrp.runs.answers import COLUMNS
from ccsrp.runs.journal import RecordedRun
from ccsrp.runs.store import RunStore
from problems import DigitsPruning, PathwayPruning
from tests.conftest import Ended
from tests.evaluation import troublesome

ROOT = Path(__file__).parents[2]
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Workers import the problems of this folder.
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        from ray.cluster_utils import Cluster

        head = NODE | {
            "include_dashboard": False,
            # Nodes that are gone are missed within seconds.
            "_system_config": {"health_check_period_ms": 500, "health_check_failure_threshold": 3},
        }
        nodes = Cluster(initialize_head=True, head_node_args=head)
        nodes.add_node(num_gpus=1, **NODE)
        yield nodes
        nodes.shutdown()


@pytest.fixture
def workers(cluster) -> Iterator[RayWorkers]:
    with RayWorkers(address=cluster.address) as workers:
        yield workers


def same(answer, alone) -> bool:
    return all(
        (getattr(answer, name) == getattr(alone, name)).all()
        for name in ("objectives", "complete", "expected")
    )


def evaluated_by(count: int, evaluator, masks: np.ndarray, known: np.ndarray):
    """Evaluate until ``count`` workers took part: some may be on their way when others have done it all."""
    for _ in range(300):
        answer = evaluator.evaluate_bounded(masks, known)
        if len(set(answer.workers)) == count:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{set(answer.workers)} are not {count} workers")


def test_a_recorded_search_is_judged_by_workers(workers: RayWorkers, tmp_path: Path) -> None:
    problem = PathwayPruning(n_var=30, n_layers=3)
    with RunStore.create(tmp_path, config="") as store:
        journal = RecordedRun(store, judged_by=workers.evaluator).search(1)
        spread = search(problem, budget=40, journal=journal)
        names = {row[13] for row in store.rows(f"SELECT {COLUMNS}, checksum FROM evaluations")}
    assert spread.front.equals(search(problem, budget=40).front)
    assert names
    assert all(name.startswith(socket.gethostname()) for name in names)


def test_a_command_leaves_the_same_files_on_a_cluster(
    cluster, tmp_path: Path, command: Callable[..., Ended]
) -> None:
    arguments = ("search", "digits-15", "--budget", "30", "--batch", "4")
    assert command(*arguments, "--out", "alone", cwd=tmp_path).returncode == 0
    done = command(*arguments, "--out", "spread", "--ray", cluster.address, "--workers", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("front.csv", "history.csv", "config.toml"):
        assert (tmp_path / "spread" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


@pytest.mark.parametrize("count", [1, 2])
def test_answers_and_searches_are_those_of_one_process(cluster, count: int, digits: DigitsPruning) -> None:
    plain = troublesome.Plain(seconds=0.01)
    with RayWorkers(address=cluster.address, workers=count) as workers:
        for problem in (plain, digits, plain):  # and back: workers change problems
            masks = problem.space.random(30, keep=0.7, rng=np.random.default_rng(0))
            evaluator = workers.evaluator(problem)
            assert isinstance(evaluator, BoundedEvaluator)
            assert isinstance(evaluator, PricedEvaluator)
            alone = problem.evaluate(masks)
            assert (evaluator.evaluate(masks) == alone).all()
            assert (evaluator.exact_cost(masks) == problem.exact_cost(masks)).all()
            answer = evaluated_by(count, evaluator, masks, alone[:3])
            assert same(answer, problem.evaluate_bounded(masks, alone[:3]))
            assert problem is not digits or not answer.complete.all()
            assert all(name.startswith(socket.gethostname()) for name in answer.workers)
            assert (answer.seconds > 0).all()
            assert not answer.failed.any()
        for problem in (digits, PathwayPruning(n_var=30, n_layers=3))[-count:]:
            options = {"budget": 30, "seed": 0, "subpopulation_size": 4}
            alone, spread = (search(one, **options) for one in (problem, workers.evaluator(problem)))
            assert spread.front.equals(alone.front)
            assert spread.history.equals(alone.history)


def test_nothing_asked_is_nothing_answered(workers: RayWorkers) -> None:
    problem = troublesome.Plain()
    evaluator = workers.evaluator(problem)
    assert evaluator.evaluate(problem.masks(0)).shape == (0, 3)
    assert workers.evaluator(problem) is evaluator  # shipped once
    with pytest.raises(CcsrpError, match="mask"):
        evaluator.evaluate(np.zeros((1, 24), dtype=bool))


def test_a_killed_worker_loses_nothing(workers: RayWorkers, tmp_path: Path) -> None:
    masks = troublesome.Plain().masks(40)
    problem = troublesome.Killing(masks[20], once=tmp_path / "killed")
    answer = workers.evaluator(problem).evaluate_bounded(masks, nothing_known())
    assert (tmp_path / "killed").exists()
    assert not answer.failed.any()
    assert (answer.objectives == troublesome.Plain().evaluate(masks)).all()


def test_a_mask_that_kills_its_workers_fails_and_no_other(workers: RayWorkers) -> None:
    masks = troublesome.Plain().masks(40)
    evaluator = workers.evaluator(troublesome.Killing(masks[7]))
    answer = evaluator.evaluate_bounded(masks, nothing_known())
    assert np.flatnonzero(answer.failed).tolist() == [7]
    assert answer.failures[7] == "killed its worker twice"
    assert answer.workers[7]
    assert not answer.complete[7]
    others = np.arange(40) != 7
    assert (answer.objectives[others] == troublesome.Plain().evaluate(masks[others])).all()
    assert (answer.objectives[7] == 1).all()
    assert (evaluator.evaluate(masks[others]) == answer.objectives[others]).all()  # it goes on


def test_a_lost_node_loses_nothing(cluster) -> None:
    third = cluster.add_node(**NODE)
    problem = troublesome.Plain(seconds=0.1)
    masks = problem.masks(50)
    with RayWorkers(address=cluster.address) as workers:
        evaluator = workers.evaluator(problem)
        evaluated_by(3, evaluator, masks[:9], nothing_known())
        removal = threading.Timer(0.5, cluster.remove_node, [third, False])
        removal.start()
        answer = evaluator.evaluate_bounded(masks, nothing_known())
        removal.join()
        assert not answer.failed.any()
        assert (answer.objectives == troublesome.Plain().evaluate(masks)).all()
        evaluated_by(2, evaluator, masks[:9], nothing_known())


def test_failures_are_told_and_the_rest_is_right(workers: RayWorkers) -> None:
    masks = troublesome.Plain().masks(12)
    answer = workers.evaluator(troublesome.Failing(masks[3], masks[8])).evaluate_bounded(
        masks, nothing_known()
    )
    assert np.flatnonzero(answer.failed).tolist() == [3, 8]
    assert "nan" in answer.failures[3]
    assert answer.failures[8] == "MemoryError: no memory left"
    fine = ~answer.failed
    assert (answer.objectives[fine] == troublesome.Plain().evaluate(masks[fine])).all()


@pytest.mark.parametrize("problem", [troublesome.Writing(), troublesome.OneThread()])
def test_a_worker_has_its_own_arrays_and_only_its_own_threads(workers: RayWorkers, problem) -> None:
    answer = workers.evaluator(problem).evaluate_bounded(problem.masks(4), nothing_known())
    assert not answer.failed.any(), answer.failures


def test_problems_on_a_gpu_get_one(workers: RayWorkers) -> None:
    problem = troublesome.OnGpu()
    answer = workers.evaluator(problem).evaluate_bounded(problem.masks(6), nothing_known())
    assert not answer.failed.any()
    assert len(set(answer.workers)) == 1  # there is one GPU


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (troublesome.Unloadable(), "cannot load the problem .*No module named 'mine'"),
        (troublesome.DeadlyToLoad(), "workers die before they have the problem"),
    ],
)
def test_workers_that_cannot_load_the_problem_say_so(workers: RayWorkers, problem, says: str) -> None:
    with pytest.raises(WorkersError, match=says) as error:
        workers.evaluator(problem).evaluate(problem.masks(3))
    assert "\n" not in str(error.value)
    plain = troublesome.Plain()  # which is not held to account for it
    assert (workers.evaluator(plain).evaluate(plain.masks(3)) == plain.evaluate(plain.masks(3))).all()


def test_a_problem_that_cannot_be_pickled_is_refused(workers: RayWorkers) -> None:
    problem = troublesome.Plain()
    problem.lock = threading.Lock()
    with pytest.raises(WorkersError, match=r"Plain cannot be sent to workers .*lock"):
        workers.evaluator(problem)


def test_no_room_for_workers_ends_with_an_error(cluster) -> None:
    problem = troublesome.Plain()
    with RayWorkers(address=cluster.address, cpus_per_worker=8, patience=0.5) as workers:
        evaluator = workers.evaluator(problem)
        with pytest.raises(WorkersError, match="each needs 8 CPUs, the cluster has 2 CPUs and 1 GPUs on 2"):
            evaluator.evaluate(problem.masks(2))
        with pytest.raises(WorkersError, match="no worker could be had"):
            search(evaluator, budget=20)  # which outlives failures of masks, not of workers
    with pytest.raises(WorkersError, match="with block"):
        evaluator.evaluate(problem.masks(2))
    with pytest.raises(WorkersError, match="with block"):
        workers.evaluator(problem)


def test_wrong_options_are_refused() -> None:
    for options in ({"workers": 0}, {"cpus_per_worker": 0}, {"gpus_per_worker": -1.0}, {"patience": 0.0}):
        with pytest.raises(OptionError):
            RayWorkers(**options)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(WorkersError, match=r'pip install "ccsrp\[ray\]"'), RayWorkers():
        pass


def test_wrong_addresses_are_refused_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        cases = {
            "nonsense": "no address",
            "host:99999": "no address",
            f"127.0.0.1:{closed.getsockname()[1]}": "no Ray cluster at .* refused",
            f"ray://127.0.0.1:{silent.getsockname()[1]}": "no Ray cluster answers at .* within 0.3 s",
        }
        for address, says in cases.items():
            began = time.monotonic()
            with (
                pytest.raises(WorkersError, match=says) as error,
                RayWorkers(address=address, connect_timeout=0.3),
            ):
                pass
            assert time.monotonic() - began < 5
            assert "\n" not in str(error.value)
            monkeypatch.setenv("RAY_ADDRESS", address)
            with pytest.raises(WorkersError, match=says), RayWorkers(address="auto", connect_timeout=0.3):
                pass


def test_what_answers_but_is_no_cluster_is_refused() -> None:
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(WorkersError, match="is no Ray cluster"), RayWorkers(address=address):
            pass
        thread.join()


def test_a_head_that_went_away_is_missed(cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(connection, "HEAD_PAUSE", 0.01)
    problem = troublesome.Plain()
    with RayWorkers(address=cluster.address) as workers, socket.socket() as closed:
        evaluator = workers.evaluator(problem)
        closed.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(gcs_address=gone))
        monkeypatch.setattr(pool, "RECHECK", 0.0)
        with pytest.raises(WorkersError, match=f"cluster at {gone} does not answer any more"):
            evaluator.evaluate(problem.masks(2))


ALONE = """
import numpy as np
from ccsrp.evaluation.ray import RayWorkers
from tests.evaluation.troublesome import Plain

quick, slow = Plain(), Plain(seconds=30)
masks = quick.masks(6)
with RayWorkers(workers=1) as workers:
    assert (workers.evaluator(quick).evaluate(masks) == quick.evaluate(masks)).all()
    evaluator = workers.evaluator(slow)
    print("ready", flush=True)
    try:
        evaluator.evaluate(masks)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    assert (workers.evaluator(quick).evaluate(masks) == quick.evaluate(masks)).all()
print("done", flush=True)
"""


def marked(mark: str) -> list[int]:
    """List processes that inherited ``mark`` in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_this_machine_alone_can_be_interrupted_and_is_left_clean() -> None:
    mark = f"MARK_OF_{os.getpid()}_{time.monotonic_ns()}"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", ALONE],
        env=os.environ | {mark: "1", "PYTHONPATH": path, "RAY_ADDRESS": "127.0.0.1:1"},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert (output, errors) == ("interrupted\ndone\n", "")
    assert process.returncode == 0
    for _ in range(50):
        if not marked(mark):
            break
        time.sleep(0.1)
    assert marked(mark) == []
