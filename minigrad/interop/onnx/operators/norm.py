"""Normalisation, and dropout: what is not the same in training."""

from __future__ import annotations

from math import prod

from minigrad.errors import DataError
from minigrad.interop.onnx.table import Family, Run, Setting, Statistic
from minigrad.nn import functional as F
from minigrad.ops.compare import where
from minigrad.ops.create import ones_like
from minigrad.tensor import Tensor

operator = Family("normalisation and dropout")


@operator("BatchNormalization", since=7)
def batch_normalization(
    x: Tensor,
    scale: Tensor,
    b: Tensor,
    mean: Statistic,
    var: Statistic,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    spatial: int = 1,
    training_mode: int = 0,
    run: Run,
) -> Tensor | tuple[Tensor, ...]:
    """`batch_norm`: its running moments follow the data where the network trains."""
    if not spatial:
        raise DataError("spatial=0 is an operator of its own, which was given up in opset 9")
    if not training_mode:
        return F.batch_norm(x, mean, var, scale, b, run.training, 1 - momentum, epsilon)
    axes = (0, *range(2, x.ndim))
    own = x.mean(axes), x.var(axes, correction=0)
    following = [old * momentum + new.to(old.dtype) * (1 - momentum) for old, new in zip((mean, var), own, strict=True)]
    return F.batch_norm(x, None, None, scale, b, True, 0.1, epsilon), *following


@operator("InstanceNormalization", since=6)
def instance_normalization(x: Tensor, scale: Tensor, b: Tensor, *, epsilon: float = 1e-5) -> Tensor:
    """Each channel of each image less its mean, over its standard deviation."""
    return _in_groups(x, x.shape[1], scale, b, epsilon)


@operator("GroupNormalization", since=21)
def group_normalization(
    x: Tensor, scale: Tensor, b: Tensor, *, epsilon: float = 1e-5, num_groups: int, stash_type: int = 1
) -> Tensor:
    """Each group of channels of each image less its mean, over its standard deviation."""
    return _in_groups(x, num_groups, scale, b, epsilon)


@operator("LayerNormalization")
def layer_normalization(
    x: Tensor, scale: Tensor, b: Tensor | None = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """The last axes less their mean, over their standard deviation; both are outputs too."""
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean = x.mean(axes, keepdim=True)
    rate = 1.0 / (x.var(axes, correction=0, keepdim=True) + epsilon).sqrt()
    out = (x - mean) * rate * scale
    return out if b is None else out + b, mean, rate


@operator("LRN")
def lrn(x: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int) -> Tensor:
    """`local_response_norm`; of an even size, ONNX has one channel more after each one's own than before it."""
    if size % 2:
        return F.local_response_norm(x, size, alpha, beta, bias)
    return F.local_response_norm(x.flip(1), size, alpha, beta, bias).flip(1)


@operator("LpNormalization")
def lp_normalization(x: Tensor, *, axis: int = -1, p: int = 2) -> Tensor:
    """Divided by the norm along an axis, where that is not 0."""
    if p not in (1, 2):
        raise DataError(f"p must be 1 or 2, got {p}")
    length = x.abs().sum(axis, keepdim=True) if p == 1 else (x * x).sum(axis, keepdim=True).sqrt()
    return x / where(length == 0, 1.0, length)


@operator("Dropout", since=7)
def dropout(x: Tensor, *, ratio: float = 0.5, run: Run) -> Tensor | tuple[Tensor, Tensor]:
    """`dropout` where the network trains."""
    return _dropped(x, ratio, run.training, run)


@operator("Dropout", since=12)
def dropout_12(
    x: Tensor,
    ratio: Setting | None = None,
    training_mode: Setting | None = None,
    *,
    seed: int = 0,
    run: Run,
) -> Tensor | tuple[Tensor, Tensor]:
    """`dropout` where the network trains, or where the file says always; its seed is minigrad's own."""
    always = training_mode is not None and bool(training_mode.item())
    return _dropped(x, 0.5 if ratio is None else ratio.item(), run.training or always, run)


def _dropped(x: Tensor, ratio: float, training: bool, run: Run) -> Tensor | tuple[Tensor, Tensor]:
    if run.read == 1:
        return F.dropout(x, ratio, training)
    kept = F.dropout(ones_like(x), ratio, training)
    return x * kept, kept != 0


def _in_groups(x: Tensor, groups: int, scale: Tensor, b: Tensor, epsilon: float) -> Tensor:
    if x.ndim < 3 or groups < 1 or x.shape[1] % groups:
        raise DataError(f"the channels of {x.spec} are to be {groups} groups")
    parts = x.reshape(x.shape[0], groups, x.shape[1] // groups * prod(x.shape[2:]))
    normalised = F.layer_norm(parts, parts.shape[2], eps=epsilon).reshape(x.shape)
    wide = (-1, *(1,) * (x.ndim - 2))
    return normalised * scale.reshape(wide) + b.reshape(wide)
