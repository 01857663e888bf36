"""Single instructions on int64 words that several threads use at once, and what a thread does while it waits.

A load acquires and a store releases: what a thread wrote before its store is seen after the load that sees the store.
Addresses are int64.
"""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

INT32, INT64, VOID = ir.IntType(32), ir.IntType(64), ir.VoidType()
_WORD = INT64.as_pointer()

# Lets the processor run another thread: what this one waits for may be waiting for a core.
yield_core = types.ExternalFunction("sched_yield", types.int32())


def _emit_call(builder, name, *arguments):
    """Call an instruction that LLVM knows by this name."""
    function_type = ir.FunctionType(VOID, [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), arguments)


@intrinsic
def load(typingctx, address):
    """Return the word at an address."""

    def codegen(context, builder, signature, values):
        return builder.load_atomic(builder.inttoptr(values[0], _WORD), "acquire", 8, typ=INT64)

    return types.int64(types.int64), codegen


@intrinsic
def store(typingctx, address, value):
    """Write a word."""

    def codegen(context, builder, signature, values):
        builder.store_atomic(values[1], builder.inttoptr(values[0], _WORD), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def add(typingctx, address, value):
    """Add to a word, and return what it was before."""

    def codegen(context, builder, signature, values):
        return builder.atomic_rmw("add", builder.inttoptr(values[0], _WORD), values[1], "acq_rel")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def replace(typingctx, address, expected, value):
    """Write a word if it is what was expected, and return whether it was."""

    def codegen(context, builder, signature, values):
        pair = builder.cmpxchg(builder.inttoptr(values[0], _WORD), values[1], values[2], "acq_rel", "acquire")
        return builder.extract_value(pair, 1)

    return types.boolean(types.int64, types.int64, types.int64), codegen


@intrinsic
def pause(typingctx):
    """Do nothing for some nanoseconds, and leave the core's units to its other thread."""

    def codegen(context, builder, signature, values):
        machine = platform.machine().lower()
        if machine in ("x86_64", "amd64"):
            _emit_call(builder, "llvm.x86.sse2.pause")
        elif machine in ("aarch64", "arm64"):
            _emit_call(builder, "llvm.aarch64.hint", ir.Constant(INT32, 1))
        return context.get_dummy_value()

    return types.void(), codegen
