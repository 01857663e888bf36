"""Where the windows of a convolution or a pooling lie, found by walking along the axis instead of by a formula."""


def window_starts(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False
) -> list[int]:
    """First position of every window along an axis of `size` elements; the padding lies at negative positions.

    A window must end inside the padded axis. With ceil_mode it may overhang by less than a stride, but it must start
    before the padding on the right.
    """
    starts = []
    start = -padding
    while _overhang(start, size, kernel, padding, dilation) < (stride if ceil_mode else 1):
        if start < size or not ceil_mode:
            starts.append(start)
        start += stride
    return starts


def covered(start: int, kernel: int, dilation: int, size: int) -> list[tuple[int, int]]:
    """Pairs (tap, position) of the window at `start`, for those of its taps that fall on the axis itself."""
    positions = [(tap, start + tap * dilation) for tap in range(kernel)]
    return [(tap, position) for tap, position in positions if 0 <= position < size]


def _overhang(start: int, size: int, kernel: int, padding: int, dilation: int) -> int:
    """How many elements the window's last tap lies beyond the last padded element."""
    last_tap = start + (kernel - 1) * dilation
    last_element = size + padding - 1
    return last_tap - last_element
