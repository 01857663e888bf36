"""Output shapes, each formula said once. Plain integers; imports nothing."""

Shape = tuple[int, ...]


def window_output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False
) -> int:
    """Count the windows along one axis: floor((w + 2p - d(k - 1) - 1) / s) + 1, below 1 where none fits.

    With ceil_mode the division rounds up, which lets a last window overhang the padded end, and a last window that
    would start beyond the input is dropped.

    Source: PyTorch, Conv2d and MaxPool2d, section Shape.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    last_start = (count - 1) * stride - padding
    return count - 1 if last_start >= size else count


def transposed_output_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, output_padding: int
) -> int:
    """Length that a transposed convolution makes of `size`: (w - 1) s - 2p + d(k - 1) + 1 + output_padding.

    With an output_padding below the stride it is a length over which `size` windows fit.

    Source: PyTorch, ConvTranspose2d, section Shape.
    """
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding


def uncovered(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False) -> int:
    """Count the places 0 <= h < w of an axis that no window covers: h = o s + i d - p for no window o and tap i."""
    windows = window_output_size(size, kernel, stride, padding, dilation, ceil_mode)
    covered = {o * stride + i * dilation - padding for o in range(windows) for i in range(kernel)}
    return sum(h not in covered for h in range(size))


def same_padding(kernel: int, dilation: int) -> tuple[int, int]:
    """Split the padding that keeps the size at stride 1, d(k - 1) in total, the smaller half first.

    Source: PyTorch, Conv2d, padding='same'.
    """
    total = dilation * (kernel - 1)
    before = total // 2
    return before, total - before


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Shape that all of `shapes` broadcast to: aligned at the last axis, an axis of length 1 stretches.

    Raises ValueError where two lengths differ and neither is 1.

    Source: NumPy, Broadcasting, section General broadcasting rules.
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for axis, length in enumerate(shape, start=rank - len(shape)):
            if result[axis] == 1:
                result[axis] = length
            elif length not in (1, result[axis]):
                listed = " and ".join(str(shape) for shape in shapes)
                raise ValueError(f"shapes {listed} do not broadcast: lengths {result[axis]} and {length} differ")
    return tuple(result)


def reduced_shape(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """Shape left after a reduction over the non-negative `axes`, which disappear."""
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def sliced_shape(shape: Shape, index: tuple[int | slice | None, ...]) -> Shape:
    """Shape of x[index] for a basic index without Ellipsis: an int drops its axis, None adds one of length 1.

    A slice keeps ceil((stop - start) / step) elements, after its ends are clipped to the axis. Axes that the index does
    not reach are kept. Ints must lie on their axes.

    Source: NumPy, Indexing on ndarrays, section Basic indexing.
    """
    result = []
    axis = 0
    for item in index:
        if item is None:
            result.append(1)
            continue
        if isinstance(item, slice):
            result.append(len(range(*item.indices(shape[axis]))))
        axis += 1
    return (*result, *shape[axis:])


def reshaped(shape: Shape, requested: Shape) -> Shape:
    """Replace the one -1 in `requested`, if any, by the length that keeps the number of elements.

    Raises ValueError where the numbers of elements differ, or where -1 occurs twice or could be any length.

    Source: PyTorch, torch.reshape.
    """
    elements = _product(shape)
    known = _product(tuple(length for length in requested if length != -1))
    unknown = requested.count(-1)
    if unknown > 1:
        raise ValueError(f"only one length of {requested} may be -1")
    if unknown and known == 0:
        raise ValueError(f"-1 in {requested} could be any length, for the others have no elements")
    if min(requested, default=0) < -1 or (elements % known if unknown else elements != known):
        raise ValueError(f"{elements} elements of shape {shape} do not fill {requested}")
    return tuple(elements // known if length == -1 else length for length in requested)


def matmul_shape(a: Shape, b: Shape) -> Shape:
    """Shape of a @ b: (..., m, k) and (..., k, n) give (..., m, n). Batch axes broadcast; a vector adds no axis.

    Raises ValueError where an operand has no axes, the two lengths k differ, or batch axes do not broadcast.

    Source: PyTorch, torch.matmul.
    """
    if not a or not b:
        raise ValueError(f"at least one axis is needed on each side: {a} and {b}")
    a_inner = a[-1]
    b_inner, b_columns = (b[0], ()) if len(b) == 1 else (b[-2], b[-1:])
    if a_inner != b_inner:
        raise ValueError(f"the last axis of {a} and the rows of {b} are summed over: {a_inner} and {b_inner} differ")
    return broadcast_shapes(a[:-2], b[:-2]) + a[-2:-1] + b_columns


def _product(shape: Shape) -> int:
    product = 1
    for length in shape:
        product *= length
    return product
