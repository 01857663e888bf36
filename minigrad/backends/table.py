"""The one table from ops to kernels. The kernel packages hold the same modules and names, so it serves every device."""

from __future__ import annotations

import importlib
from math import inf
from types import ModuleType
from typing import Any, NamedTuple

from minigrad import autograd
from minigrad.backends.base import Kernel
from minigrad.ops import (
    activation,
    compare,
    conv,
    dropout,
    elementwise,
    extremes,
    gather,
    join,
    matmul,
    norm,
    optimise,
    pool,
    promotion,
    reduce,
    response_norm,
    slicing,
    softmax,
    unfold,
    update,
)

# Modules whose entry points take arrays of any strides; all others want them C-contiguous.
_STRIDED = frozenset({"elementwise", "reduce", "index", "matmul"})
_SCRATCH = frozenset(
    {"matmul", "linear", "conv2d", "conv2d_input_grad", "conv2d_weight_grad", "local_response_norm_input_grad"}
)

_MODULES: dict[str, tuple[autograd.Op, ...]] = {
    "elementwise": (
        autograd.ADD,
        *(elementwise.SUB, elementwise.MUL, elementwise.DIV, elementwise.FLOOR_DIVIDE, elementwise.POW),
        *(elementwise.NEG, elementwise.ABS, elementwise.FLOOR, elementwise.TRUNC),
        *(elementwise.EXP, elementwise.EXPM1, elementwise.LOG, elementwise.LOG1P, elementwise.SQRT),
        *(elementwise.TANH, elementwise.SIGMOID, elementwise.ERF),
        *(compare.EQUAL, compare.NOT_EQUAL, compare.LESS, compare.LESS_EQUAL, compare.GREATER, compare.GREATER_EQUAL),
        *(compare.WHERE, compare.MAXIMUM, compare.MINIMUM),
        *(activation.RELU, activation.RELU_INPUT_GRAD, promotion.CAST),
    ),
    "reduce": (
        *(reduce.SUM, reduce.MEAN, reduce.SPREAD, reduce.CUMSUM),
        *(extremes.AMAX, extremes.AMIN, extremes.ARGMAX, extremes.ARGMIN),
    ),
    "index": (gather.GATHER, gather.GATHER_INPUT_GRAD, slicing.EMBED, join.CAT),
    "matmul": (matmul.MATMUL,),
    "conv": (conv.CONV2D_INPUT_GRAD, conv.CONV2D_WEIGHT_GRAD),
    "pool": (
        *(pool.MAX_POOL2D, pool.MAX_POOL2D_INPUT_GRAD, pool.MAX_POOL2D_GATHER),
        *(pool.AVG_POOL2D, pool.AVG_POOL2D_INPUT_GRAD),
    ),
    "unfold": (unfold.UNFOLD, unfold.FOLD),
    "dropout": (dropout.DROPOUT,),
    "softmax": (
        *(softmax.LOG_SOFTMAX, softmax.LOG_SOFTMAX_INPUT_GRAD),
        *(softmax.SOFTMAX_LOSS, softmax.SOFTMAX_LOSS_INPUT_GRAD),
    ),
    "batch_norm": (norm.BATCH_NORM, norm.BATCH_NORM_AFFINE_GRAD, norm.BATCH_NORM_INPUT_GRAD),
    "response_norm": (response_norm.LOCAL_RESPONSE_NORM, response_norm.LOCAL_RESPONSE_NORM_INPUT_GRAD),
    "random": (update.UNIFORM, update.NORMAL),
    "update": (autograd.ACCUMULATE, autograd.FILL, update.COPY, update.LERP),
    "optimise": (optimise.SGD, optimise.RMSPROP, optimise.ADAGRAD, optimise.ADADELTA, optimise.ADAM),
}


class _Entry(NamedTuple):
    module: str
    function: str
    constants: tuple[Any, ...] = ()


def _entries() -> dict[autograd.Op, _Entry]:
    table = {op: _Entry(module, op.name) for module, ops in _MODULES.items() for op in ops}
    return table | {
        # A clone is a copy into memory just allocated.
        autograd.CLONE: _Entry("update", "copy"),
        # These take what smaller results become.
        matmul.LINEAR: _Entry("matmul", "linear", (-inf,)),
        matmul.LINEAR_RELU: _Entry("matmul", "linear", (0.0,)),
        conv.CONV2D: _Entry("conv", "conv2d", (-inf,)),
        conv.CONV2D_RELU: _Entry("conv", "conv2d", (0.0,)),
    }


def kernels_of(package: str) -> dict[Any, Kernel]:
    """The table {op: kernel} of a package of kernels; ops whose kernel it lacks are left out."""
    found: dict[Any, Kernel] = {}
    for op, entry in _entries().items():
        module = _module(f"{package}.{entry.module}")
        function = getattr(module, entry.function, None)
        if function is not None:
            scratch_bytes = getattr(module, f"{entry.function}_scratch_bytes") if entry.function in _SCRATCH else None
            is_strided, takes_tuples = entry.module in _STRIDED or entry.function == "copy", entry.module == "optimise"
            found[op] = Kernel(function, is_strided, scratch_bytes, entry.constants, takes_tuples)
    return found


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
