"""How work is cut into parts: integers that follow from shapes alone."""


def ceil_div(a: int, b: int) -> int:
    """Return a / b, rounded up."""
    return -(-a // b)


def divide(total: int, part: int) -> int:
    """Return the size of the parts, at least 1, when total is cut evenly into parts of at most this size."""
    return max(1, ceil_div(total, max(1, ceil_div(total, max(1, part)))))
