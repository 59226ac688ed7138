"""The instruction at the heart of the event-driven convolution: add what events give to a run of places.

An event at one place reaches the taps around it. What it gives to a row of taps is a run of its weights,
times its value; and the places that take it lie in a run as well. The sums of a run, for several time steps,
stay in registers while all events of the place run by, and each weight that is read serves every step.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from ccsrp.snn.compiled.lanes import LANES, VECTOR, data_pointer, instruction, repeated, vector_at

__all__ = ["LONGEST", "TOGETHER", "add_run"]

# Groups of 16 floats in a run at most, and time steps that run together: 24 sums, the weights that they share
# and a value fill the 32 vector registers.
LONGEST = 6
TOGETHER = (1, 2, 4)

_INDEX = ir.IntType(64)


@instruction
def add_run(
    typing, steps, groups, out, at, step, codes, events, value, first, last, weights, run, size, lanes
):
    """Add what events ``first`` to ``last`` (at least one) give to a run, ``steps`` time steps together.

    Of the run's last group, only the lanes whose bit is set in ``lanes`` take part.

    The sums lie at ``out[at + t * step + 16 * group]``, the value of event e at ``events[value + e + t *
    len(codes)]``, its run at ``weights[run + codes[e] * size]``. ``steps`` is one of ``TOGETHER``, ``groups``
    at most ``LONGEST``.
    """
    index = types.intp
    signature = types.void(
        *(index, index, out, index, index, codes, events, index, index, index, weights, index, index, index)
    )

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        steps, groups, out, at, step, codes, events, value, first, last, weights, run, size, lanes = arguments
        apart = context.make_array(signature.args[5])(context, builder, codes).nitems
        out, codes, events, weights = (
            data_pointer(context, builder, signature.args[number], array)
            for number, array in ((2, out), (5, codes), (6, events), (10, weights))
        )
        chosen = ir.VectorType(ir.IntType(1), LANES)
        lanes = builder.bitcast(builder.trunc(lanes, ir.IntType(LANES)), chosen)
        done = builder.append_basic_block("done")
        # One loop for each number of steps and groups: all of its sums have registers of their own.
        key = builder.add(builder.mul(steps, ir.Constant(_INDEX, LONGEST + 1)), groups)
        choice = builder.switch(key, done)
        for together in TOGETHER:
            for wide in range(1, LONGEST + 1):
                block = builder.append_basic_block(f"run_{together}_{wide}")
                choice.add_case(ir.Constant(_INDEX, together * (LONGEST + 1) + wide), block)
                builder.position_at_end(block)
                _loop(
                    builder,
                    (together, wide),
                    (out, at, step),
                    (codes, events, value, first, last, apart),
                    (weights, run, size, lanes),
                )
                builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, generate


def _loop(builder: Any, shape: tuple[int, int], sums_at: Any, listed: Any, kernel_at: Any) -> None:
    steps, groups = shape
    out, at, step = sums_at
    codes, events, value, first, last, apart = listed
    weights, run, size, lanes = kernel_at
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    multiply_add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")

    def after(offset: Any, count: int) -> Any:
        return builder.add(offset, ir.Constant(_INDEX, count))

    def scaled(offset: Any, number: int, size: Any) -> Any:
        return builder.add(offset, builder.mul(ir.Constant(_INDEX, number), size))

    pointers = [
        vector_at(builder, out, after(scaled(at, t, step), group * LANES))
        for t in range(steps)
        for group in range(groups)
    ]
    sums = [builder.load(pointer, align=4) for pointer in pointers]
    before, each = builder.block, builder.append_basic_block("event")
    ended = builder.append_basic_block("ended")
    builder.branch(each)

    builder.position_at_end(each)
    event, running = builder.phi(_INDEX), [builder.phi(VECTOR) for _ in sums]
    event.add_incoming(first, before)
    for phi, start in zip(running, sums, strict=True):
        phi.add_incoming(start, before)
    code = builder.sext(builder.load(builder.gep(codes, [event])), _INDEX)
    row = builder.add(run, builder.mul(code, size))
    kernel = [
        builder.load(vector_at(builder, weights, after(row, group * LANES)), align=4)
        for group in range(groups)
    ]
    kernel[-1] = builder.select(lanes, kernel[-1], ir.Constant(VECTOR, [0.0] * LANES))
    added: list[Any] = []
    for t in range(steps):
        place = scaled(builder.add(value, event), t, apart)
        factor = repeated(builder, builder.load(builder.gep(events, [place])))
        added += [
            builder.call(multiply_add, [factor, kernel[group], running[t * groups + group]])
            for group in range(groups)
        ]
    following = after(event, 1)
    event.add_incoming(following, each)
    for phi, now in zip(running, added, strict=True):
        phi.add_incoming(now, each)
    builder.cbranch(builder.icmp_signed("<", following, last), each, ended)

    builder.position_at_end(ended)
    for pointer, result in zip(pointers, added, strict=True):
        builder.store(result, pointer, align=4)
