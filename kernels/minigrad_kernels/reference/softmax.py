"""The logarithm of softmax along one axis, the softmax loss of rows, and their gradients."""

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


@np.errstate(all="ignore")
def softmax_loss(out_n: np.ndarray, scale_n2: np.ndarray, x_nc: np.ndarray, target_n: np.ndarray) -> None:
    """`out[n] = -ln(e**x[n, target[n]] / sum over c of e**x[n, c])`, scale the largest x and 1 / sum of e**(x - it)."""
    for n, target in enumerate(target_n):
        largest, total = _largest_and_total(x_nc[n])
        out_n[n] = np.log(total) - (np.float64(x_nc[n, target]) - largest)
        scale_n2[n] = largest, 1 / total


@np.errstate(all="ignore")
def softmax_loss_input_grad(
    dx_nc: np.ndarray, dy_n: np.ndarray, x_nc: np.ndarray, target_n: np.ndarray, scale_n2: np.ndarray
) -> None:
    """`dx[n, c] = dy[n] (e**(x[n, c] - scale[n, 0]) scale[n, 1] - 1 where c is target[n])`."""
    for n, target in enumerate(target_n):
        largest, factor = scale_n2[n].astype(np.float64)
        for c, value in enumerate(x_nc[n]):
            share = np.exp(np.float64(value) - largest) * factor
            dx_nc[n, c] = np.float64(dy_n[n]) * (share - (1 if c == target else 0))


def _largest_and_total(row: np.ndarray) -> tuple[np.float64, np.float64]:
    largest, total = np.float64(np.fmax.reduce(row, initial=-np.inf)), np.float64(0)  # a NaN comes back through the sum
    for value in row:
        total += np.exp(np.float64(value) - largest)
    return largest, total
