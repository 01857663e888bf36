"""The vector parts of Winograd's convolution: pixels to lanes and back, and the transforms of tiles.

Between these, a pixel or a place of a transformed tile is a vector whose lanes are channels, so that a transform is a
few operations on whole vectors, whatever the size of the image. A grid holds such pixels, row after row.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from minigrad_kernels.cpu.simd import VectorBuilder
from minigrad_kernels.cpu.winograd_matrices import IMAGE_MATRIX, OUT_MATRIX, WEIGHT_MATRIX

_index = ir.IntType(64)


def _pixels(vector: VectorBuilder, grid: Any, at: Any, column: Any, width: Any, gap: Any) -> list[Any]:
    """Addresses of as many pixels of a grid as there are lanes; after each row of so many, a gap is skipped."""
    builder, places = vector.builder, []
    for _ in range(vector.lanes):
        places.append(vector.address(grid, at))
        column = builder.add(column, _index(1))
        is_last = builder.icmp_signed("==", column, width)
        column = builder.select(is_last, _index(0), column)
        at = builder.add(at, builder.add(builder.select(is_last, gap, _index(0)), _index(vector.lanes)))
    return places


def _channels(vector: VectorBuilder, base: Any, step: Any, count: Any) -> list[Any]:
    """Addresses of a place in each lane's plane; lanes beyond the count share the last plane."""
    builder, last = vector.builder, vector.builder.sub(count, _index(1))
    numbers = [builder.select(builder.icmp_signed("<", _index(n), last), _index(n), last) for n in range(vector.lanes)]
    return [vector.address(base, builder.mul(number, step)) for number in numbers]


@intrinsic
def pixels_to_lanes(
    typing_context: Any, grid: Any, at: Any, column: Any, width: Any, gap: Any,
    planes: Any, planes_at: Any, plane: Any, channels: Any, count: Any,
) -> Any:  # fmt: skip
    """Write a vector of pixels to a grid: lane n of pixel p is planes[planes_at + n * plane + p], 0 for p >= count.

    Lanes n >= channels repeat the last channel. The first pixel stands in this column of rows of so many pixels.
    """
    i = types.intp
    signature = types.void(grid, i, i, i, i, planes, i, i, i, i)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = VectorBuilder(context, builder, kinds[0].dtype)
        _, at, column, width, gap, _, planes_at, plane, channels, count = arguments
        planes = vector.address(vector.data(kinds[5], arguments[5]), planes_at)
        mask = vector.lanes_between(_index(0), count)
        lines = [vector.load_masked(place, mask) for place in _channels(vector, planes, plane, channels)]
        places = _pixels(vector, vector.data(kinds[0], arguments[0]), at, column, width, gap)
        for pixel, place in zip(vector.transposed(lines), places, strict=True):
            vector.store(pixel, place)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def lanes_to_pixels(
    typing_context: Any, planes: Any, planes_at: Any, plane: Any, channels: Any, count: Any,
    grid: Any, at: Any, column: Any, width: Any, gap: Any, bias: Any, bias_at: Any, least: Any,
    check: Any, check_at: Any,
) -> Any:  # fmt: skip
    """Write planes[planes_at + n * plane + p] for p < count: lane n of pixel p, plus bias[n]; n < channels <= lanes.

    The vector at check becomes NaN where one of them is infinite or NaN; what is below least becomes least.
    """
    i = types.intp
    signature = types.void(planes, i, i, i, i, grid, i, i, i, i, bias, i, types.float32, check, i)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = VectorBuilder(context, builder, kinds[0].dtype)
        _, planes_at, plane, channels, count, _, at, column, width, gap, _, bias_at, least, _, check_at = arguments
        planes = vector.address(vector.data(kinds[0], arguments[0]), planes_at)
        bias = vector.address(vector.data(kinds[10], arguments[10]), bias_at)
        bound, check = vector.splat(least), vector.address(vector.data(kinds[13], arguments[13]), check_at)
        mask = vector.lanes_between(_index(0), count)
        places = _pixels(vector, vector.data(kinds[5], arguments[5]), at, column, width, gap)
        lines = vector.transposed([vector.load(place) for place in places])
        firsts = _channels(vector, planes, plane, channels)
        biases = _channels(vector, bias, _index(1), channels)
        total = vector.load(check)
        for line, place, offset in zip(lines, firsts, biases, strict=True):
            result = builder.fadd(line, vector.splat(vector.scalar(offset)))
            vector.store_masked(vector.at_least(bound, result), place, mask)
            total = vector.multiply_add(vector.zero, builder.select(mask, result, vector.zero), total)
        vector.store(total, check)
        return context.get_dummy_value()

    return signature, codegen


