"""Linear ops against their adjoints: no finite differences, so the identity holds to rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd import grad
from minigrad.checks import as_number
from minigrad.data.given import require_given
from minigrad.data.integers import require_integer, require_seed
from minigrad.dtypes import FLOATS, float64
from minigrad.errors import DataError, DTypeError
from minigrad.tensor import Tensor, tensors_of, wrap

__tracebackhide__ = True  # pytest shows the lines of those who call


def check_adjoint(
    function: Callable[..., Any], inputs: Sequence[Tensor], position: int, *, rtol: float = 1e-12, seed: int = 0
) -> None:
    """Check <A x, y> = <x, A^T y> for a function that is affine in one of its inputs.

    A x is function(x) - function(0), so that a bias does no harm, A^T y the gradient it gives for y.

    Parameters
    ----------
    function
        Of as many tensors as there are inputs; of several outputs, the first is looked at.
    inputs
        float64. Whether they require a gradient does not matter.
    position
        The input x in which the function is affine.
    rtol
        The two sides may differ by so much of what was added up on both.
    seed
        Of the random y.

    Raises
    ------
    AssertionError
        If they differ; names the input and both sides.
    DTypeError
        If an input of floats is not float64.
    """
    inputs, rtol = tensors_of("check_adjoint", "inputs", inputs), as_number("check_adjoint", "rtol", rtol, 0)
    require_given("check_adjoint", function=function)
    position = require_integer("check_adjoint: position", position, 0, len(inputs) - 1)
    require_seed("check_adjoint: seed", seed)
    for number, one in enumerate(inputs):
        if one.dtype in FLOATS and one.dtype != float64:
            raise DTypeError(f"check_adjoint: equal to rounding needs float64, input {number} is {one.spec}")
    given = inputs[position].detach()
    x = given.detach().requires_grad_()
    out = _first(function, inputs, position, x)
    y = np.random.default_rng(seed).uniform(-1.0, 1.0, out.shape).astype(out.dtype)
    # Of what has lost its input the gradient is 0, which is wrong unless A is.
    (transposed,) = grad(out, x, wrap(y, out.backend), allow_unused=True) if out.requires_grad else (None,)
    origin = _first(function, inputs, position, wrap(np.zeros(x.shape, x.dtype), x.backend))
    forward = np.stack([_exact(out) * y, _exact(origin) * -y])
    back = np.zeros(0) if transposed is None else _exact(given) * _exact(transposed)
    size = np.abs(forward).sum() + np.abs(back).sum()
    left, right = float(forward.sum()), float(back.sum())
    if not abs(left - right) <= rtol * size:
        name = getattr(function, "__name__", "function")
        raise AssertionError(f"{name}: <A x, y> = {left:.15g} but <x, A^T y> = {right:.15g} for input {position}")


def _first(function: Callable[..., Any], inputs: Sequence[Tensor], position: int, x: Tensor) -> Tensor:
    arguments = [given.detach() for given in inputs]
    arguments[position] = x
    name = getattr(function, "__name__", "function")
    outs = tensors_of("check_adjoint", f"the outputs of {name}", function(*arguments))
    if not outs:
        raise DataError(f"check_adjoint: {name} must return a tensor, it returned none")
    first: Tensor = outs[0]
    return first


def _exact(value: Tensor) -> Any:
    return value.detach().cpu().numpy().astype(np.float64)
