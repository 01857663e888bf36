"""The two inner loops of matmul and conv, each over a tile of the result that stays in registers.

product_tile   out[r, j] = start[r, j] + sum_k panel[k, r] * source[offsets[k] + j]
               rows r <= PRODUCT_ROWS, columns j < 2 vectors: each k loads 2 vectors and multiplies them by `rows`
               broadcast scalars. 24 sums (12 with 16 registers) leave room for the vectors and scalars, and hide the
               latency of the multiply-adds, about 4 cycles at 2 a cycle.
panel_tile     out[r, j] (+)= sum_k factors[steps[k] + r * row_step] * lines[k, j]
               the same loop, where both operands and the result lie in blocks as wide as the tile.
dot_tile       out[r, t] += sum_j left[r, j] * right[offsets[t] + j]
               DOT_ROWS x DOT_TAPS sums, each a vector over j that is added up at the end.

Both are compiled for every number of rows, so that no row is wasted where a matrix ends.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import REGISTERS, VECTOR_BYTES, VectorBuilder, copy_lanes, store_lanes

PRODUCT_VECTORS = 2
PRODUCT_ROWS = 12 if REGISTERS == 32 else 6
DOT_ROWS, DOT_TAPS = (4, 6) if REGISTERS == 32 else (3, 4)

_index = ir.IntType(64)


def _phis(builder: ir.IRBuilder, values: list[Any], block: ir.Block) -> list[Any]:
    """Phis at the builder's place that hold values when coming from block."""
    phis = [builder.phi(value.type) for value in values]
    _arrive(phis, values, block)
    return phis


def _arrive(phis: list[Any], values: list[Any], block: ir.Block) -> None:
    for phi, value in zip(phis, values, strict=True):
        phi.add_incoming(value, block)


def _element(builder: ir.IRBuilder, table: Any, number: Any) -> Any:
    """Load an element of a table of places."""
    return builder.load(builder.gep(table, [number], source_etype=_index), typ=_index)


def _cases(builder: ir.IRBuilder, key: Any, count: int, emit: Callable[[int], None]) -> None:
    """A switch over key = 0 ... count - 1 whose cases are emitted by emit(key)."""
    after = builder.append_basic_block("after")
    switch = builder.switch(key, after)
    for case in range(count):
        block = builder.append_basic_block(f"case{case}")
        switch.add_case(_index(case), block)
        builder.position_at_end(block)
        emit(case)
        builder.branch(after)
    builder.position_at_end(after)


def _sums(
    vector: VectorBuilder, rows: int, n_vectors: int, depth: Any,
    line_at: Callable[[Any], Any], factors_at: Callable[[Any], Any], row_step: int,
) -> list[Any]:  # fmt: skip
    """Emit the loop of a product: row after row, the sum over k < depth of factor * line.

    It starts from 0, whatever it is added to: sums of a block of terms round less than one long chain of additions.
    line_at(k) is the address of the line, factors_at(k) of the first row's scalar; the others follow row_step apart.
    """
    builder, starts = vector.builder, [vector.zero] * (rows * n_vectors)
    begin, loop, done = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", depth, _index(0)), loop, done)

    builder.position_at_end(loop)
    (k,) = _phis(builder, [_index(0)], begin)
    sums = _phis(builder, starts, begin)
    line, factors = line_at(k), factors_at(k)
    columns = [vector.load(vector.address(line, _index(v * vector.lanes))) for v in range(n_vectors)]
    ends = []
    for r in range(rows):  # row by row, or the scalars of all rows would want a register each
        factor = vector.splat(vector.scalar(vector.address(factors, _index(r * row_step))))
        ends += [vector.multiply_add(factor, columns[v], sums[r * n_vectors + v]) for v in range(n_vectors)]
    next_k = builder.add(k, _index(1))
    _arrive([k, *sums], [next_k, *ends], loop)
    builder.cbranch(builder.icmp_signed("<", next_k, depth), loop, done)

    builder.position_at_end(done)
    totals = _phis(builder, starts, begin)
    _arrive(totals, ends, loop)
    return totals