def _dot(vector: VectorBuilder, factors: Iterable[float], values: list[Any]) -> Any:
    """Sum of factor * value; a factor of one comes first, and costs nothing."""
    builder = vector.builder
    terms = sorted(((f, v) for f, v in zip(factors, values, strict=True) if f), key=lambda term: term[0] != 1)
    (factor, value), *rest = terms
    total = value if factor == 1 else builder.fmul(vector.constant(factor), value)
    for factor, value in rest:
        if factor == 1:
            total = builder.fadd(total, value)
        else:
            total = vector.multiply_add(vector.constant(factor), value, total)
    return total


def _pairs(lines: NDArray[np.float64]) -> Iterable[tuple[int, int]]:
    """Pairs of lines that differ in signs only, and the others paired with themselves."""
    left = list(range(len(lines)))
    while left:
        i = left.pop(0)
        j = next((j for j in left if np.array_equal(abs(lines[i]), abs(lines[j]))), i)
        left = [other for other in left if other != j]
        yield i, j


def _multiply(vector: VectorBuilder, matrix: NDArray[np.float64], values: list[Any]) -> list[Any]:
    """Return matrix @ values. The points p and -p share what is even in p, and what is odd but for its sign."""
    builder = vector.builder
    if matrix.shape[0] < matrix.shape[1]:
        columns, folded = [], []
        for i, j in _pairs(matrix.T):
            a, b = matrix[:, i], matrix[:, j]
            if i == j:
                columns += [a]
                folded += [values[i]]
            else:
                columns += [np.where(a == b, a, 0), np.where(a == b, 0, a)]
                folded += [builder.fadd(values[i], values[j]), builder.fsub(values[i], values[j])]
        return [_dot(vector, row.tolist(), folded) for row in np.transpose(columns)]
    results: dict[int, Any] = {}
    for i, j in _pairs(matrix):
        a, b = matrix[i], matrix[j]
        even = _dot(vector, np.where(a == b, a, 0).tolist(), values)
        if i == j:
            results[i] = even
        else:
            odd = _dot(vector, np.where(a == b, 0, a).tolist(), values)
            results[i], results[j] = builder.fadd(even, odd), builder.fsub(even, odd)
    return [results[i] for i in range(len(matrix))]


def _transform(matrix: NDArray[np.float64]) -> Any:
    """Make the intrinsic that writes matrix @ tile @ matrix^T for a tile of vectors."""

    @intrinsic
    def transform(
        typing_context: Any, out: Any, out_at: Any, out_row: Any, out_column: Any,
        tile: Any, tile_at: Any, tile_row: Any, tile_column: Any,
    ) -> Any:  # fmt: skip
        i = types.intp
        signature = types.void(out, i, i, i, tile, i, i, i)

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = VectorBuilder(context, builder, signature.args[0].dtype)

            def lines(array: int, size: int) -> list[list[Any]]:
                """The addresses of a tile's vectors, row by row."""
                at, row, column = arguments[array + 1 : array + 4]
                base = vector.address(vector.data(signature.args[array], arguments[array]), at)
                steps = [[builder.mul(step, _index(n)) for n in range(size)] for step in (row, column)]
                return [[vector.address(base, y, x) for x in steps[1]] for y in steps[0]]

            half = [
                _multiply(vector, matrix, [vector.load(place) for place in column])
                for column in zip(*lines(4, matrix.shape[1]), strict=True)
            ]
            for line, places in zip(zip(*half, strict=True), lines(0, matrix.shape[0]), strict=True):
                for value, place in zip(_multiply(vector, matrix, list(line)), places, strict=True):
                    vector.store(value, place)
            return context.get_dummy_value()

        return signature, codegen

    return transform


# Each is called as transform(out, out_at, out_row, out_column, tile, tile_at, tile_row, tile_column), with the steps
# from a row and from a column to the next. Gradients go through the same matrices backwards.
transform_image = _transform(IMAGE_MATRIX)
transform_weights = _transform(WEIGHT_MATRIX)
transform_out = _transform(OUT_MATRIX)
transform_dy = _transform(OUT_MATRIX.T)
transform_cells = _transform(WEIGHT_MATRIX.T)
