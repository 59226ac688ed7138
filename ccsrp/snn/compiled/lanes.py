"""Sixteen floats as one value in numba code, held in vector registers.

Numba vectorises loops only where it can show that nothing overlaps, and then for long loops; here rows are
short and lie in one array. LLVM splits the 16 lanes into what the processor has.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.extending import intrinsic, lower_builtin, register_model, type_callable

from ccsrp.snn.kernels import inner

__all__ = [
    "LANES",
    "VECTOR",
    "broadcast",
    "count_bits",
    "data_pointer",
    "everywhere",
    "exponential",
    "first_lanes",
    "groups_of",
    "instruction",
    "largest",
    "load",
    "lowest_bit",
    "multiply_add",
    "nonzero",
    "reaching",
    "repeated",
    "select_at_least",
    "select_equal",
    "store",
    "store_chosen",
    "store_first",
    "store_places",
    "take",
    "total",
    "vector_at",
    "where_set",
]

LANES = 16

VECTOR = ir.VectorType(ir.FloatType(), LANES)
_INDEX = ir.IntType(64)
# Rows start where they start: a vector is only known to lie at a whole float.
_ALIGN = 4


def instruction(function: Callable[..., Any]) -> Any:
    """Make of ``function`` an instruction that kernels call; it says its types and how to generate it."""
    return intrinsic(function)


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def data_pointer(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Return where an array's numbers begin."""
    return context.make_array(kind)(context, builder, array).data


def vector_at(builder: Any, pointer: Any, offset: Any) -> Any:
    """Return a pointer to the 16 floats from ``offset`` on."""
    return builder.bitcast(builder.gep(pointer, [offset]), VECTOR.as_pointer())


def repeated(builder: Any, scalar: Any) -> Any:
    """Fill all lanes with one float."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    single = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(single, undefined, everywhere)


@inner
def groups_of(channels):
    """Return how many groups of 16 hold that many channels."""
    return (channels + LANES - 1) // LANES


def _first(builder: Any, count: Any) -> Any:
    """Choose the lanes below ``count``."""
    numbers = ir.VectorType(_INDEX, LANES)
    limit = builder.insert_element(ir.Constant(numbers, ir.Undefined), count, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    limit = builder.shuffle_vector(limit, ir.Constant(numbers, ir.Undefined), zeros)
    return builder.icmp_signed("<", ir.Constant(numbers, list(range(LANES))), limit)


@instruction
def load(typing, memory, at):
    """Return ``memory[at : at + 16]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = data_pointer(context, builder, signature.args[0], arguments[0])
        return builder.load(vector_at(builder, pointer, arguments[1]), align=_ALIGN)

    return _LANES(memory, types.intp), generate


@instruction
def store(typing, memory, at, lanes):
    """Set ``memory[at : at + 16]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = data_pointer(context, builder, signature.args[0], arguments[0])
        builder.store(arguments[2], vector_at(builder, pointer, arguments[1]), align=_ALIGN)
        return context.get_dummy_value()

    return types.void(memory, types.intp, lanes), generate


@instruction
def store_first(typing, memory, at, lanes, count):
    """Set ``memory[at : at + count]``, at most 16, and nothing behind."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, at, lanes, count = arguments
        pointer = vector_at(builder, data_pointer(context, builder, signature.args[0], memory), at)
        chosen, align = ir.VectorType(ir.IntType(1), LANES), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [VECTOR, pointer.type, align, chosen])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.store.v{LANES}f32.p0")
        builder.call(function, [lanes, pointer, ir.Constant(align, _ALIGN), _first(builder, count)])
        return context.get_dummy_value()

    return types.void(memory, types.intp, lanes, types.int64), generate


@instruction
def broadcast(typing, scalar):
    """Fill all lanes with one float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return repeated(builder, arguments[0])

    return _LANES(types.float32), generate


@instruction
def everywhere(typing, memory, at):
    """Fill all lanes with ``memory[at]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = data_pointer(context, builder, signature.args[0], arguments[0])
        return repeated(builder, builder.load(builder.gep(pointer, [arguments[1]])))

    return _LANES(memory, types.intp), generate


@instruction
def first_lanes(typing, lanes, count):
    """Return the lanes below ``count``, an int64, and zeros."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes, count = arguments
        return builder.select(_first(builder, count), lanes, ir.Constant(VECTOR, [0.0] * LANES))

    return _LANES(_LANES, types.int64), generate


@instruction
def multiply_add(typing, left, right, added):
    """Return ``left * right + added``, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")
        return builder.call(function, arguments)

    return _LANES(_LANES, _LANES, _LANES), generate


