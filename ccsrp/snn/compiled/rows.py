"""Vector instructions for the event-driven convolution, which numba's own loops cannot express.

A convolution of spikes is a sum of weight rows, one row for each input that is not zero. ``add_rows`` keeps
the sums of several time steps and 16-filter groups in registers while it runs over such a list; that, and
nothing else here, is why an event costs little more than the multiplications it stands for. LLVM splits
the 16 lanes into what the processor has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["LANES", "add_rows", "lowest_bit", "nonzero_lanes"]

# Filters in a group; the channels of every value are padded to a multiple of it.
LANES = 16

_FLOAT, _INDEX, _INT32 = ir.FloatType(), ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_ALIGN = 4


def _load(builder: Any, pointer: Any, offset: Any) -> Any:
    return builder.load(_vector_at(builder, pointer, offset), align=_ALIGN)


def _vector_at(builder: Any, pointer: Any, offset: Any) -> Any:
    return builder.bitcast(builder.gep(pointer, [offset]), _VECTOR.as_pointer())


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _repeat(builder: Any, scalar: Any) -> Any:
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    single = builder.insert_element(undefined, scalar, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(
        single, undefined, ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
    )


def _row_adder(steps: int, groups: int) -> Callable[..., Any]:
    """Make the instruction for ``steps`` time steps and ``groups`` groups of 16 filters."""

    @intrinsic  # type: ignore[untyped-decorator]
    def add(  # type: ignore[no-untyped-def]
        typing, out, at, step, codes, events, stride, first, last, weights, row, width
    ):
        index = types.intp
        signature = types.void(
            out, index, index, codes, events, index, index, index, weights, index, index
        )

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, at, step, codes, events, stride, first, last, weights, row, width = arguments
            out, codes, events, weights = (
                _data(context, builder, signature.args[place], value)
                for place, value in ((0, out), (3, codes), (4, events), (8, weights))
            )
            constant = lambda value: ir.Constant(_INDEX, value)  # noqa: E731
            fused = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32"
            )
            places = [
                builder.add(at, builder.add(builder.mul(step, constant(t)), constant(g * LANES)))
                for t in range(steps)
                for g in range(groups)
            ]
            before = [_load(builder, out, place) for place in places]
            entry, loop, done = (
                builder.block,
                builder.append_basic_block("events"),
                builder.append_basic_block("done"),
            )
            builder.cbranch(builder.icmp_signed("<", first, last), loop, done)

            builder.position_at_end(loop)
            event = builder.phi(_INDEX)
            event.add_incoming(first, entry)
            sums = [builder.phi(_VECTOR) for _ in before]
            for total, start in zip(sums, before, strict=True):
                total.add_incoming(start, entry)
            code = builder.sext(builder.load(builder.gep(codes, [event])), _INDEX)
            start = builder.add(row, builder.mul(code, width))
            kernel = [
                _load(builder, weights, builder.add(start, constant(g * LANES))) for g in range(groups)
            ]
            value_at = builder.mul(event, stride)
            after = []
            for t in range(steps):
                value = builder.load(builder.gep(events, [builder.add(value_at, constant(t))]))
                value = _repeat(builder, value)
                after += [
                    builder.call(fused, [value, kernel[g], sums[t * groups + g]]) for g in range(groups)
                ]
            following = builder.add(event, constant(1))
            event.add_incoming(following, loop)
            for total, new in zip(sums, after, strict=True):
                total.add_incoming(new, loop)
            builder.cbranch(builder.icmp_signed("<", following, last), loop, done)

            builder.position_at_end(done)
            results = [builder.phi(_VECTOR) for _ in before]
            for result, start, new in zip(results, before, after, strict=True):
                result.add_incoming(start, entry)
                result.add_incoming(new, loop)
            for result, place in zip(results, places, strict=True):
                builder.store(result, _vector_at(builder, out, place), align=_ALIGN)
            return context.get_dummy_value()

        return signature, generate

    adder: Callable[..., Any] = add
    return adder


# 12 or 16 sums and the rows they share fill the 32 vector registers; longer sums are made in parts.
_ADD_1_1, _ADD_1_2, _ADD_1_3, _ADD_1_4 = (_row_adder(1, groups) for groups in (1, 2, 3, 4))
_ADD_2_1, _ADD_2_2, _ADD_2_3, _ADD_2_4 = (_row_adder(2, groups) for groups in (1, 2, 3, 4))
_ADD_4_1, _ADD_4_2, _ADD_4_3, _ADD_4_4 = (_row_adder(4, groups) for groups in (1, 2, 3, 4))


@numba.njit(inline="always")
def add_rows(  # type: ignore[no-untyped-def]
    steps, groups, out, at, step, codes, events, value, stride, first, last, weights, row, width
):
    """Add weight rows to sums: for each event e, time t, lane i, ``out[t, i] += event[e, t] * weights[e, i]``.

    ``steps`` is 1, 2 or 4, ``groups`` 1 to 4. Sums lie at ``out[at + t * step]``, event values at
    ``events[value + e * stride + t]`` for e from ``first`` to ``last``, rows at
    ``weights[row + codes[e] * width]``.
    """
    events = events[value:]
    if steps == 4:
        if groups == 1:
            _ADD_4_1(out, at, step, codes, events, stride, first, last, weights, row, width)
        elif groups == 2:
            _ADD_4_2(out, at, step, codes, events, stride, first, last, weights, row, width)
        elif groups == 3:
            _ADD_4_3(out, at, step, codes, events, stride, first, last, weights, row, width)
        else:
            _ADD_4_4(out, at, step, codes, events, stride, first, last, weights, row, width)
    elif steps == 2:
        if groups == 1:
            _ADD_2_1(out, at, step, codes, events, stride, first, last, weights, row, width)
        elif groups == 2:
            _ADD_2_2(out, at, step, codes, events, stride, first, last, weights, row, width)
        elif groups == 3:
            _ADD_2_3(out, at, step, codes, events, stride, first, last, weights, row, width)
        else:
            _ADD_2_4(out, at, step, codes, events, stride, first, last, weights, row, width)
    elif groups == 1:
        _ADD_1_1(out, at, step, codes, events, stride, first, last, weights, row, width)
    elif groups == 2:
        _ADD_1_2(out, at, step, codes, events, stride, first, last, weights, row, width)
    elif groups == 3:
        _ADD_1_3(out, at, step, codes, events, stride, first, last, weights, row, width)
    else:
        _ADD_1_4(out, at, step, codes, events, stride, first, last, weights, row, width)


@intrinsic  # type: ignore[untyped-decorator]
def nonzero_lanes(typing, values, at):  # type: ignore[no-untyped-def]
    """Return an int64 whose bit i says whether ``values[at + i]`` is not zero, i from 0 to 15."""
    signature = types.int64(values, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at = arguments
        loaded = _load(builder, _data(context, builder, signature.args[0], values), at)
        unequal = builder.fcmp_unordered("!=", loaded, ir.Constant(_VECTOR, [0.0] * LANES))
        return builder.zext(builder.bitcast(unequal, ir.IntType(LANES)), _INDEX)

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def lowest_bit(typing, bits):  # type: ignore[no-untyped-def]
    """Return the place of the lowest bit that is set in an int64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate
