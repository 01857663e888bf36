"""The host's vectors: how wide they are, and the LLVM IR that loads, stores and multiplies them.

Numba's loops become vectors when LLVM sees fit. The inner loops of matmul and conv say it themselves, with intrinsics
that emit vector IR. Any host runs any width (LLVM splits what it lacks), so MINIGRAD_SIMD_BITS=128, 256 or 512 lets a
test force each one.
"""

import os
import platform
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from llvmlite import binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

WIDTHS = (128, 256, 512)


def _vector_bits(features: dict[str, bool]) -> int:
    if chosen := os.environ.get("MINIGRAD_SIMD_BITS"):
        if chosen not in map(str, WIDTHS):
            raise ValueError(f"MINIGRAD_SIMD_BITS must be one of {WIDTHS}, got {chosen!r}")
        return int(chosen)
    if features.get("avx512f"):
        return 512
    return 256 if features.get("avx2") and features.get("fma") else 128


_features = dict(llvm.get_host_cpu_features())
_is_arm = platform.machine().lower() in ("aarch64", "arm64")

VECTOR_BITS = _vector_bits(_features)
VECTOR_BYTES = VECTOR_BITS // 8
# Vector registers: 32 in AVX-512 and NEON, 16 in SSE and AVX2.
REGISTERS = 32 if VECTOR_BITS == 512 or _is_arm else 16
HAS_FMA = _is_arm or bool(_features.get("fma"))

# Scratch starts on a cache line, for vectors that cross two cost twice.
ALIGNMENT = 64


def aligned_bytes(count: int, itemsize: int) -> int:
    """Bytes of scratch from which `aligned` can take count elements."""
    return count * itemsize + ALIGNMENT


