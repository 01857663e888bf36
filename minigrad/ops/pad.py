"""Padding: an embedding among zeros or another value, or positions that run on past the ends of an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd import apply
from minigrad.errors import DataError, ShapeError
from minigrad.ops.arguments import as_int, as_list, as_number, as_one_of, listed, require_tensor, shown
from minigrad.ops.compare import where
from minigrad.ops.create import as_fill, full
from minigrad.ops.gather import take
from minigrad.ops.slicing import EMBED, SLICE
from minigrad.tensor import Tensor, wrap

# Which of an axis's n elements stands at a position outside, and how many there may be at an end.
_CONTINUATIONS: dict[str, tuple[Callable[[Any, int], Any], Callable[[int], float]]] = {
    "reflect": (lambda at, n: n - 1 - np.abs(n - 1 - np.abs(at)), lambda n: max(n - 1, 0)),
    "replicate": (lambda at, n: at.clip(0, n - 1), lambda n: math.inf if n else 0),
    "circular": (lambda at, n: at % n, lambda n: n),
}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """More elements around a tensor, or fewer.

    Parameters
    ----------
    pad
        (before, after) for some of the axes, the last one first; negative amounts take elements away.
    mode
        'constant': a value, 0 by default, that is cast to input's dtype. 'reflect': the elements in reverse order,
        without the one at the end. 'replicate': the one at the end. 'circular': those of the other end.
    value
        For mode 'constant' alone.

    Raises
    ------
    ShapeError
        If `pad` does not fit the axes, more is taken away than there is, or 'reflect' wants as many elements as the
        axis has, 'circular' more than that, 'replicate' any of none.
    DataError
        If there is no such mode, it takes no value, or the dtype cannot hold the value.
    """
    require_tensor("pad", input=input)
    as_one_of("pad", "mode", mode, "constant", *_CONTINUATIONS)
    input, amounts = _cropped(input, pad)
    if mode == "constant":
        return _surrounded(input, amounts, 0 if value is None else value)
    if value is not None and as_number("pad", "value", value) != 0:
        raise DataError(f"pad: mode {mode!r} takes no value, got {shown(value)}")
    sources = {axis: _sources(input, axis, before, after, mode) for axis, (before, after) in amounts.items()}
    for axis, places in sources.items():
        input = take(input, axis, places)
    return input


def _cropped(input: Tensor, pad: Sequence[int]) -> tuple[Tensor, dict[int, tuple[int, int]]]:
    """Input without what negative amounts take away, and what is to be added before and after each axis named."""
    numbers = [as_int("pad", "an amount", amount) for amount in as_list("pad", "pad", pad, "integers")]
    if len(numbers) % 2 or len(numbers) > 2 * input.ndim:
        message = f"pad: a (before, after) pair for some of the axes, got {len(numbers)} numbers"
        raise ShapeError(listed(message, input=input.spec))
    index, amounts = [slice(None)] * input.ndim, {}
    for axis, before, after in zip(reversed(range(input.ndim)), numbers[::2], numbers[1::2], strict=False):
        start, stop = max(-before, 0), input.shape[axis] - max(-after, 0)
        if start > stop:
            message = f"pad: axis {axis} has fewer elements than are taken away, {max(-before, 0) + max(-after, 0)}"
            raise ShapeError(listed(message, input=input.spec))
        index[axis], amounts[axis] = slice(start, stop), (max(before, 0), max(after, 0))
    return (apply(SLICE, (input,), (tuple(index),)) if min(numbers, default=0) < 0 else input), amounts


def _surrounded(input: Tensor, amounts: dict[int, tuple[int, int]], value: Any) -> Tensor:
    """Input among elements of one value."""
    fill = wrap(np.asarray(as_fill("pad", "value", value, input.dtype), input.dtype), input.backend)
    shape, index = list(input.shape), [slice(None)] * input.ndim
    for axis, (before, after) in amounts.items():
        index[axis] = slice(before, before + shape[axis])
        shape[axis] += before + after
    params = (tuple(index), tuple(shape))
    out = apply(EMBED, (input,), params)
    if not value:
        return out
    return where(apply(EMBED, (full(input.shape, True, device=input.device),), params), out, fill)


def _sources(input: Tensor, axis: int, before: int, after: int, mode: str) -> Any:
    """The positions of the elements that stand along an axis when it goes on beyond its ends."""
    length = input.shape[axis]
    source, longest = _CONTINUATIONS[mode]
    if max(before, after) > longest(length):
        message = f"pad: mode {mode!r} adds at most {longest(length)} elements to an end of axis {axis}"
        raise ShapeError(listed(f"{message}, not {max(before, after)}", input=input.spec))
    return source(np.arange(-before, length + after), length)
