"""What one core can do: multiply-adds from registers, and bytes moved to and from cache and memory."""

import time
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad_kernels.cpu import simd
from minigrad_kernels.cpu.compiler import kernel

# Independent sums: two multiply-adds begin in a cycle, and each takes four or five.
SUMS = 12
ROUNDS = 1_000_000
CACHE_FLOATS, MEMORY_FLOATS = 2**14, 2**24


@intrinsic
def _multiply_adds(typing_context: Any, out: Any, rounds: Any) -> Any:
    """Do a = a * b + b on SUMS vectors, over and over; b is the first vector of out, which gets the sum of them all."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = simd.VectorBuilder(context, builder, signature.args[0].dtype)
        place = vector.data(signature.args[0], arguments[0])
        factor = vector.load(place)
        sums = [cgutils.alloca_once_value(builder, factor) for _ in range(SUMS)]
        with cgutils.for_range(builder, arguments[1]):
            for one in sums:
                builder.store(vector.multiply_add(builder.load(one, typ=vector.type), factor, factor), one)
        total = vector.zero
        for one in sums:
            total = builder.fadd(total, builder.load(one, typ=vector.type))
        vector.store(total, place)
        return context.get_dummy_value()

    return types.void(out, types.intp), codegen


@kernel("out T1", "int")
def _arithmetic(begin, end, worker, out, rounds):
    _multiply_adds(out, rounds)


@kernel("out T1", "in T1", "in T1", "T")
def _triad(begin, end, worker, out, a, b, factor):
    for i in range(len(out)):
        out[i] = a[i] + factor * b[i]


def fastest(run: Any, repeats: int = 15) -> float:
    """Seconds of the fastest call after the first, in which it is compiled."""
    run()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def flops() -> float:
    """Floating-point operations in a second; a multiply-add is two."""
    out = np.full(simd.VECTOR_BYTES // 4, 0.5, np.float32)
    return 2 * SUMS * len(out) * ROUNDS / fastest(lambda: _arithmetic(0, 1, 0, out, ROUNDS))


def bandwidth(floats: int) -> float:
    """Bytes in a second that a + factor * b moves, on arrays of so many numbers."""
    out, a, b = (np.ones(floats, np.float32) for _ in range(3))
    calls = max(1, 2**20 // floats)

    def run() -> None:
        for _ in range(calls):
            _triad(0, 1, 0, out, a, b, np.float32(0.5))

    return 3 * out.nbytes * calls / fastest(run)
