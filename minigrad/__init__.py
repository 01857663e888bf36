"""minigrad: a tiny deep-learning framework whose gradients are property-tested and whose speed comes from Numba."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from minigrad.autograd import Op, grad
from minigrad.backends.base import Spec, register_kernel
from minigrad.backends.cpu import get_num_threads, set_num_threads, warmup
from minigrad.dtypes import bool_, float32, float64, int32, int64, uint8
from minigrad.errors import (
    DataError,
    DeviceError,
    DTypeError,
    GraphError,
    MinigradError,
    OutOfMemoryError,
    PositionError,
    ShapeError,
)
from minigrad.ops.activation import relu
from minigrad.ops.arguments import apply
from minigrad.ops.compare import clamp, eq, ge, gt, le, lt, maximum, minimum, ne, where
from minigrad.ops.conv import conv2d
from minigrad.ops.create import arange, empty, full, ones, ones_like, rand, randn, zeros, zeros_like
from minigrad.ops.elementwise import (
    abs,
    add,
    clone,
    div,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    log,
    log1p,
    mul,
    neg,
    pow,
    sigmoid,
    sign,
    sqrt,
    square,
    sub,
    tanh,
    trunc,
)
from minigrad.ops.extremes import amax, amin, argmax, argmin, max, min
from minigrad.ops.gather import gather, scatter_add
from minigrad.ops.join import cat, chunk, split, stack
from minigrad.ops.matmul import bmm, matmul, mm, outer
from minigrad.ops.methods import Methods as _Methods  # noqa: F401 - binds the operators to Tensor
from minigrad.ops.reduce import cumsum, mean, sum
from minigrad.ops.shape import flatten, permute, reshape, squeeze, transpose, unsqueeze
from minigrad.ops.slicing import flip
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.statistics import logsumexp, norm, std, var
from minigrad.random import get_rng_state, initial_seed, manual_seed, set_rng_state
from minigrad.recording import enable_grad, is_grad_enabled, no_grad
from minigrad.tape import Tape, detect_anomaly
from minigrad.tensor import Tensor, from_dlpack, from_numpy, tensor
from minigrad.version import __version__ as __version__

if TYPE_CHECKING:
    from minigrad import cuda, data, interop, models, nn, optim, testing, train

__all__ = [
    "DTypeError",
    "DataError",
    "DeviceError",
    "GraphError",
    "MinigradError",
    "Op",
    "OutOfMemoryError",
    "PositionError",
    "ShapeError",
    "Spec",
    "Tape",
    "Tensor",
    "abs",
    "add",
    "amax",
    "amin",
    "apply",
    "arange",
    "argmax",
    "argmin",
    "bmm",
    "bool_",
    "cat",
    "chunk",
    "clamp",
    "clone",
    "conv2d",
    "cuda",
    "cumsum",
    "data",
    "detect_anomaly",
    "div",
    "empty",
    "enable_grad",
    "eq",
    "erf",
    "exp",
    "expm1",
    "flatten",
    "flip",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "from_dlpack",
    "from_numpy",
    "full",
    "gather",
    "ge",
    "get_num_threads",
    "get_rng_state",
    "grad",
    "gt",
    "initial_seed",
    "int32",
    "int64",
    "interop",
    "is_grad_enabled",
    "le",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "lt",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "models",
    "mul",
    "ne",
    "neg",
    "nn",
    "no_grad",
    "norm",
    "ones",
    "ones_like",
    "optim",
    "outer",
    "permute",
    "pow",
    "rand",
    "randn",
    "register_kernel",
    "relu",
    "reshape",
    "scatter_add",
    "set_num_threads",
    "set_rng_state",
    "sigmoid",
    "sign",
    "softmax",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "tanh",
    "tensor",
    "testing",
    "train",
    "transpose",
    "trunc",
    "uint8",
    "unsqueeze",
    "var",
    "warmup",
    "where",
    "zeros",
    "zeros_like",
]
_SUBPACKAGES = ("cuda", "data", "interop", "models", "nn", "optim", "testing", "train")


def __getattr__(name: str) -> Any:
    """Import a subpackage, or what is said of the GPU, when it is first named."""
    if name in _SUBPACKAGES:
        return importlib.import_module(f"minigrad.{name}")
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
