"""An op of one's own: a Numba kernel, a shape rule, a gradient, and the proof that the gradient is right.

softsign(x) = x / (1 + |x|), whose derivative is 1 / (1 + |x|)^2.
"""

from __future__ import annotations

import argparse

import numba
import numpy as np

import minigrad as mg
from minigrad.testing import gradcheck, gradgradcheck


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
    return mg.apply(SOFTSIGN, (input,))


def main() -> None:
    """Check the op, then use it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the same: it takes a moment anyway")
    parser.parse_args()

    # Away from 0, where the second derivative jumps.
    points = mg.tensor([-3.0, -0.5, 0.25, 2.0], dtype=mg.float64, requires_grad=True)
    assert gradcheck(softsign, [points])
    assert gradgradcheck(softsign, [points])
    print("softsign:", softsign(points).detach())
    (slope,) = mg.grad(softsign(points).sum(), points)
    print("its slope:", slope)


if __name__ == "__main__":
    main()
