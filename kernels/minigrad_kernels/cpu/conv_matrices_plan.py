"""Convolution as products of matrices, one for each pixel that meets a tap: which ones, in what blocks, and when.

Each array is seen as a matrix for each of its pixels or taps: x[q] over n and c, w[t] over o and c, y[p] over n and o.

    y[p] = sum w[t] @ x[q]        dx[q] = sum w[t].T @ dy[p]        dw[t] = sum dy[p] @ x[q].T

over the triples (p, t, q) in which tap t of window p falls on pixel q. Padding never takes part, and vectors hold
images or channels, of which there are many where an image has fewer pixels than a vector has lanes.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.conv_plan import ENOUGH_TASKS, Window, forward_gather, input_grad_gather
from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS

# Terms of a sum multiplied in one pass: at 2 vectors each, the matrix of a pixel stays in L1 for all that it meets.
BLOCK_TERMS = 128
# The matrices of all pixels in one pass: half an L2 cache.
BLOCK_BYTES = 512 * 1024
# Terms that a tile adds up in one call, at most, where matrices follow one another.
RUN_TERMS = 512
# Images of a chunk of a weight gradient, about, where rows and columns make too few tasks.
CHUNK_IMAGES = 32
# Triples that are worth a table.
MOST_TRIPLES = 1 << 14

# What things cost, in multiply-adds of a vector, fitted to the times of a thousand shapes: a call of the tile, packing
# or unpacking an element; and in a gather, adding up the lanes of a vector, packing a weight, packing a line of a wide
# image, scattering an element of a strided input gradient.
CALL, PACKED = 60, 2
SUM, WEIGHT, LINE, SCATTERED = 2.5, 5, 10, 5

# What makes a result: left operand, right operand, and the axes of rows, columns and terms. Columns fill vectors, so
# that few images, or few channels, had better be rows.
_FORMS = {
    "y": (("w", "x", "o", "n", "c"), ("x", "w", "n", "o", "c")),
    "x": (("w", "y", "c", "n", "o"), ("y", "w", "n", "c", "o")),
    "w": (("y", "x", "o", "c", "n"), ("x", "y", "c", "o", "n")),
}


class Operand(NamedTuple):
    """An array as matrices side by side: the order in which they are packed, and how far apart other indices lie."""

    order: NDArray[np.int64]
    steps: dict[str, int]

    def steps_of(self, *axes: str) -> tuple[int, ...]:
        """Return the steps of groups and of these axes: 0 for an axis that the array does not have."""
        return tuple(self.steps.get(axis, 0) for axis in ("g", *axes))


@dataclass(frozen=True, eq=False)
class Products:
    """result[r] = bias + sum of left[s] @ right[u] over runs, for each group; left and right are "x", "w" or "y".

    counts are the numbers of matrices in result, left and right; steps are those of groups, rows, columns and terms.
    A run (r, s, u, length) is the first of `length` products: s and u go up by one in each further one. A packed block
    of terms has the order [matrix][term]; places say where [term][matrix] goes, in a block and then in the last one,
    and end with the numbers 0 ... VECTOR_BYTES - 1. The terms of chunks are summed apart, and added in the end.
    """

    left: str
    right: str
    groups: int
    rows: int
    columns: int
    terms: int
    counts: tuple[int, ...]
    result_steps: tuple[int, ...]
    left_steps: tuple[int, ...]
    right_steps: tuple[int, ...]
    bias_steps: tuple[int, ...]
    runs: NDArray[np.int64]
    left_places: NDArray[np.int64]
    right_places: NDArray[np.int64]
    offsets: NDArray[np.int64]
    block: int
    tile: int
    width: int
    chunks: int

    @property
    def tiles(self) -> int:
        """Tiles of rows, in all groups."""
        return self.groups * ceil_div(self.rows, self.tile)

    @property
    def strips(self) -> int:
        """Strips of columns, as wide as a tile."""
        return ceil_div(self.columns, self.width)

    @property
    def parts(self) -> int:
        """How many tasks share the strips."""
        return max(1, min(self.strips, ceil_div(ENOUGH_TASKS, self.tiles)))

    @property
    def work(self) -> float:
        """The time this takes, in multiply-adds of a vector."""
        vectors = ceil_div(self.columns * PRODUCT_VECTORS, self.width)
        terms = self.terms * int(self.runs[:, 3].sum())
        tiles = self.tiles * self.strips
        calls = tiles * ceil_div(self.terms, self.block) * len(self.runs)
        results, lefts, rights = self.counts
        packed = self.parts * self.rows * self.terms * lefts + self.columns * self.terms * rights
        packed += self.chunks * self.rows * self.columns * results
        multiplied = (self.groups * self.rows * vectors + tiles) * terms  # a tile loads as long as it multiplies a row
        return multiplied + CALL * calls + PACKED * self.groups * packed


@lru_cache(maxsize=512)
def matrix_products(
    result: str,
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    window: Window,
    groups: int,
    itemsize: int,
) -> Products | None:
    """Return the products that make "y", "x" or "w" of these shapes; None where a gather is less work."""
    shapes = {"x": x_shape, "w": w_shape, "y": y_shape}
    (height, width), (kernel_h, kernel_w), (out_h, out_w) = x_shape[2:], w_shape[2:], y_shape[2:]
    rows = _axis_triples(height, kernel_h, out_h, window.stride_h, window.pad_h, window.dilation_h)
    columns = _axis_triples(width, kernel_w, out_w, window.stride_w, window.pad_w, window.dilation_w)
    if 0 in x_shape + w_shape + y_shape or rows["x"].size * columns["x"].size > MOST_TRIPLES:
        return None
    triples = {name: np.add.outer(rows[name] * shapes[name][3], columns[name]).ravel() for name in shapes}
    forms = [_products(result, form, shapes, triples, groups, itemsize) for form in _FORMS[result]]
    best = min(forms, key=lambda form: form.work)
    # It has to be better by something, for a gather takes less memory.
    return best if best.work < 0.95 * _gather_work(result, shapes, window, VECTOR_BYTES // itemsize) else None


def _axis_triples(
    size: int, kernel: int, out_size: int, stride: int, pad: int, dilation: int
) -> dict[str, NDArray[np.int64]]:
    """Return where along an axis a tap of a window falls on a pixel."""
    y, w = np.indices((out_size, kernel))
    x = y * stride - pad + w * dilation
    inside = (x >= 0) & (x < size)
    return {"x": x[inside], "w": w[inside], "y": y[inside]}


def _products(
    result: str,
    form: tuple[str, str, str, str, str],
    shapes: dict[str, tuple[int, ...]],
    triples: dict[str, NDArray[np.int64]],
    groups: int,
    itemsize: int,
) -> Products:
    left, right, rows, columns, terms = form
    length = {"n": shapes["x"][0], "o": shapes["w"][0] // groups, "c": shapes["w"][1]}
    operands = {
        "x": _operand(shapes["x"], "nc", "c", length),
        "w": _operand(shapes["w"], "oc", "o", length),
        "y": _operand(shapes["y"], "no", "o", length),
    }
    bias = Operand(np.arange(1), {"g": length["o"], "o": 1})
    if result == "x":  # backwards, taps go up where pixels of dy do
        operands["w"] = operands["w"]._replace(order=operands["w"].order[::-1])
    order = {name: operand.order for name, operand in operands.items()}
    width = PRODUCT_VECTORS * VECTOR_BYTES // itemsize
    tile = divide(length[rows], PRODUCT_ROWS)
    tasks = groups * ceil_div(length[rows], tile) * ceil_div(length[columns], width)
    chunks = min(ceil_div(ENOUGH_TASKS, tasks), ceil_div(length["n"], CHUNK_IMAGES)) if result == "w" else 1
    most = min(BLOCK_TERMS, BLOCK_BYTES // (order[right].size * width * itemsize))
    block = divide(ceil_div(length[terms], chunks), most)
    matrices = np.stack([order[name][triples[name]] for name in (result, left, right)], axis=1)
    runs = _runs(matrices, RUN_TERMS // block)
    return Products(
        left=left,
        right=right,
        groups=groups,
        rows=length[rows],
        columns=length[columns],
        terms=length[terms],
        counts=tuple(order[name].size for name in (result, left, right)),
        result_steps=operands[result].steps_of(rows, columns),
        left_steps=operands[left].steps_of(rows, terms),
        right_steps=operands[right].steps_of(columns, terms),
        bias_steps=bias.steps_of(rows, columns),
        runs=runs,
        left_places=_places(length[terms], block, order[left]),
        right_places=_places(length[terms], block, order[right]),
        offsets=np.arange(block * runs[:, 3].max(initial=1)) * width,
        block=block,
        tile=tile,
        width=width,
        chunks=chunks,
    )


def _operand(shape: tuple[int, ...], axes: str, grouped: str, length: dict[str, int]) -> Operand:
    """Return the matrices of an array whose first axes these are, one of them cut into groups."""
    count = shape[2] * shape[3]
    steps = {axes[0]: shape[1] * count, axes[1]: count}
    return Operand(np.arange(count), steps | {"g": length[grouped] * steps[grouped]})


def _runs(matrices: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    """Join products (r, s, u) that follow one another into runs, and put those of one u together."""
    table = matrices[np.lexsort(matrices.T[::-1])]
    number = np.arange(len(table))
    begins = np.ones(len(table), bool)
    begins[1:] = (np.diff(table, axis=0) != (0, 1, 1)).any(axis=1)
    begins |= (number - np.maximum.accumulate(number * begins)) % max(1, longest) == 0
    lengths = np.diff(np.append(number[begins], len(table)))
    runs = np.column_stack([table[begins], lengths])
    return runs[np.argsort(runs[:, 2], kind="stable")]


def _places(terms: int, block: int, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of [term][matrix] in a block, and in the last one; then the numbers from 0 on."""
    parts = [np.add.outer(np.arange(count), order * count).ravel() for count in (block, terms % block)]
    return np.concatenate([*parts, np.arange(VECTOR_BYTES)])


def _gather_work(result: str, shapes: dict[str, tuple[int, ...]], window: Window, lanes: int) -> float:
    """Return the time that conv_product or conv_dot takes, in multiply-adds of a vector."""
    images, channels = shapes["y" if result == "x" else "x"][:2]
    if result == "x":
        gather = input_grad_gather(*shapes["w"][2:], *shapes["x"][2:], window)
    else:
        gather = forward_gather(*shapes["w"][2:], *shapes["y"][2:], window)
    vectors = ceil_div(gather.height * gather.width, lanes) + (SUM if result == "w" else 0)
    lines = len(gather.views) * (gather.height + gather.extra_rows) * ceil_div(gather.width, lanes)
    scattered = prod(shapes["x"]) if len(gather.phases) > 1 else 0
    weights = prod(shapes["w"])
    return weights * (images * vectors + WEIGHT) + images * channels * lines * LINE + scattered * SCATTERED
