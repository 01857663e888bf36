"""What is composed of other ops, and so has no kernel to be compared with, against a formula in NumPy."""

import math

import numpy as np
from hypothesis import assume
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.nn import functional as F
from tests.ops.table import DEVICE, TABLE, over_samples

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / math.sqrt(2)))


def softplus(x, beta=1.0, threshold=20.0):
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


def clamp(x, min=None, max=None):
    low, high = (-np.inf if min is None else min), (np.inf if max is None else max)
    return np.minimum(np.maximum(x, low), high)


def padded(x, pad, mode, value):
    """Cut where the amounts are negative, then NumPy's modes by their names there."""
    if x.ndim == 0:
        return x
    amounts = np.zeros((x.ndim, 2), int)
    amounts[x.ndim - len(pad) // 2 :] = np.reshape(pad, (-1, 2))[::-1]
    x = x[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(amounts.tolist(), x.shape, strict=True))]
    name = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    return np.pad(x, np.maximum(amounts, 0), name, **({"constant_values": value or 0} if mode == "constant" else {}))


def axes_of(dim):
    return tuple(dim) if isinstance(dim, list | tuple) else dim


def variance(x, dim, keepdim, correction):
    count = x.size if dim is None else math.prod(np.take(x.shape, dim).ravel().tolist())
    return x.var(axes_of(dim), keepdims=keepdim) * count / max(count - correction, 0)


def norm(x, p, dim, keepdim):
    if p == math.inf:
        return np.abs(x).max(axes_of(dim), keepdims=keepdim)
    return (np.abs(x) ** p).sum(axes_of(dim), keepdims=keepdim) ** (1 / p)


def reduced(losses, reduction="mean", count=None):
    total = losses.sum()
    return {"none": losses, "sum": total, "mean": total / (losses.size if count is None else count)}[reduction]


def smooth_l1(x, y, reduction, beta):
    d = np.abs(x - y)
    return reduced(np.where(d < beta, d**2 / (2 * beta if beta else 1), d - beta / 2), reduction)


