"""Products of matrices."""

from __future__ import annotations

from minigrad.interop.onnx.table import Family
from minigrad.nn import functional as F
from minigrad.tensor import Tensor

operator = Family("matrix product")


@operator("Gemm", since=7)
def gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - the names that ONNX gives them
    transB: int = 0,  # noqa: N803
) -> Tensor:
    """Alpha * a @ b + beta * c, a and b transposed or not: with c of one axis the usual layer."""
    left = a.transpose(0, 1) if transA else a
    if transB and alpha == beta == 1 and (c is None or c.shape == b.shape[:1]):
        return F.linear(left, b, c)
    out = left @ (b.transpose(0, 1) if transB else b)
    out = out if alpha == 1 else out * alpha
    return out if c is None else out + (c if beta == 1 else c * beta)


@operator("MatMul")
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """A @ b, as NumPy has it."""
    return a @ b