def aligned(scratch: NDArray[np.uint8], dtype: np.dtype) -> NDArray[Any]:
    """Return scratch as elements of dtype, from the first aligned address on."""
    skip = -scratch.__array_interface__["data"][0] % ALIGNMENT
    return scratch[skip : skip + (scratch.size - skip) // dtype.itemsize * dtype.itemsize].view(dtype)


class VectorBuilder:
    """Emits vector instructions for one element type; positions count elements."""

    def __init__(self, context: Any, builder: ir.IRBuilder, element: types.Float) -> None:
        self.context = context
        self.builder = builder
        self.element = context.get_value_type(element)
        self.lanes = VECTOR_BYTES * 8 // element.bitwidth
        self.type = ir.VectorType(self.element, self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        self.suffix = f"v{self.lanes}f{element.bitwidth}"

    def data(self, array_type: types.Array, array: Any) -> Any:
        """Return the address of an array's first element."""
        return self.context.make_array(array_type)(self.context, self.builder, array).data

    def address(self, base: Any, *positions: Any) -> Any:
        """Return the address that many elements after base."""
        for position in positions:
            base = self.builder.gep(base, [position], source_etype=self.element)
        return base

    def scalar(self, address: Any) -> Any:
        """Load one element."""
        return self.builder.load(address, typ=self.element)

    def load(self, address: Any) -> Any:
        """Load a vector; nothing is assumed of its alignment."""
        return self.builder.load(address, typ=self.type, align=self.element_bytes)

    def store(self, value: Any, address: Any) -> None:
        """Store a vector; nothing is assumed of its alignment."""
        self.builder.store(value, self.builder.bitcast(address, self.type.as_pointer()), align=self.element_bytes)

    @property
    def element_bytes(self) -> int:
        """Size of an element."""
        return VECTOR_BYTES // self.lanes

    def splat(self, scalar: Any) -> Any:
        """Return a vector with the scalar in every lane."""
        undefined = ir.Constant(ir.VectorType(scalar.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.IntType(32)(0))
        return self.builder.shuffle_vector(
            first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        )

    def constant(self, value: float) -> Any:
        """Return a vector with a number in every lane."""
        return ir.Constant(self.type, [value] * self.lanes)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, rounded once where the host can."""
        if not HAS_FMA:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        fma = self._declare("llvm.fma." + self.suffix, self.type, [self.type] * 3)
        return self.builder.call(fma, [a, b, c])

    def at_least(self, bound: Any, value: Any) -> Any:
        """Return in each lane the bound if the value is not above it, else the value, also if that is NaN."""
        return self.builder.select(self.builder.fcmp_unordered(">", value, bound), value, bound)

    def lanes_between(self, begin: Any, end: Any) -> Any:
        """Return the mask of the lanes begin <= lane < end, for 64-bit bounds of either sign."""
        index = ir.IntType(64)
        numbers = ir.Constant(ir.VectorType(index, self.lanes), list(range(self.lanes)))
        above = self.builder.icmp_signed(">=", numbers, self.splat(begin))
        return self.builder.and_(above, self.builder.icmp_signed("<", numbers, self.splat(end)))

    def load_strided(self, address: Any, begin: Any, end: Any, step: int) -> Any:
        """Load the elements 0, step, 2 step ... after address: those from begin to end - 1, zero elsewhere.

        Loads all vectors that hold them, and shuffles each one's part into the result.
        """
        index = ir.IntType(64)
        starts = [index(i * self.lanes) for i in range(step)]
        masks = [self.lanes_between(self.builder.sub(begin, at), self.builder.sub(end, at)) for at in starts]
        vectors = [self.load_masked(self.address(address, at), mask) for at, mask in zip(starts, masks, strict=True)]
        result = vectors[0]
        for number, vector in enumerate(vectors[1:], start=1):
            # Lanes of the vectors before this one are in place, but for the first, whose lanes still lie apart.
            spread = step if number == 1 else 1
            lanes = [
                lane * spread if lane * step < number * self.lanes else lane * step - (number - 1) * self.lanes
                for lane in range(self.lanes)
            ]
            chosen = self._lane_numbers(min(lane, 2 * self.lanes - 1) for lane in lanes)
            result = self.builder.shuffle_vector(result, vector, chosen)
        return result

    def load_masked(self, address: Any, mask: Any) -> Any:
        """Load the lanes of the mask, zero elsewhere; memory outside the mask is not touched."""
        arguments = [ir.PointerType(), ir.IntType(32), mask.type, self.type]
        load = self._declare(f"llvm.masked.load.{self.suffix}.p0", self.type, arguments)
        return self.builder.call(load, [address, ir.IntType(32)(self.element_bytes), mask, self.zero])

    def store_masked(self, value: Any, address: Any, mask: Any) -> None:
        """Store the lanes of the mask; memory outside it is not touched."""
        arguments = [self.type, ir.PointerType(), ir.IntType(32), mask.type]
        store = self._declare(f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), arguments)
        self.builder.call(store, [value, address, ir.IntType(32)(self.element_bytes), mask])

    def transposed(self, vectors: list[Any]) -> list[Any]:
        """Return the columns of the square matrix whose rows are given: its halves are riffled log2(lanes) times."""
        half = self.lanes // 2
        riffles = [
            self._lane_numbers(first + lane for i in range(half) for lane in (i, self.lanes + i)) for first in (0, half)
        ]
        for _ in range(self.lanes.bit_length() - 1):
            pairs = zip(vectors[:half], vectors[half:], strict=True)
            vectors = [self.builder.shuffle_vector(a, b, riffle) for a, b in pairs for riffle in riffles]
        return vectors

    def sums(self, vectors: list[Any]) -> list[Any]:
        """Return vectors whose lanes, one after the other, hold the sum over the lanes of each given vector.

        Pairs are added until one vector is left of every `lanes`: even and odd lanes of both, side by side.
        """
        groups = [vectors[i : i + self.lanes] for i in range(0, len(vectors), self.lanes)]
        return [self._sum_group(group + [self.zero] * (self.lanes - len(group))) for group in groups]

    def _sum_group(self, vectors: list[Any]) -> Any:
        even, odd = (self._lane_numbers(range(start, 2 * self.lanes, 2)) for start in (0, 1))
        while len(vectors) > 1:
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            shuffle = self.builder.shuffle_vector
            vectors = [self.builder.fadd(shuffle(a, b, even), shuffle(a, b, odd)) for a, b in pairs]
        return vectors[0]

    def _lane_numbers(self, numbers: Iterable[int]) -> ir.Constant:
        return ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), list(numbers))

    def _declare(self, name: str, result: Any, arguments: list[Any]) -> Any:
        return cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, arguments), name)


@intrinsic(prefer_literal=True)
def copy_lanes(
    typing_context: Any, out: Any, out_at: Any, source: Any, source_at: Any, begin: Any, end: Any, step: Any
) -> Any:
    """Store a whole vector at out[out_at]: source[source_at + i] for i = 0, step, 2 step ...

    Lanes with i < begin or i >= end are zero, and not read. step is a literal.
    """
    signature = types.void(out, types.intp, source, types.intp, types.intp, types.intp, step)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out_type, _, source_type, _, _, _, step = signature.args
        out, out_at, source, source_at, begin, end, _ = arguments
        vector = VectorBuilder(context, builder, out_type.dtype)
        source = vector.address(vector.data(source_type, source), source_at)
        lanes = vector.load_strided(source, begin, end, step.literal_value)
        vector.store(lanes, vector.address(vector.data(out_type, out), out_at))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def store_lanes(typing_context: Any, out: Any, out_at: Any, source: Any, source_at: Any, count: Any) -> Any:
    """Copy the vector at source[source_at] to out[out_at], its first count lanes only."""
    signature = types.void(out, types.intp, source, types.intp, types.intp)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out_type, _, source_type, _, _ = signature.args
        out, out_at, source, source_at, count = arguments
        vector = VectorBuilder(context, builder, out_type.dtype)
        lanes = vector.load(vector.address(vector.data(source_type, source), source_at))
        mask = vector.lanes_between(ir.IntType(64)(0), count)
        vector.store_masked(lanes, vector.address(vector.data(out_type, out), out_at), mask)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def transpose_lanes(
    typing_context: Any, out: Any, out_at: Any, out_step: Any, places: Any, places_at: Any, filled: Any,
    source: Any, source_at: Any, source_step: Any, rows: Any, columns: Any,
) -> Any:  # fmt: skip
    """Write out[out_at + places[places_at + j] * out_step + i] = source[source_at + i * source_step + j].

    For i < rows and j < columns, up to a vector's lanes of each; zero for rows <= i < filled. Nothing else of source is
    read, and nothing else of out is written.
    """
    i = types.intp
    signature = types.void(out, i, i, places, i, i, source, i, i, i, i)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        out, out_at, out_step, places, places_at, filled, source, source_at, source_step, rows, columns = arguments
        vector, index = VectorBuilder(context, builder, kinds[0].dtype), ir.IntType(64)
        out = vector.address(vector.data(kinds[0], out), out_at)
        table = builder.gep(vector.data(kinds[3], places), [places_at], source_etype=index)
        source = vector.address(vector.data(kinds[6], source), source_at)
        in_columns, in_filled = (vector.lanes_between(index(0), count) for count in (columns, filled))
        nowhere = ir.Constant(in_columns.type, [False] * vector.lanes)
        lines = []
        for row in range(vector.lanes):
            exists = builder.icmp_signed(">", rows, index(row))
            # One that is none is not read at its place: far outside an array, even a mask without a lane costs a trap.
            distance = builder.select(exists, builder.mul(source_step, index(row)), index(0))
            mask = builder.select(exists, in_columns, nowhere)
            lines.append(vector.load_masked(vector.address(source, distance), mask))
        transposed = vector.transposed(lines)

        def write(store: Callable[[Any, Any], None]) -> None:
            for c, values in enumerate(transposed):
                with builder.if_then(builder.icmp_signed(">", columns, index(c)), likely=True):
                    place = builder.load(builder.gep(table, [index(c)], source_etype=index), typ=index)
                    store(values, vector.address(out, builder.mul(place, out_step)))

        with builder.if_else(builder.icmp_signed(">=", filled, index(vector.lanes))) as (whole, part):
            with whole:
                write(vector.store)
            with part:
                write(lambda values, address: vector.store_masked(values, address, in_filled))
        return context.get_dummy_value()

    return signature, codegen
