"""The instruction at the heart of the event-driven convolution: add up the weight rows of a list of events.

A convolution of spikes is a sum of weight rows, one row for each input that is not zero. The sums of
several time steps and 16-filter groups stay in registers while a list of events runs by; that is why an
event costs little more than the multiplications it stands for.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from ccsrp.snn.compiled.lanes import LANES, VECTOR, data_pointer, instruction, repeated, vector_at

__all__ = ["row_adder"]

_INDEX = ir.IntType(64)


def row_adder(steps: int, groups: int) -> Any:
    """Make the instruction for ``steps`` time steps and ``groups`` groups of 16 filters.

    ``add(out, at, step, codes, events, value, apart, starts, place, taps, line, weights, row, tap_size,
    width)`` adds to one output place the weight rows of the events that it sees. The sums lie at
    ``out[at + t * step + 16 * group]``. For each tap from ``taps[0]`` to ``taps[1]`` (at least one), events e
    run from ``starts[place[0] + tap * line]`` to ``starts[place[1] + tap * line]``. Their values lie at
    ``events[value + e + t * apart]``, their rows at ``weights[row + tap * tap_size + codes[e] * width]``.
    """

    @instruction
    def add(
        typing,
        out,
        at,
        step,
        codes,
        events,
        value,
        stride,
        starts,
        place,
        taps,
        line,
        weights,
        row,
        tap_size,
        width,
    ):
        index = types.intp
        signature = types.void(
            *(out, index, index, codes, events, index, index),
            *(starts, types.UniTuple(index, 2), types.UniTuple(index, 2), index),
            *(weights, index, index, index),
        )

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, at, step, codes, events, value, apart, starts, place, taps, line, *rest = arguments
            weights, row, tap_size, width = rest
            out, codes, events, starts, weights = (
                data_pointer(context, builder, signature.args[number], array)
                for number, array in ((0, out), (3, codes), (4, events), (7, starts), (11, weights))
            )
            (first_place, last_place), (first_tap, last_tap) = (
                cgutils.unpack_tuple(builder, pair) for pair in (place, taps)
            )
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{LANES}f32"
            )

            def after(offset: Any, count: int) -> Any:
                return builder.add(offset, ir.Constant(_INDEX, count))

            def scaled(offset: Any, number: Any, size: Any) -> Any:
                return builder.add(offset, builder.mul(number, size))

            pointers = [
                vector_at(builder, out, after(scaled(at, ir.Constant(_INDEX, t), step), group * LANES))
                for t in range(steps)
                for group in range(groups)
            ]
            sums = [builder.load(pointer, align=4) for pointer in pointers]
            entry = builder.block
            each_tap, each_event, next_tap, done = (
                builder.append_basic_block(name) for name in ("tap", "event", "next", "done")
            )
            builder.branch(each_tap)

            builder.position_at_end(each_tap)
            tap = builder.phi(_INDEX)
            tap.add_incoming(first_tap, entry)
            at_tap = [builder.phi(VECTOR) for _ in sums]
            for phi, before in zip(at_tap, sums, strict=True):
                phi.add_incoming(before, entry)
            first, last = (
                builder.load(builder.gep(starts, [scaled(end, tap, line)]))
                for end in (first_place, last_place)
            )
            kernel_row = scaled(row, tap, tap_size)
            builder.cbranch(builder.icmp_signed("<", first, last), each_event, next_tap)

            builder.position_at_end(each_event)
            event = builder.phi(_INDEX)
            event.add_incoming(first, each_tap)
            at_event = [builder.phi(VECTOR) for _ in sums]
            code = builder.sext(builder.load(builder.gep(codes, [event])), _INDEX)
            start = scaled(kernel_row, code, width)
            kernel = [
                builder.load(vector_at(builder, weights, after(start, group * LANES)), align=4)
                for group in range(groups)
            ]
            source = builder.add(value, event)
            added = []
            for t in range(steps):
                spike = repeated(
                    builder,
                    builder.load(builder.gep(events, [scaled(source, ir.Constant(_INDEX, t), apart)])),
                )
                added += [
                    builder.call(multiply_add, [spike, kernel[group], at_event[t * groups + group]])
                    for group in range(groups)
                ]
            following = after(event, 1)
            event.add_incoming(following, each_event)
            for phi, before, now in zip(at_event, at_tap, added, strict=True):
                phi.add_incoming(before, each_tap)
                phi.add_incoming(now, each_event)
            builder.cbranch(builder.icmp_signed("<", following, last), each_event, next_tap)

            builder.position_at_end(next_tap)
            results = [builder.phi(VECTOR) for _ in sums]
            for phi, before, now in zip(results, at_tap, added, strict=True):
                phi.add_incoming(before, each_tap)
                phi.add_incoming(now, each_event)
            following_tap = after(tap, 1)
            tap.add_incoming(following_tap, next_tap)
            for phi, now in zip(at_tap, results, strict=True):
                phi.add_incoming(now, next_tap)
            builder.cbranch(builder.icmp_signed("<", following_tap, last_tap), each_tap, done)

            builder.position_at_end(done)
            for pointer, result in zip(pointers, results, strict=True):
                builder.store(result, pointer, align=4)
            return context.get_dummy_value()

        return signature, generate

    return add
