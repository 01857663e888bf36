"""The logarithm of softmax along one axis, and its gradient."""

import numpy as np


@np.errstate(all="ignore")
def log_softmax(out: np.ndarray, x: np.ndarray, axis: int) -> None:
    """`out[i] = x[i] - ln(sum over j of e**x[j])`, with the largest x taken out of the exponents."""
    x_rows, out_rows = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    for row in np.ndindex(x_rows.shape[:-1]):
        values = [np.float64(value) for value in x_rows[row]]
        largest = np.max(values) if values else 0
        total = np.float64(0)
        for value in values:
            total += np.exp(value - largest)
        for i, value in enumerate(values):
            out_rows[(*row, i)] = (value - largest) - np.log(total)


@np.errstate(all="ignore")
def log_softmax_input_grad(dx: np.ndarray, dy: np.ndarray, y: np.ndarray, axis: int) -> None:
    """`dx[i] = dy[i] - e**y[i] (sum over j of dy[j])`, y being the output of log_softmax."""
    dx_rows, dy_rows, y_rows = (np.moveaxis(array, axis, -1) for array in (dx, dy, y))
    for row in np.ndindex(dx_rows.shape[:-1]):
        total = np.float64(0)
        for gradient in dy_rows[row]:
            total += gradient
        for i, gradient in enumerate(dy_rows[row]):
            dx_rows[(*row, i)] = gradient - np.exp(np.float64(y_rows[(*row, i)])) * total
