"""Sums over a contiguous row, in vectors and in the type of its elements, for kernels that add them up."""

from minigrad_kernels.cpu.helper import helper


@helper
def sum_of(x):
    """Sum x."""
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i]
    return total


@helper
def sum_of_squares(x, mean):
    """Sum (x - mean)**2."""
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += (x[i] - mean) * (x[i] - mean)
    return total


@helper
def sum_with_products(dy, x, mean):
    """Sum dy, and dy (x - mean)."""
    total = product = x.dtype.type(0)
    for i in range(len(x)):
        total += dy[i]
        product += dy[i] * (x[i] - mean)
    return total, product