@instruction
def exponential(typing, lanes):
    """Return e to the power of each lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.exp.v{LANES}f32")
        return builder.call(function, arguments)

    return _LANES(_LANES), generate


def _selector(comparison: str) -> Callable[..., Any]:
    @instruction
    def select(typing, left, right, yes, no):
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, yes, no = arguments
            return builder.select(builder.fcmp_ordered(comparison, left, right), yes, no)

        return _LANES(_LANES, _LANES, _LANES, _LANES), generate

    chosen: Callable[..., Any] = select
    return chosen


# select_...(left, right, yes, no): lane by lane ``yes`` where the comparison holds, else ``no``.
select_at_least = _selector(">=")
select_equal = _selector("==")


@instruction
def reaching(typing, lanes, threshold):
    """Return an int64 whose bit i says whether lane i is at least that of ``threshold``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        reached = builder.fcmp_ordered(">=", *arguments)
        return builder.zext(builder.bitcast(reached, ir.IntType(LANES)), _INDEX)

    return types.int64(_LANES, _LANES), generate


@instruction
def where_set(typing, bits, lanes):
    """Return the lanes whose bit is set in an int64, and zeros."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits, lanes = arguments
        chosen = builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), ir.VectorType(ir.IntType(1), LANES))
        return builder.select(chosen, lanes, ir.Constant(VECTOR, [0.0] * LANES))

    return _LANES(types.int64, _LANES), generate


@instruction
def nonzero(typing, lanes):
    """Return an int64 whose bit i says whether lane i is not zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unequal = builder.fcmp_unordered("!=", arguments[0], ir.Constant(VECTOR, [0.0] * LANES))
        return builder.zext(builder.bitcast(unequal, ir.IntType(LANES)), _INDEX)

    return types.int64(_LANES), generate


@instruction
def lowest_bit(typing, bits):
    """Return the place of the lowest bit that is set in an int64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


def _compress(builder: Any, kind: Any, values: Any, bits: Any) -> Any:
    """Move the lanes whose bit is set to the front."""
    chosen = ir.VectorType(ir.IntType(1), LANES)
    letter = "f" if kind is VECTOR else "i"
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [kind, chosen, kind]),
        f"llvm.experimental.vector.compress.v{LANES}{letter}32",
    )
    lanes = builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), chosen)
    return builder.call(function, [values, lanes, ir.Constant(kind, ir.Undefined)])


@instruction
def store_chosen(typing, memory, at, lanes, bits):
    """Set ``memory[at:]`` to the lanes whose bit is set; what follows, up to 16 in all, is arbitrary."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, at, lanes, bits = arguments
        pointer = vector_at(builder, data_pointer(context, builder, signature.args[0], memory), at)
        builder.store(_compress(builder, VECTOR, lanes, bits), pointer, align=_ALIGN)
        return context.get_dummy_value()

    return types.void(memory, types.intp, lanes, types.int64), generate


@instruction
def store_places(typing, memory, at, first, bits):
    """Set int32 ``memory[at:]`` to ``first`` plus the place of each bit that is set, likewise."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, at, first, bits = arguments
        numbers = ir.VectorType(ir.IntType(32), LANES)
        undefined = ir.Constant(numbers, ir.Undefined)
        start = builder.insert_element(
            undefined, builder.trunc(first, ir.IntType(32)), ir.Constant(ir.IntType(32), 0)
        )
        start = builder.shuffle_vector(start, undefined, ir.Constant(numbers, [0] * LANES))
        places = builder.add(start, ir.Constant(numbers, list(range(LANES))))
        pointer = data_pointer(context, builder, signature.args[0], memory)
        pointer = builder.bitcast(builder.gep(pointer, [at]), numbers.as_pointer())
        builder.store(_compress(builder, numbers, places, bits), pointer, align=_ALIGN)
        return context.get_dummy_value()

    return types.void(memory, types.intp, types.int64, types.int64), generate


@instruction
def count_bits(typing, bits):
    """Return how many bits of an int64 are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


@instruction
def total(typing, lanes):
    """Add all lanes up, by halves."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (found,) = arguments
        count = LANES
        while count > 1:
            count //= 2
            undefined = ir.Constant(found.type, ir.Undefined)
            low, high = (
                builder.shuffle_vector(
                    found,
                    undefined,
                    ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(start, start + count))),
                )
                for start in (0, count)
            )
            found = builder.fadd(low, high)
        return builder.extract_element(found, ir.Constant(ir.IntType(32), 0))

    return types.float32(_LANES), generate


@instruction
def take(typing, counters, at, count):
    """Add ``count`` to int64 ``counters[at]`` and return what was there, undisturbed by other threads."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        counters, at, count = arguments
        pointer = builder.gep(data_pointer(context, builder, signature.args[0], counters), [at])
        return builder.atomic_rmw("add", pointer, count, "monotonic")

    return types.int64(counters, types.intp, types.int64), generate


@instruction
def largest(typing, left, right):
    """Return the greater of two, lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right = arguments
        return builder.select(builder.fcmp_ordered(">", left, right), left, right)

    return _LANES(_LANES, _LANES), generate


def _define(function: Any, instruction: str) -> None:
    @type_callable(function)
    def _(context: Any) -> Any:
        return lambda left, right: _LANES if left is _LANES and right is _LANES else None

    @lower_builtin(function, _LANES, _LANES)  # type: ignore[untyped-decorator]
    def _(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_function, _instruction)
