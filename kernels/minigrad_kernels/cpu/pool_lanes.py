"""Pooling windows of neighbouring outputs, one window to a vector lane: the LLVM IR inside `pool`.

The window of lane l starts at column + l stride of a row of x. A tap, which is one place of the window, is loaded for
all lanes at once: contiguous for stride 1, two vectors and a shuffle for stride 2, lane by lane for larger strides.
Columns outside the row are masked, so that padding and the end of a row need no loops of their own.
"""

from collections.abc import Callable
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
    """Emits the loops over the taps of one window per lane, for (x, row, ... count) as in `maximum_of_windows`.

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
        self.exists = builder.icmp_signed("<", self.numbers, self.splat(self.count))

    def splat(self, scalar: Any) -> Any:
        """Put the lower 32 bits of an integer into every lane."""
        return self.vector.splat(self.builder.trunc(scalar, INT32))

    def variable(self, value: Any) -> Any:
        """Make a variable with this value at first."""
        return cgutils.alloca_once_value(self.builder, value)

    def visit(self, tap: Callable[[Any, Any, Any], None]) -> None:
        """Emit tap(place, values, lanes whose place is in x) for all places of the windows, the last one first.

        There is a loop for each way to load, and the stride chooses one. Lanes outside x hold 0.
        """
        is_stride = [self.builder.icmp_signed("==", self.stride, INT64(stride)) for stride in (1, 2)]
        with self.builder.if_else(is_stride[0]) as (one, more):
            with one:
                self._loop(self._load_contiguous, tap)
            with more, self.builder.if_else(is_stride[1]) as (two, many):
                with two:
                    self._loop(self._load_pairs, tap)
                with many:
                    self._loop(self._load_apart, tap)

    def store(self, value: Any, out_type: Any, out: Any, out_at: Any) -> None:
        """Store the lanes of windows that exist."""
        address = self.vector.address(self.vector.data(out_type, out), out_at)
        self.vector.store_masked(value, address, self.exists)

    def _loop(self, load: Callable[[Any, Any, Any], Any], tap: Callable[[Any, Any, Any], None]) -> None:
        builder = self.builder
        last_row, last_tap = (builder.sub(count, INT64(1)) for count in (self.rows, self.kernel_w))
        with cgutils.for_range(builder, self.rows) as outer:
            row_place = builder.mul(builder.sub(last_row, outer.index), self.row_step)
            with cgutils.for_range(builder, self.kernel_w) as inner:
                shift = builder.mul(builder.sub(last_tap, inner.index), self.dilation)
                column = builder.add(self.column, shift)
                inside = self._in_row(builder.add(self.splat(column), self.steps))
                values = load(builder.add(self.row, row_place), column, inside)
                tap(builder.add(row_place, shift), values, inside)

    def _load_contiguous(self, row: Any, column: Any, inside: Any) -> Any:
        return self.vector.load_masked(self.vector.address(self.x, row, column), inside)

    def _load_pairs(self, row: Any, column: Any, inside: Any) -> Any:
        """Load two vectors and keep every second element."""
        builder, vector = self.builder, self.vector
        halves = []
        for start in (column, builder.add(column, INT64(self.lanes))):
            mask = self._in_row(builder.add(self.splat(start), self.numbers))
            halves.append(vector.load_masked(vector.address(self.x, row, start), mask))
        even = ir.Constant(ir.VectorType(INT32, self.lanes), list(range(0, 2 * self.lanes, 2)))
        return builder.shuffle_vector(*halves, even)

    def _load_apart(self, row: Any, column: Any, inside: Any) -> Any:
        """Load the lanes one by one, those outside the row from its nearest end, and then drop these."""
        builder, vector = self.builder, self.vector
        last = builder.sub(self.width, INT64(1))
        values = vector.zero
        for lane in range(self.lanes):
            place = builder.add(column, builder.mul(self.stride, INT64(lane)))
            place = builder.select(builder.icmp_signed("<", place, INT64(0)), INT64(0), place)
            place = builder.select(builder.icmp_signed("<", last, place), last, place)
            values = builder.insert_element(values, vector.scalar(vector.address(self.x, row, place)), INT32(lane))
        return builder.select(inside, values, vector.zero)

    def _in_row(self, columns: Any) -> Any:
        """Lanes whose column is in the row; unsigned, so that negative columns are beyond its end."""
        return self.builder.icmp_unsigned("<", columns, self.splat(self.width))


@intrinsic
def maximum_of_windows(
    typing_context: Any, out: Any, indices: Any, out_at: Any, first: Any, x: Any, row: Any, row_step: Any, rows: Any,
    width: Any, column: Any, kernel_w: Any, dilation: Any, stride: Any, count: Any,
) -> Any:  # fmt: skip
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

        def tap(place: Any, values: Any, inside: Any) -> None:
            # From the last place to the first, so that of equal maxima, and of NaNs, the first one stays.
            at_least = builder.fcmp_ordered(">=", values, builder.load(best))
            taken = builder.and_(inside, builder.or_(at_least, builder.fcmp_unordered("uno", values, values)))
            builder.store(builder.select(taken, values, builder.load(best)), best)
            builder.store(builder.select(taken, windows.splat(place), builder.load(places)), places)

        windows.visit(tap)
        windows.store(builder.load(best), signature.args[0], out, out_at)
        found = builder.icmp_signed("!=", builder.load(places), vector.splat(INT32(NO_PLACE)))
        steps = builder.sext(builder.add(builder.load(places), windows.steps), ir.VectorType(INT64, windows.lanes))
        numbers = builder.select(found, builder.add(steps, vector.splat(first)), vector.splat(INT64(-1)))
        _store_indices(context, builder, numbers, signature.args[1], indices, out_at, windows.exists)
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
def mean_of_windows(
    typing_context: Any, out: Any, out_at: Any, counted_rows: Any, margin: Any, x: Any, row: Any, row_step: Any,
    rows: Any, width: Any, column: Any, kernel_w: Any, dilation: Any, stride: Any, count: Any,
) -> Any:  # fmt: skip
    """Write the means of up to `lanes` windows to out[out_at:]; the other arguments are those of maximum_of_windows.

    A mean is the sum over x divided by counted_rows times the window's columns from -margin to width + margin - 1.
    """
    signature = types.void(out, types.intp, types.intp, types.intp, x, *[types.intp] * 9)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        out, out_at, counted_rows, margin, *rest = arguments
        windows = _Windows(context, builder, signature.args[4], tuple(rest))
        vector = windows.vector
        total = windows.variable(vector.zero)
        windows.visit(lambda place, values, inside: builder.store(builder.fadd(builder.load(total), values), total))

        def smaller(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_signed("<", a, b), a, b)

        begin = builder.add(windows.splat(windows.column), windows.steps)
        end = builder.add(begin, windows.splat(windows.kernel_w))
        limit = windows.splat(builder.add(windows.width, margin))
        counted = builder.sub(smaller(end, limit), builder.neg(smaller(builder.neg(begin), windows.splat(margin))))
        elements = builder.mul(counted, windows.splat(counted_rows))
        one = vector.splat(INT32(1))
        divisor = builder.sitofp(builder.select(builder.icmp_signed("<", elements, one), one, elements), vector.type)
        windows.store(builder.fdiv(builder.load(total), divisor), signature.args[0], out, out_at)
        return context.get_dummy_value()

    return signature, codegen
