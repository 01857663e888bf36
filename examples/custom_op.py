"""An op of one's own: a Numba kernel, a shape rule, a gradient, and the tests that show the gradient to be right.

softsign(x) = x / (1 + |x|), whose derivative is 1 / (1 + |x|)^2. `pytest examples/custom_op.py` runs the tests.
"""

from __future__ import annotations

import argparse

import numba
import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import ErrorInput, OpSpec, check_op, gradcheck
from minigrad.testing.fills import away_from_zero
from minigrad.testing.strategies import filled


@numba.njit(nogil=True)
def softsign_kernel(out: np.ndarray, x: np.ndarray) -> None:
    """Write the output: arrays in, nothing returned, every element overwritten."""
    out_flat, x_flat = out.reshape(-1), x.reshape(-1)
    for i in range(x_flat.size):
        out_flat[i] = x_flat[i] / (1 + abs(x_flat[i]))


# The rule's parameter names say what is kept for it: here the output, for 1 - |out| = 1 / (1 + |x|).
# It is written in ops, so the gradient can be differentiated again.
SOFTSIGN = mg.Op(
    "softsign",
    ("input",),
    infer=lambda x: x,
    vjp={"input": lambda grad, out: grad * (1 - mg.maximum(out, -out)) ** 2},
)
mg.register_kernel(SOFTSIGN, "cpu", softsign_kernel)


def softsign(input: mg.Tensor) -> mg.Tensor:
    """Return x / (1 + |x|), elementwise."""
    if not isinstance(input, mg.Tensor):
        raise mg.DTypeError(f"softsign: input must be a Tensor, this is {type(input).__name__}")
    return mg.apply(SOFTSIGN, (input,))


# All that the properties need to know of it. Its second derivative jumps at 0, so samples stay away from there.
SPEC = OpSpec(
    "softsign",
    softsign,
    filled(away_from_zero),
    SOFTSIGN,
    reference=lambda x: x / (1 + np.abs(x)),
    nan=(0,),
    error_inputs=(ErrorInput(("text",), mg.DTypeError, "softsign: input must be a Tensor, this is str"),),
)


def test_every_property_holds() -> None:
    """Outputs, gradients of both orders, layouts, empty tensors, memory, threads, NaN, bad input."""
    print(check_op(SPEC))


@pytest.mark.parametrize("point", [-3.0, 0.0, 2.0])
def test_the_slope_at_a_point(point: float) -> None:
    """The first derivative exists at 0, too."""
    assert gradcheck(softsign, [mg.tensor(point, dtype=mg.float64, requires_grad=True)])


def main() -> None:
    """Use the op, and show what is tested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the same with fewer examples")
    examples = 5 if parser.parse_args().smoke else None

    points = mg.tensor([-3.0, -0.5, 0.25, 2.0], dtype=mg.float64, requires_grad=True)
    print("softsign:", softsign(points).detach())
    (slope,) = mg.grad(softsign(points).sum(), points)
    print("its slope:", slope)
    print(check_op(SPEC, examples=examples))


if __name__ == "__main__":
    main()
