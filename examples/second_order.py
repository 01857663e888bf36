"""Gradients of gradients: Newton's method on a function of two variables, its Hessian checked by differences."""

from __future__ import annotations

import argparse

import numpy as np

import minigrad as mg


def rosenbrock(point: mg.Tensor) -> mg.Tensor:
    """Return (1 - x)^2 + 100 (y - x^2)^2, which is 0 at (1, 1) at the end of a curved valley."""
    x, y = point
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def gradient_and_hessian(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate once with `create_graph`, then each component of the gradient again."""
    leaf = mg.tensor(point, requires_grad=True)
    (gradient,) = mg.grad(rosenbrock(leaf), leaf, create_graph=True)
    rows = [mg.grad(component, leaf, retain_graph=True)[0] for component in gradient]
    return gradient.detach().numpy(), np.stack([row.numpy() for row in rows])


def main() -> None:
    """Walk from (-1.2, 1) to the minimum; every step solves Hessian * step = -gradient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the same: it takes a moment anyway")
    parser.parse_args()

    point = np.array([-1.2, 1.0])
    for number in range(1, 8):
        gradient, hessian = gradient_and_hessian(point)
        point = point - np.linalg.solve(hessian, gradient)
        print(f"step {number}: ({point[0]:+.6f}, {point[1]:+.6f}), |gradient| {np.linalg.norm(gradient):.1e}")
    assert np.allclose(point, [1.0, 1.0], atol=1e-9), point

    shift = 1e-5 * np.eye(2)
    differences = [
        (gradient_and_hessian(point + step)[0] - gradient_and_hessian(point - step)[0]) / 2e-5 for step in shift
    ]
    error = np.abs(gradient_and_hessian(point)[1] - np.stack(differences)).max()
    print(f"largest difference between the Hessian and finite differences: {error:.1e}")
    assert error < 1e-5


if __name__ == "__main__":
    main()
