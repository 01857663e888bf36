"""Normalisation of each channel over a batch, and its gradients. Source: Ioffe, Szegedy, 2015, algorithm 1."""

import numpy as np


@np.errstate(all="ignore")
def batch_norm(
    out_nchw: np.ndarray,
    mean_c: np.ndarray,
    var_c: np.ndarray,
    x_nchw: np.ndarray,
    affine: np.ndarray,
    eps: float,
) -> None:
    """Normalise each channel, multiply by its weight and add its bias; write its mean and biased variance."""
    for c in range(x_nchw.shape[1]):
        x = x_nchw[:, c].astype(np.float64)
        weight, bias = np.float64(affine[c]), np.float64(affine[x_nchw.shape[1] + c])
        count = max(x.size, 1)
        mean = np.sum(x) / count
        variance = np.sum((x - mean) ** 2) / count
        mean_c[c], var_c[c] = mean, variance
        out_nchw[:, c] = weight * (x - mean) / np.sqrt(variance + eps) + bias


@np.errstate(all="ignore")
def batch_norm_affine_grad(
    grad: np.ndarray, dy_nchw: np.ndarray, x_nchw: np.ndarray, mean_c: np.ndarray, var_c: np.ndarray, eps: float
) -> None:
    """Sum dy times the normalised x, for the weight, and dy, for the bias."""
    for c in range(x_nchw.shape[1]):
        dy, x = dy_nchw[:, c].astype(np.float64), x_nchw[:, c].astype(np.float64)
        mean, variance = np.float64(mean_c[c]), np.float64(var_c[c])
        grad[c] = np.sum(dy * (x - mean)) / np.sqrt(variance + eps)
        grad[x_nchw.shape[1] + c] = np.sum(dy)


@np.errstate(all="ignore")
def batch_norm_input_grad(
    dx_nchw: np.ndarray,
    dy_nchw: np.ndarray,
    x_nchw: np.ndarray,
    affine: np.ndarray,
    mean_c: np.ndarray,
    var_c: np.ndarray,
    eps: float,
) -> None:
    """Write the gradient of x, through its mean and its variance too."""
    for c in range(x_nchw.shape[1]):
        dy, x = dy_nchw[:, c].astype(np.float64), x_nchw[:, c].astype(np.float64)
        mean, variance = np.float64(mean_c[c]), np.float64(var_c[c])
        rate, count = 1 / np.sqrt(variance + eps), max(x.size, 1)
        normalised = (x - mean) * rate
        through_mean, through_variance = np.sum(dy) / count, normalised * np.sum(dy * normalised) / count
        dx_nchw[:, c] = affine[c] * rate * (dy - through_mean - through_variance)
