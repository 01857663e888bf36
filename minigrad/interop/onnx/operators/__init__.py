"""The operators, a file a family; importing this fills the table."""

from minigrad.interop.onnx.operators import (
    activation,
    compare,
    constant,
    conv,
    elementwise,
    indexing,
    norm,
    pool,
    product,
    reduce,
    shape,
)

__all__ = [
    "activation",
    "compare",
    "constant",
    "conv",
    "elementwise",
    "indexing",
    "norm",
    "pool",
    "product",
    "reduce",
    "shape",
]
