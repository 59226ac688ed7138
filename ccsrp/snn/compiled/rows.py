"""The instruction at the heart of the event-driven convolution: add up the weight rows of a list of events.

A convolution of spikes is a sum of weight rows, one row for each input that is not zero. The sums of
several time steps and 16-filter groups stay in registers while a list of events runs by; that is why an
event costs little more than the multiplications it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from ccsrp.snn.compiled.lanes import LANES, VECTOR, data_pointer, instruction, repeated, vector_at
from ccsrp.snn.kernels import inner

__all__ = ["add_rows"]

_INDEX = ir.IntType(64)


def _row_adder(steps: int, groups: int) -> Callable[..., Any]:
    """Make the instruction for ``steps`` time steps and ``groups`` groups of 16 filters."""

    @instruction
    def add(typing, out, at, step, codes, events, value, stride, first, last, weights, row, width):
        index = types.intp
        signature = types.void(
            out, index, index, codes, events, index, index, index, index, weights, index, index
        )

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, at, step, codes, events, value, stride, first, last, weights, row, width = arguments
            out, codes, events, weights = (
                data_pointer(context, builder, signature.args[place], array)
                for place, array in ((0, out), (3, codes), (4, events), (9, weights))
            )
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{LANES}f32"
            )

            def after(offset: Any, count: int) -> Any:
                return builder.add(offset, ir.Constant(_INDEX, count))

            sums = [
                vector_at(
                    builder,
                    out,
                    after(builder.add(at, builder.mul(step, ir.Constant(_INDEX, t))), group * LANES),
                )
                for t in range(steps)
                for group in range(groups)
            ]
            before = [builder.load(pointer, align=4) for pointer in sums]
            entry, loop = builder.block, builder.append_basic_block("events")
            done = builder.append_basic_block("done")
            builder.cbranch(builder.icmp_signed("<", first, last), loop, done)

            builder.position_at_end(loop)
            event = builder.phi(_INDEX)
            event.add_incoming(first, entry)
            running = [builder.phi(VECTOR) for _ in before]
            code = builder.sext(builder.load(builder.gep(codes, [event])), _INDEX)
            start = builder.add(row, builder.mul(code, width))
            kernel = [
                builder.load(vector_at(builder, weights, after(start, group * LANES)), align=4)
                for group in range(groups)
            ]
            source = builder.add(value, builder.mul(event, stride))
            following = []
            for t in range(steps):
                spike = repeated(builder, builder.load(builder.gep(events, [after(source, t)])))
                following += [
                    builder.call(multiply_add, [spike, kernel[group], running[t * groups + group]])
                    for group in range(groups)
                ]
            next_event = after(event, 1)
            event.add_incoming(next_event, loop)
            for total, start, end in zip(running, before, following, strict=True):
                total.add_incoming(start, entry)
                total.add_incoming(end, loop)
            builder.cbranch(builder.icmp_signed("<", next_event, last), loop, done)

            builder.position_at_end(done)
            results = [builder.phi(VECTOR) for _ in before]
            for result, start, end in zip(results, before, following, strict=True):
                result.add_incoming(start, entry)
                result.add_incoming(end, loop)
            for pointer, result in zip(sums, results, strict=True):
                builder.store(result, pointer, align=4)
            return context.get_dummy_value()

        return signature, generate

    adder: Callable[..., Any] = add
    return adder


# 16 sums and the rows that they share fill the 32 vector registers; longer sums are made in parts.
_ADD_1_1, _ADD_1_2, _ADD_1_3, _ADD_1_4 = (_row_adder(1, groups) for groups in (1, 2, 3, 4))
_ADD_2_1, _ADD_2_2, _ADD_2_3, _ADD_2_4 = (_row_adder(2, groups) for groups in (1, 2, 3, 4))
_ADD_4_1, _ADD_4_2, _ADD_4_3, _ADD_4_4 = (_row_adder(4, groups) for groups in (1, 2, 3, 4))


@inner
def add_rows(steps, groups, out, at, step, codes, events, value, stride, first, last, weights, row, width):
    """Add weight rows to sums: ``out[t, i] += event[e, t] * weights[e, i]`` for all events e.

    ``steps`` is 1, 2 or 4, ``groups`` 1 to 4. Sums lie at ``out[at + t * step]``, event values at
    ``events[value + e * stride + t]`` for e from ``first`` to ``last``, rows at
    ``weights[row + codes[e] * width]``.
    """
    if steps == 4:
        if groups == 1:
            _ADD_4_1(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        elif groups == 2:
            _ADD_4_2(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        elif groups == 3:
            _ADD_4_3(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        else:
            _ADD_4_4(out, at, step, codes, events, value, stride, first, last, weights, row, width)
    elif steps == 2:
        if groups == 1:
            _ADD_2_1(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        elif groups == 2:
            _ADD_2_2(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        elif groups == 3:
            _ADD_2_3(out, at, step, codes, events, value, stride, first, last, weights, row, width)
        else:
            _ADD_2_4(out, at, step, codes, events, value, stride, first, last, weights, row, width)
    elif groups == 1:
        _ADD_1_1(out, at, step, codes, events, value, stride, first, last, weights, row, width)
    elif groups == 2:
        _ADD_1_2(out, at, step, codes, events, value, stride, first, last, weights, row, width)
    elif groups == 3:
        _ADD_1_3(out, at, step, codes, events, value, stride, first, last, weights, row, width)
    else:
        _ADD_1_4(out, at, step, codes, events, value, stride, first, last, weights, row, width)
