"""Hard inputs for ops in float32, and the error that each op is stated to have at most, in units of rounding.

A case is a function of a library, so that minigrad and PyTorch run the same, and a formula in NumPy. Errors are
relative to a scale: the result, or for what sums up, what was summed up in magnitude.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]
EPS = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Case:
    """One op on one kind of hard input.

    Attributes
    ----------
    op, inputs_are : str
        What is computed, and why that is hard.
    make : callable
        ``make(rng)``: the inputs; floats are float32.
    run : callable
        ``run(library, *tensors)`` for minigrad and PyTorch, which share the names.
    numpy : callable or None
        The plain formula in NumPy, on arrays of any float dtype.
    bound : float
        The stated bound, in units of EPS of the scale.
    scale : callable or None
        ``scale(*float64 arrays)``: what the error is measured against; by default the size of the exact result.
    """

    op: str
    inputs_are: str
    make: Callable[[np.random.Generator], Arrays]
    run: Callable[..., Any]
    numpy: Callable[..., Any] | None
    bound: float
    scale: Callable[..., Any] | None = None


def _f32(array: Any) -> np.ndarray:
    return np.asarray(array, np.float32)


def _spread(low: float, high: float, size: int = 20_000) -> Callable[[np.random.Generator], Arrays]:
    return lambda rng: (_f32(rng.uniform(low, high, size)),)


def _magnitudes(low: float, high: float, signed: bool, size: int = 20_000) -> Callable[[np.random.Generator], Arrays]:
    """Powers of ten, evenly over the exponents."""

    def make(rng: np.random.Generator) -> Arrays:
        sizes = 10 ** rng.uniform(low, high, size)
        return (_f32(sizes * rng.choice([-1, 1], size) if signed else sizes),)

    return make


def _normal(*shapes: tuple[int, ...], offset: float = 0.0, deviation: float = 1.0) -> Callable[..., Arrays]:
    return lambda rng: tuple(_f32(offset + deviation * rng.standard_normal(shape)) for shape in shapes)


def _logits(size: float) -> Callable[[np.random.Generator], Arrays]:
    return lambda rng: (_f32(size * rng.standard_normal((256, 100))),)


def _classified(size: float) -> Callable[[np.random.Generator], Arrays]:
    return lambda rng: (_f32(size * rng.standard_normal((256, 100))), rng.integers(0, 100, 256))


def _log_softmax(x: Any) -> Any:
    moved = x - x.max(1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(1, keepdims=True))


def _cross_entropy(x: Any, target: Any) -> Any:
    return -_log_softmax(x)[np.arange(len(x)), target].mean()


def _windows(x: Any, size: int) -> Any:
    padded = np.pad(x, ((0, 0), (0, 0), (size // 2,) * 2, (size // 2,) * 2))
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))


def _conv(x: Any, w: Any) -> Any:
    windows = _windows(x, w.shape[-1])
    n, _, h, wide = windows.shape[:4]
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * wide, -1)
    return (rows @ w.reshape(len(w), -1).T).reshape(n, h, wide, -1).transpose(0, 3, 1, 2)


def _normalised(x: Any, axes: tuple[int, ...]) -> Any:
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axes, keepdims=True) + x.dtype.type(1e-5))


def _normal_scale(axes: tuple[int, ...]) -> Callable[..., Any]:
    """What a rounding of the input makes of the result: (|x| + |mean|) / deviation."""

    def scale(x: Any) -> Any:
        mean, deviation = x.mean(axes, keepdims=True), x.std(axes, keepdims=True)
        return (np.abs(x) + np.abs(mean)) / np.sqrt(deviation**2 + 1e-5) + 1

    return scale


def _response(x: Any) -> Any:
    squares = np.pad(x * x, ((0, 0), (2, 2), (0, 0), (0, 0)))
    total = sum(squares[:, shift : shift + x.shape[1]] for shift in range(5))
    return x / (x.dtype.type(2.0) + x.dtype.type(1e-4 / 5) * total) ** x.dtype.type(0.75)


def _functional(name: str, **options: Any) -> Callable[..., Any]:
    return lambda library, *tensors: getattr(library.nn.functional, name)(*tensors, **options)


def _top(name: str, *extra: Any, **options: Any) -> Callable[..., Any]:
    return lambda library, *tensors: getattr(library, name)(*tensors, *extra, **options)


def _grad_of(function: Callable[..., Any], position: int) -> Callable[..., Any]:
    """The gradient of the sum of a function with respect to one of its inputs."""

    def run(library: Any, *tensors: Any) -> Any:
        leaves = [tensor.detach().requires_grad_() if n == position else tensor for n, tensor in enumerate(tensors)]
        function(library, *leaves[:-1]).backward(leaves[-1])
        return leaves[position].grad

    return run


def _abs_sum(axis: int | None) -> Callable[..., Any]:
    return lambda x: np.abs(x).sum(axis)


def _abs_conv(x: Any, w: Any) -> Any:
    return _conv(np.abs(x), np.abs(w))


_TAILS = _spread(-30, 30)
_IMAGES = _normal((2, 512, 14, 14), (64, 512, 3, 3))
_CONV = _functional("conv2d", padding=1)

CASES: tuple[Case, ...] = (
    Case("exp", "over the whole range", _spread(-87, 88), _top("exp"), np.exp, 1),
    Case("expm1", "down to 1e-30", _magnitudes(-30, 1.9, True), _top("expm1"), np.expm1, 2),
    Case("log", "from 1e-37 to 1e38", _magnitudes(-37, 38, False), _top("log"), np.log, 2),
    Case("log", "within 1e-6 of 1", lambda rng: (_f32(1 + rng.uniform(-1e-6, 1e-6, 20_000)),), _top("log"), np.log, 2),
    Case("log1p", "down to 1e-30", _magnitudes(-30, 30, False), _top("log1p"), np.log1p, 1),
    Case("sqrt", "from 1e-37 to 1e38", _magnitudes(-37, 38, False), _top("sqrt"), np.sqrt, 1),
    Case("tanh", "down to 1e-30", _magnitudes(-30, 1.5, True), _top("tanh"), np.tanh, 2),
    Case("sigmoid", "to both ends", _spread(-80, 80), _top("sigmoid"), lambda x: 1 / (1 + np.exp(-x)), 2),
    Case("erf", "down to 1e-30", _magnitudes(-30, 1, True), _top("erf"), None, 1),
    Case(
        "pow",
        "x^7.25 of large and small x",
        _magnitudes(-4, 4, False),
        _top("pow", 7.25),
        lambda x: x ** x.dtype.type(7.25),
        3,
    ),
    Case("softplus", "to both ends", _TAILS, _functional("softplus"), lambda x: np.logaddexp(x, x.dtype.type(0)), 2),
    Case("gelu", "to both ends", _spread(-5, 30), _functional("gelu"), None, 2, np.abs),
    Case("silu", "to both ends", _TAILS, _functional("silu"), lambda x: x / (1 + np.exp(-x)), 2),
    Case("sum", "a million of both signs", _normal((1_000_000,)), _top("sum"), np.sum, 1, _abs_sum(None)),
    Case("sum", "a million that are alike", _normal((1_000_000,), offset=1e3), _top("sum"), np.sum, 1, _abs_sum(None)),
    Case(
        "mean",
        "rows of 100,000",
        _normal((8, 100_000), offset=10),
        _top("mean", 1),
        lambda x: x.mean(1),
        1,
        lambda x: np.abs(x).mean(1),
    ),
    Case(
        "cumsum",
        "rows of 10,000",
        _normal((8, 10_000)),
        _top("cumsum", 1),
        lambda x: x.cumsum(1),
        2,
        lambda x: np.abs(x).cumsum(1),
    ),
    Case(
        "var",
        "deviation 0.01 about 100",
        _normal((16, 10_000), offset=100, deviation=0.01),
        _top("var", 1),
        lambda x: x.var(1, ddof=1),
        1,
    ),
    Case("norm", "a million", _normal((1_000_000,)), lambda library, x: x.norm(), np.linalg.norm, 1),
    Case("logsumexp", "logits to 300", _logits(100), _top("logsumexp", 1), None, 1, lambda x: np.abs(x).max(1)),
    Case(
        "softmax",
        "logits to 300",
        _logits(100),
        _functional("softmax", dim=1),
        lambda x: np.exp(_log_softmax(x)),
        2,
        lambda x: np.exp(_log_softmax(x)) * (1 + np.abs(x - x.max(1, keepdims=True))),
    ),
    Case(
        "log_softmax",
        "logits to 300",
        _logits(100),
        _functional("log_softmax", dim=1),
        _log_softmax,
        2,
        lambda x: np.abs(x) + np.abs(x).max(1, keepdims=True),
    ),
    Case("log_softmax", "logits near 0", _logits(1e-3), _functional("log_softmax", dim=1), _log_softmax, 2),
    Case(
        "cross_entropy",
        "logits to 300",
        _classified(100),
        _functional("cross_entropy"),
        _cross_entropy,
        1,
        lambda x, target: np.abs(x).max(1).mean(),
    ),
    Case(
        "matmul",
        "sums of 4096",
        _normal((64, 4096), (4096, 64)),
        _top("matmul"),
        np.matmul,
        1,
        lambda x, w: np.abs(x) @ np.abs(w),
    ),
    Case(
        "linear",
        "sums of 9216",
        _normal((32, 9216), (64, 9216)),
        _functional("linear"),
        lambda x, w: x @ w.T,
        1,
        lambda x, w: np.abs(x) @ np.abs(w).T,
    ),
    Case("conv2d", "3x3 over 512 channels", _IMAGES, _CONV, _conv, 4, _abs_conv),
    Case(
        "conv2d",
        "5x5 over 96 channels",
        _normal((2, 96, 27, 27), (64, 96, 5, 5)),
        _functional("conv2d", padding=2),
        _conv,
        1,
        _abs_conv,
    ),
    Case(
        "conv2d, input gradient",
        "3x3 over 512 channels",
        _normal((2, 64, 14, 14), (512, 64, 3, 3), (2, 512, 14, 14)),
        _grad_of(_CONV, 0),
        lambda x, w, g: _conv(g, w.transpose(1, 0, 2, 3)[..., ::-1, ::-1]),
        4,
        lambda x, w, g: _abs_conv(g, w.transpose(1, 0, 2, 3)[..., ::-1, ::-1]),
    ),
    Case(
        "conv2d, weight gradient",
        "sums of 32 images",
        _normal((32, 16, 28, 28), (16, 16, 3, 3), (32, 16, 28, 28)),
        _grad_of(_CONV, 1),
        lambda x, w, g: np.einsum("nchwij,nohw->ocij", _windows(x, 3), g, optimize=True),
        1,
        lambda x, w, g: np.einsum("nchwij,nohw->ocij", _windows(np.abs(x), 3), np.abs(g), optimize=True),
    ),
    Case(
        "batch_norm",
        "deviation 0.1 about 100",
        _normal((64, 16, 14, 14), offset=100, deviation=0.1),
        lambda library, x: library.nn.functional.batch_norm(x, None, None, training=True),
        lambda x: _normalised(x, (0, 2, 3)),
        1,
        _normal_scale((0, 2, 3)),
    ),
    Case(
        "layer_norm",
        "deviation 0.1 about 100",
        _normal((64, 1000), offset=100, deviation=0.1),
        _functional("layer_norm", normalized_shape=(1000,)),
        lambda x: _normalised(x, (1,)),
        2,
        _normal_scale((1,)),
    ),
    Case(
        "local_response_norm",
        "activations to 1e3",
        _normal((2, 96, 27, 27), deviation=300.0),
        _functional("local_response_norm", size=5, alpha=1e-4, beta=0.75, k=2.0),
        _response,
        4,
    ),
    Case(
        "avg_pool2d",
        "windows of 14x14",
        _normal((8, 64, 14, 14), offset=10),
        _functional("avg_pool2d", kernel_size=14),
        lambda x: x.mean((2, 3), keepdims=True),
        2,
        lambda x: np.abs(x).mean((2, 3), keepdims=True),
    ),
)