@intrinsic
def _product(
    typing_context: Any, rows: Any, vectors: Any, depth: Any, panel: Any, panel_at: Any, source: Any, source_at: Any,
    offsets: Any, out: Any, out_at: Any, out_step: Any, bias: Any, bias_at: Any, accumulate: Any,
) -> Any:  # fmt: skip
    i = types.intp
    signature = types.void(i, i, i, panel, i, source, i, offsets, out, i, i, bias, i, types.boolean)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = VectorBuilder(context, builder, kinds[8].dtype)
        rows, vectors, depth, _, panel_at, _, source_at, _, _, out_at, out_step, _, bias_at, accumulate = arguments
        panel = vector.address(vector.data(kinds[3], arguments[3]), panel_at)
        source = vector.address(vector.data(kinds[5], arguments[5]), source_at)
        offsets = vector.data(kinds[7], arguments[7])
        out = vector.address(vector.data(kinds[8], arguments[8]), out_at)
        bias = vector.address(vector.data(kinds[11], arguments[11]), bias_at)

        def emit(case: int) -> None:
            n_rows, n_vectors = case // PRODUCT_VECTORS + 1, case % PRODUCT_VECTORS + 1
            cells = list(product(range(n_rows), range(n_vectors)))
            places = [vector.address(out, builder.mul(out_step, _index(r)), _index(v * vector.lanes)) for r, v in cells]
            totals = _sums(
                vector, n_rows, n_vectors, depth,
                lambda k: vector.address(source, _element(builder, offsets, k)),
                lambda k: vector.address(panel, builder.mul(k, _index(n_rows))), 1,
            )  # fmt: skip
            loaded, splatted, done = map(builder.append_basic_block, ("load", "bias", "stored"))
            builder.cbranch(accumulate, loaded, splatted)
            builder.position_at_end(loaded)
            for total, place in zip(totals, places, strict=True):
                vector.store(builder.fadd(vector.load(place), total), place)
            builder.branch(done)
            builder.position_at_end(splatted)
            biases = [vector.splat(vector.scalar(vector.address(bias, _index(r)))) for r in range(n_rows)]
            for total, place, (r, _) in zip(totals, places, cells, strict=True):
                vector.store(builder.fadd(biases[r], total), place)
            builder.branch(done)
            builder.position_at_end(done)

        key = builder.add(
            builder.mul(builder.sub(rows, _index(1)), _index(PRODUCT_VECTORS)), builder.sub(vectors, _index(1))
        )
        _cases(builder, key, PRODUCT_ROWS * PRODUCT_VECTORS, emit)
        return context.get_dummy_value()

    return signature, codegen


@helper
def product_tile(
    rows, columns, depth, panel, panel_at, source, source_at, offsets,
    out, out_at, out_step, bias, bias_at, accumulate, spare,
):  # fmt: skip
    """Write out[out_at + r * out_step + j] for r < rows and j < columns: bias[r], or out as it is, plus the sum.

    source is read up to a whole vector, out is written up to columns; spare holds PRODUCT_ROWS x PRODUCT_VECTORS
    vectors.
    """
    lanes = VECTOR_BYTES // out.itemsize
    vectors = (columns + lanes - 1) // lanes
    whole = vectors * lanes
    tile, tile_at, tile_step = (out, out_at, out_step) if columns == whole else (spare, 0, whole)
    if columns < whole and accumulate:
        for r in range(rows):
            for j in range(0, whole, lanes):
                copy_lanes(spare, r * whole + j, out, out_at + r * out_step + j, 0, columns - j, 1)
    _product(rows, vectors, depth, panel, panel_at, source, source_at, offsets,
             tile, tile_at, tile_step, bias, bias_at, accumulate)  # fmt: skip
    if columns < whole:
        for r in range(rows):
            for j in range(0, whole, lanes):
                store_lanes(out, out_at + r * out_step + j, spare, r * whole + j, columns - j)


@helper
def raise_to(least, out):
    """Make least of all that is below; -inf is told without a look at out, and NaN stays."""
    bound = out.dtype.type(least)
    if bound > -np.inf:
        for i in range(len(out)):
            out[i] = bound if out[i] <= bound else out[i]


