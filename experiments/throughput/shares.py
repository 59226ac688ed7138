"""Where the time of an attack goes: microseconds a pass, operation by operation, on one thread.

    python experiments/throughput/shares.py

The `sharp` attack on the networks that ship, all images, each until it is lost, timed by the processor's
counter. Writes results/shares.csv.
"""

from __future__ import annotations

import time

import numba
import numpy as np
from llvmlite import ir
from measure import save
from numba import types
from numba.extending import intrinsic

from ccsrp.snn.compiled.attack import _move, _wrong
from ccsrp.snn.compiled.lower import surrogate_code
from ccsrp.snn.compiled.machine import loss_gradient, put_gradient, read_image, read_logits, write_image
from ccsrp.snn.compiled.passes import backward, forward
from ccsrp.snn.compiled.table import Kind, Loss, Pass
from problems import DigitsPruning, FashionMnistPruning

_MARGIN, _ANEW, _CHANGES = int(Loss.MARGIN), int(Pass.ANEW), int(Pass.CHANGES)
REPEATS = 5


@intrinsic
def _counter(typing):
    def generate(context, builder, signature, arguments):
        read = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", (), read), [])

    return types.int64(), generate


@numba.njit(error_model="numpy")
def _attack(tables, places, images, labels, points, sizes, eps, surrogate, alpha, memory, lists, forth, back):
    """Attack images one after another; add up ticks of each operation, the last row being all else."""
    operations, scatters, windows, weights = tables
    codes, events, starts, spikes = lists
    logits, slopes = np.empty(places[7], dtype=np.float32), np.empty(places[7], dtype=np.float32)
    gradient = np.empty(images[0].shape, dtype=np.float32)
    passes = 0
    for index in range(len(images)):
        for step in range(len(sizes) + 1):
            before = _counter()
            write_image(memory, places[0], places[4], points[index])
            forth[-1] += _counter() - before
            passes += 1
            mode = _CHANGES if step else _ANEW
            for number in range(len(operations)):
                before = _counter()
                forward(
                    memory,
                    operations[number],
                    scatters,
                    windows,
                    weights,
                    codes,
                    events,
                    starts,
                    spikes,
                    mode,
                )
                forth[number] += _counter() - before
            read_logits(memory, places, logits)
            if step == len(sizes) or _wrong(logits, labels[index]):
                break
            loss_gradient(logits, labels[index], _MARGIN, slopes)
            put_gradient(memory, places, slopes)
            for number in range(len(operations) - 1, -1, -1):
                before = _counter()
                backward(
                    memory,
                    operations[number],
                    scatters,
                    windows,
                    weights,
                    codes,
                    events,
                    starts,
                    spikes,
                    surrogate,
                    alpha,
                )
                back[number] += _counter() - before
            before = _counter()
            read_image(memory, places[2], places[4], gradient)
            _move(points[index], gradient, images[index], sizes[step], eps)
            back[-1] += _counter() - before
    return passes


def shares(kind: type[DigitsPruning] | type[FashionMnistPruning], keep: float) -> list[dict[str, object]]:
    """Time one mask; of several runs the fastest counts."""
    problem = kind(test_images=10)
    evaluator = problem._evaluator
    rng = np.random.default_rng(0)
    mask = problem.space.full() if keep == 1 else problem.space.random(1, keep=keep, rng=rng)[0]
    network = evaluator._classifier(mask)
    program, workspace = network._program, network._workspace
    examples, attack = evaluator._validation, problem.attack
    code, alpha = surrogate_code(attack.surrogate)
    count = len(program.operations)
    best = np.inf
    for _ in range(REPEATS):
        forth, back = np.zeros(count + 1, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
        began = time.perf_counter()
        passes = _attack(
            (program.operations, program.scatters, program.windows, program.weights),
            program.places,
            examples.images.numpy(),
            examples.labels.numpy(),
            examples.start.numpy().copy(),
            np.array([attack.step(index) for index in range(attack.steps)], dtype=np.float32),
            np.float32(attack.eps),
            int(code),
            np.float32(alpha),
            workspace.memories(program, 1)[0],
            (*(lists[0] for lists in workspace.events(program)), workspace.spikes(program, 1)[0]),
            forth,
            back,
        )
        seconds = time.perf_counter() - began
        if seconds < best:
            best, found = seconds, (forth, back)
    forth, back = found
    tick = 1e6 * best / (forth.sum() + back.sum()) / passes
    names = [
        f"{Kind(op['kind']).name.lower()} {op['channels']} -> {op['out_channels']}, "
        f"{op['out_rows']}x{op['out_columns']}"
        for op in program.operations
    ]
    return [
        {
            "problem": kind.key,
            "keep": keep,
            "passes": passes,
            "operation": name,
            "forward_us": round(float(forth[row] * tick), 2),
            "backward_us": round(float(back[row] * tick), 2),
        }
        for row, name in enumerate([*names, "images and steps"])
    ]


def main() -> None:
    """Measure and write."""
    rows: list[dict[str, object]] = []
    for kind in (DigitsPruning, FashionMnistPruning):
        for keep in (1.0, 0.7):
            rows += shares(kind, keep)
    save("shares", rows)


if __name__ == "__main__":
    main()
