"""Pooling windows of neighbouring outputs, one window to a vector lane: the LLVM IR inside `pool`.

The window of lane l starts at column + l stride of a row of x. A tap, which is one place of the window, is loaded for
all lanes at once: contiguous for stride 1, two vectors and a shuffle for stride 2, lane by lane for larger strides.
Columns outside the row are masked, so that padding and the end of a row need no loops of their own.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad_kernels.cpu.simd import VectorBuilder

INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
NO_PLACE = -(2**31)


class _Windows:
    """One window per lane; `taps` walks their places and gives the loaded values.

    Columns and places in a window are counted in 32 bits, positions in x in 64.
    """

    def __init__(self, context: Any, builder: ir.IRBuilder, x_type: Any, arguments: tuple[Any, ...]) -> None:
        x, self.row, self.row_step, self.rows, self.width, self.column, *rest = arguments
        self.kernel_w, self.dilation, self.stride, self.count = rest
        self.builder = builder
        self.vector = VectorBuilder(context, builder, x_type.dtype)
        self.lanes = self.vector.lanes
        self.x = self.vector.data(x_type, x)
        self.numbers = ir.Constant(ir.VectorType(INT32, self.lanes), list(range(self.lanes)))
        self.steps = builder.mul(self.numbers, self.splat(self.stride))
        self.active = builder.icmp_signed("<", self.numbers, self.splat(self.count))

    def splat(self, scalar: Any) -> Any:
        """Put the lower 32 bits of an integer into every lane."""
        return self.vector.splat(self.builder.trunc(scalar, INT32))

    def variable(self, value: Any) -> Any:
        """Make a variable with this value at first."""
        return cgutils.alloca_once_value(self.builder, value)

    @contextlib.contextmanager
    def taps(self) -> Iterator[tuple[Any, Any, Any]]:
        """Loop over the places of the windows, the last one first; gives (place, values, lanes whose place is in x)."""
        builder = self.builder
        one = INT64(1)
        with cgutils.for_range(builder, self.rows) as outer:
            row_place = builder.mul(builder.sub(builder.sub(self.rows, one), outer.index), self.row_step)
            with cgutils.for_range(builder, self.kernel_w) as inner:
                tap = builder.mul(builder.sub(builder.sub(self.kernel_w, one), inner.index), self.dilation)
                column = builder.add(self.column, tap)
                values, inside = self._load(builder.add(self.row, row_place), column)
                yield builder.add(row_place, tap), values, inside

    def store(self, value: Any, out_type: Any, out: Any, out_at: Any) -> None:
        """Store the lanes of windows that exist."""
        address = self.vector.address(self.vector.data(out_type, out), out_at)
        self.vector.store_masked(value, address, self.active)

    def _load(self, row: Any, column: Any) -> tuple[Any, Any]:
        builder = self.builder
        inside = builder.and_(self.active, self._in_row(builder.add(self.splat(column), self.steps)))
        values = self.variable(self.vector.zero)
        with builder.if_else(builder.icmp_signed("==", self.stride, INT64(1))) as (contiguous, strided):
            with contiguous:
                builder.store(self.vector.load_masked(self.vector.address(self.x, row, column), inside), values)
            with strided, builder.if_else(builder.icmp_signed("==", self.stride, INT64(2))) as (pairs, apart):
                with pairs:
                    builder.store(self._load_pairs(row, column), values)
                with apart:
                    builder.store(self._load_apart(row, column), values)
        return builder.select(inside, builder.load(values), self.vector.zero), inside

    def _load_pairs(self, row: Any, column: Any) -> Any:
        """Load every second element."""
        builder, vector = self.builder, self.vector
        halves = []
        for start in (column, builder.add(column, INT64(self.lanes))):
            mask = self._in_row(builder.add(self.splat(start), self.numbers))
            halves.append(vector.load_masked(vector.address(self.x, row, start), mask))
        even = ir.Constant(ir.VectorType(INT32, self.lanes), list(range(0, 2 * self.lanes, 2)))
        return builder.shuffle_vector(*halves, even)

    def _load_apart(self, row: Any, column: Any) -> Any:
        """Load the lanes one by one; those outside the row get some element of it."""
        builder, vector = self.builder, self.vector
        last = builder.sub(self.width, INT64(1))
        values = vector.zero
        for lane in range(self.lanes):
            place = builder.add(column, builder.mul(self.stride, INT64(lane)))
            place = builder.select(builder.icmp_signed("<", place, INT64(0)), INT64(0), place)
            place = builder.select(builder.icmp_signed("<", last, place), last, place)
            values = builder.insert_element(values, vector.scalar(vector.address(self.x, row, place)), INT32(lane))
        return values

    def _in_row(self, columns: Any) -> Any:
        """Lanes whose column is in the row; unsigned, so that negative columns are beyond its end."""
        return self.builder.icmp_unsigned("<", columns, self.splat(self.width))


@intrinsic
def maximum_of_windows(
    typing_context: Any,
    out: Any,
    indices: Any,
    out_at: Any,
    first: Any,
    x: Any,
    row: Any,
    row_step: Any,
    rows: Any,
    width: Any,
    column: Any,
    kernel_w: Any,
    dilation: Any,
    stride: Any,
    count: Any,
) -> Any:
    """Write the maxima of up to `lanes` windows to out[out_at:], and where they are, counted from `first`, to indices.

    out, indices, x
        Contiguous arrays; positions in them count elements from the start.
    row, row_step, rows
        Position in x of the windows' first row, the distance to their next row, the number of their rows.
    width, column
        Elements in a row; column of the first window's first place, which may lie outside it.
    kernel_w, dilation, stride, count
        Columns of a window, their distance, the distance of two windows, the number of windows.
    """
    signature = types.void(out, indices, types.intp, types.intp, x, *[types.intp] * 9)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        out, indices, out_at, first, *rest = arguments
        windows = _Windows(context, builder, signature.args[4], tuple(rest))
        vector = windows.vector
        best = windows.variable(ir.Constant(vector.type, [float("-inf")] * windows.lanes))
        places = windows.variable(vector.splat(INT32(NO_PLACE)))
        with windows.taps() as (place, values, inside):
            # From the last place to the first, so that of equal maxima, and of NaNs, the first one stays.
            at_least = builder.fcmp_ordered(">=", values, builder.load(best))
            taken = builder.and_(inside, builder.or_(at_least, builder.fcmp_unordered("uno", values, values)))
            builder.store(builder.select(taken, values, builder.load(best)), best)
            builder.store(builder.select(taken, windows.splat(place), builder.load(places)), places)
        windows.store(builder.load(best), signature.args[0], out, out_at)
        found = builder.icmp_signed("!=", builder.load(places), vector.splat(INT32(NO_PLACE)))
        wide = ir.VectorType(INT64, windows.lanes)
        steps = builder.sext(builder.add(builder.load(places), windows.steps), wide)
        numbers = builder.select(found, builder.add(steps, vector.splat(first)), vector.splat(INT64(-1)))
        _store_indices(context, builder, numbers, signature.args[1], indices, out_at, windows.active)
        return context.get_dummy_value()

    return signature, codegen


def _store_indices(
    context: Any, builder: ir.IRBuilder, values: Any, array_type: Any, array: Any, at: Any, mask: Any
) -> None:
    address = builder.gep(context.make_array(array_type)(context, builder, array).data, [at], source_etype=INT64)
    name = f"llvm.masked.store.v{values.type.count}i64.p0"
    function = ir.FunctionType(ir.VoidType(), [values.type, ir.PointerType(), INT32, mask.type])
    store = cgutils.get_or_insert_function(builder.module, function, name)
    builder.call(store, [values, address, INT32(8), mask])


@intrinsic
def sum_of_windows(
    typing_context: Any,
    out: Any,
    out_at: Any,
    x: Any,
    row: Any,
    row_step: Any,
    rows: Any,
    width: Any,
    column: Any,
    kernel_w: Any,
    dilation: Any,
    stride: Any,
    count: Any,
) -> Any:
    """Write the sums of up to `lanes` windows to out[out_at:]; arguments as in maximum_of_windows."""
    signature = types.void(out, types.intp, x, *[types.intp] * 9)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        out, out_at, *rest = arguments
        windows = _Windows(context, builder, signature.args[2], tuple(rest))
        total = windows.variable(windows.vector.zero)
        with windows.taps() as (_, values, _):
            builder.store(builder.fadd(builder.load(total), values), total)
        windows.store(builder.load(total), signature.args[0], out, out_at)
        return context.get_dummy_value()

    return signature, codegen