@intrinsic(prefer_literal=True)
def panel_tile(
    typing_context: Any, rows: Any, depth: Any, factors: Any, factors_at: Any, steps: Any, row_step: Any,
    lines: Any, lines_at: Any, out: Any, out_at: Any, accumulate: Any,
) -> Any:  # fmt: skip
    """Write out[out_at + r * width + j] for r < rows and j < width, PRODUCT_VECTORS vectors, or add to it.

    The sum over k < depth of factors[factors_at + steps[k] + r * row_step] * lines[lines_at + k * width + j]; row_step
    is a literal.
    """
    i = types.intp
    signature = types.void(i, i, factors, i, steps, row_step, lines, i, out, i, types.boolean)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = VectorBuilder(context, builder, kinds[8].dtype)
        rows, depth, _, factors_at, _, _, _, lines_at, _, out_at, accumulate = arguments
        factors = vector.address(vector.data(kinds[2], arguments[2]), factors_at)
        steps = vector.data(kinds[4], arguments[4])
        lines = vector.address(vector.data(kinds[6], arguments[6]), lines_at)
        out = vector.address(vector.data(kinds[8], arguments[8]), out_at)
        width = _index(PRODUCT_VECTORS * vector.lanes)

        def emit(case: int) -> None:
            places = [vector.address(out, _index(n * vector.lanes)) for n in range((case + 1) * PRODUCT_VECTORS)]
            totals = _sums(
                vector, case + 1, PRODUCT_VECTORS, depth,
                lambda k: vector.address(lines, builder.mul(k, width)),
                lambda k: vector.address(factors, _element(builder, steps, k)),
                kinds[5].literal_value,
            )  # fmt: skip
            for total, place in zip(totals, places, strict=True):
                start = builder.select(accumulate, vector.load(place), vector.zero)
                vector.store(builder.fadd(start, total), place)

        _cases(builder, builder.sub(rows, _index(1)), PRODUCT_ROWS, emit)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def dot_tile(
    typing_context: Any, rows: Any, images: Any, length: Any, left: Any, left_at: Any, left_step: Any, left_image: Any,
    right: Any, right_at: Any, right_image: Any, offsets: Any, offsets_at: Any, out: Any, out_at: Any,
) -> Any:  # fmt: skip
    """Add to out[out_at + r * DOT_TAPS + t], for r < rows, a sum over images i and over j < length.

    A term is left[left_at + i * left_image + r * left_step + j] times
    right[right_at + i * right_image + offsets[offsets_at + t] + j].
    out is written up to a whole vector; images is at least 1.
    """
    i = types.intp
    signature = types.void(i, i, i, left, i, i, i, right, i, i, offsets, i, out, i)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = VectorBuilder(context, builder, kinds[12].dtype)
        rows, images, length, _, left_at, left_step, left_image = arguments[:7]
        _, right_at, right_image, _, offsets_at, _, out_at = arguments[7:]
        left = vector.address(vector.data(kinds[3], arguments[3]), left_at)
        right = vector.address(vector.data(kinds[7], arguments[7]), right_at)
        table = builder.gep(vector.data(kinds[10], arguments[10]), [offsets_at], source_etype=_index)
        out = vector.address(vector.data(kinds[12], arguments[12]), out_at)
        tail = builder.urem(length, _index(vector.lanes))
        whole = builder.sub(length, tail)
        mask = vector.lanes_between(_index(0), tail)
        shifts = [
            builder.load(builder.gep(table, [_index(t)], source_etype=_index), typ=_index) for t in range(DOT_TAPS)
        ]

        def emit(case: int) -> None:
            n_rows = case + 1
            cells = list(product(range(n_rows), range(DOT_TAPS)))

            def step(load: Callable[[Any], Any], image: Any, j: Any, sums: list[Any]) -> list[Any]:
                at_left = vector.address(left, builder.mul(image, left_image), j)
                at_right = vector.address(right, builder.mul(image, right_image), j)
                lefts = [load(vector.address(at_left, builder.mul(left_step, _index(r)))) for r in range(n_rows)]
                rights = [load(vector.address(at_right, shift)) for shift in shifts]
                return [
                    vector.multiply_add(lefts[r], rights[t], total) for (r, t), total in zip(cells, sums, strict=True)
                ]

            begin = builder.block
            names = ("image", "loop", "after", "tail", "next", "done")
            each, loop, after, masked, following, done = map(builder.append_basic_block, names)
            builder.branch(each)

            builder.position_at_end(each)
            (image,) = _phis(builder, [_index(0)], begin)
            sums = _phis(builder, [vector.zero] * len(cells), begin)
            builder.cbranch(builder.icmp_signed(">", whole, _index(0)), loop, after)

            builder.position_at_end(loop)
            (j,) = _phis(builder, [_index(0)], each)
            running = _phis(builder, sums, each)
            ends = step(vector.load, image, j, running)
            next_j = builder.add(j, _index(vector.lanes))
            _arrive([j, *running], [next_j, *ends], loop)
            builder.cbranch(builder.icmp_signed("<", next_j, whole), loop, after)

            builder.position_at_end(after)
            running = _phis(builder, sums, each)
            _arrive(running, ends, loop)
            builder.cbranch(builder.icmp_signed(">", tail, _index(0)), masked, following)

            builder.position_at_end(masked)
            ends = step(lambda address: vector.load_masked(address, mask), image, whole, running)
            builder.branch(following)

            builder.position_at_end(following)
            totals = _phis(builder, running, after)
            _arrive(totals, ends, masked)
            next_image = builder.add(image, _index(1))
            _arrive([image, *sums], [next_image, *totals], following)
            builder.cbranch(builder.icmp_signed("<", next_image, images), each, done)

            builder.position_at_end(done)
            for number, lanes in enumerate(vector.sums(totals)):
                place = vector.address(out, _index(number * vector.lanes))
                vector.store(builder.fadd(vector.load(place), lanes), place)

        _cases(builder, builder.sub(rows, _index(1)), DOT_ROWS, emit)
        return context.get_dummy_value()

    return signature, codegen