def nll(log_p, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """One target after the other."""
    if log_p.ndim == 1:
        return nll(log_p[None], target[None], weight, ignore_index, reduction, label_smoothing)
    classes = log_p.shape[1]
    weight = np.ones(classes) if weight is None else weight
    losses, weights = [], []
    for row, t in zip(np.moveaxis(log_p, 1, -1).reshape(-1, classes), target.ravel().tolist(), strict=True):
        counts = t != ignore_index
        loss = -(1 - label_smoothing) * weight[t] * row[t] - label_smoothing * (weight * row).sum() / classes
        losses.append(loss if counts else 0.0)
        weights.append(weight[t] if counts else 0.0)
    return reduced(np.reshape(losses, target.shape), reduction, np.sum(weights))


def log_softmax(x, dim):
    return x - np.log(np.exp(x).sum(dim, keepdims=True))


def cross_entropy(x, target, weight=None, **options):
    return nll(log_softmax(x, min(1, x.ndim - 1)), target, weight, **options)


def binary_cross_entropy(x, t, weight=None, reduction="mean", pos_weight=1.0):
    losses = -pos_weight * t * np.log(sigmoid(x)) - (1 - t) * np.log(1 - sigmoid(x))
    return reduced(losses if weight is None else losses * weight, reduction)


def with_positive_weight(x, t, pos_weight, reduction):
    return binary_cross_entropy(x, t, None, reduction, pos_weight)


def margins(x, target, margin, power):
    """Sums over the wrong classes."""
    losses = []
    for row, t in zip(np.atleast_2d(x), np.atleast_1d(target).tolist(), strict=True):
        losses.append(sum(max(0.0, row[j] - row[t] + margin) ** power for j in range(len(row)) if j != t))
    return np.reshape(losses, np.shape(target))


def multi_margin(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    losses = margins(x, target, margin, p) / x.shape[-1]
    return reduced(losses if weight is None else losses * weight[target], reduction)


def svm(power):
    return lambda x, target, reduction="mean": reduced(margins(x, target, 1.0, power), reduction)


def batch_norm(x, mean, var, weight=None, bias=None, *, eps):
    given = mean, var, np.ones_like(mean) if weight is None else weight, np.zeros_like(mean) if bias is None else bias
    mean, var, weight, bias = (v.reshape(-1, *[1] * (x.ndim - 2)) for v in given)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


def layer_norm(x, weight=1.0, bias=0.0, *, normalized_shape, eps):
    axes = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps) * weight + bias


def one_hot(x, num_classes):
    return np.eye(x.max() + 1 if num_classes == -1 else num_classes)[x]


def extreme(function, place):
    return lambda x, dim, keepdim: (function(x, dim, keepdims=keepdim), place(x, dim, keepdims=keepdim))


def parts(x, split_size_or_sections, dim):
    if isinstance(split_size_or_sections, int):
        return np.split(x, range(split_size_or_sections, x.shape[dim], split_size_or_sections), dim)
    return np.split(x, np.cumsum(split_size_or_sections)[:-1], dim)


FORMULAS = {
    "add with alpha": lambda x, y, alpha: x + alpha * y,
    "sub with alpha": lambda x, y, alpha: x - alpha * y,
    "div rounded to 0": lambda x, y: np.trunc(x / y),
    "floor_divide": lambda x, y: np.floor(x / y),
    "sign": np.sign,
    "square": np.square,
    "clamp": clamp,
    "clamp to numbers": clamp,
    "leaky_relu": lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
    "elu": lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "softplus": softplus,
    "silu": lambda x: x * sigmoid(x),
    "gelu": gelu,
    "var": variance,
    "std": lambda *x, **options: np.sqrt(variance(*x, **options)),
    "norm": norm,
    "logsumexp": lambda x, dim, keepdim: np.log(np.exp(x).sum(axes_of(dim), keepdims=keepdim)),
    "max": extreme(np.max, np.argmax),
    "min": extreme(np.min, np.argmin),
    "max of all": np.max,
    "min of all": np.min,
    "max of two": np.maximum,
    "min of two": np.minimum,
    "mm": np.matmul,
    "bmm": np.matmul,
    "outer": np.outer,
    "transpose": lambda x, dim0, dim1: np.swapaxes(x, dim0, dim1),
    "flip": lambda x, dims: np.flip(x, dims),
    "split": parts,
    "stack": lambda *x, dim: np.stack(x, dim),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "one_hot": one_hot,
    **{f"pad {mode}": padded for mode in ("constant", "reflect", "replicate", "circular")},
    "softmax": lambda x, dim: np.exp(log_softmax(x, dim)),
    "cross_entropy": cross_entropy,
    "cross_entropy of one example": cross_entropy,
    "nll_loss": nll,
    "binary_cross_entropy_with_logits": binary_cross_entropy,
    "binary_cross_entropy_with_logits, positives weighted": with_positive_weight,
    "multi_margin_loss": multi_margin,
    "multi_margin_loss with weights": multi_margin,
    "svm_loss of margins": svm(1),
    "svm_loss of squared margins": svm(2),
    "svm_loss": lambda x, target, squared: svm(1 + squared)(x, target),
    "mse_loss": lambda x, y, reduction: reduced((x - y) ** 2, reduction),
    "l1_loss": lambda x, y, reduction: reduced(np.abs(x - y), reduction),
    "smooth_l1_loss": smooth_l1,
    "batch_norm in evaluation": batch_norm,
    "layer_norm": layer_norm,
}
WITH_FORMULA = [spec for spec in TABLE if spec.name in FORMULAS]


def assert_equals_formula(spec, sample, formula):
    got = spec(sample, sample.tensors(DEVICE))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        expected = formula(*sample.inputs, **sample.options)
    answers = expected if isinstance(expected, tuple | list) else [expected]
    for out, answer in zip(got, answers, strict=True):
        assert out.shape == np.shape(answer)
        assert_allclose(out.numpy(), answer, rtol=1e-9, atol=1e-11)


@over_samples(WITH_FORMULA, 40)
def test_what_is_composed_is_its_formula(spec, sample):
    assume(all(array.size for array in sample.inputs))
    assert_equals_formula(spec, sample, FORMULAS[spec.name])


def test_one_row_has_a_formula_too():
    """The records draw batches."""
    rng = np.random.default_rng(0)
    x, w, target = rng.normal(size=4), rng.normal(size=(3, 4)), np.array(2)
    tensor = mg.from_numpy
    assert_allclose(F.linear(tensor(x), tensor(w)).numpy(), w @ x)
    assert_allclose(F.multi_margin_loss(tensor(x), mg.tensor(2)).item(), multi_margin(x, target))
    assert_allclose(F.nll_loss(tensor(x), mg.tensor(2)).item(), nll(x, target))


def test_integers_are_divided_towards_0():
    x, y = mg.tensor([7, -7, 7, -7, 6, -6]), mg.tensor([2, 2, -2, -2, 3, 3])
    assert mg.div(x, y, rounding_mode="trunc").tolist() == [3, -3, -3, 3, 2, -2]


def test_a_variance_keeps_its_digits_beside_a_large_mean():
    x = (1000.3 + 1e-3 * np.random.default_rng(0).normal(size=1000)).astype(np.float32)
    exact = x.astype(np.float64)
    assert_allclose(mg.var(mg.from_numpy(x)).item(), exact.var(ddof=1), rtol=4e-7)
    assert_allclose(mg.std(mg.from_numpy(x)).item(), exact.std(ddof=1), rtol=4e-7)


def test_every_formula_has_its_record():
    assert {spec.name for spec in WITH_FORMULA} == set(FORMULAS)
