"""Layers that normalise: over a batch, over an example's own features, over neighbouring channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Layer, Number
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_flag, as_int, as_number, as_shape, listed, require_tensor
from minigrad.ops.create import filled, full
from minigrad.ops.update import copy_
from minigrad.tensor import Buffer, Parameter, Tensor


class _BatchNorm(Module):
    axes: ClassVar[dict[int, str]]
    """The inputs it takes: numbers of axes, and their names."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str = "cpu",
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        name, place = type(self).__name__, {"device": device, "dtype": dtype}
        self.num_features = as_int(name, "num_features", num_features, 1)
        self.eps = as_number(name, "eps", eps, 0)
        self.momentum = None if momentum is None else as_number(name, "momentum", momentum, 0, 1)
        self.affine = as_flag(name, "affine", affine)
        self.track_running_stats = as_flag(name, "track_running_stats", track_running_stats)
        self.weight, self.bias = _affine(name, (self.num_features,), affine, as_flag(name, "bias", bias), **place)
        self.running_mean = Buffer(filled(name, (num_features,), 0, **place)) if track_running_stats else None
        self.running_var = Buffer(filled(name, (num_features,), 1, **place)) if track_running_stats else None
        self.num_batches_tracked = Buffer(full((), 0, device=device)) if track_running_stats else None

    def forward(self, input: Tensor) -> Tensor:
        """Of the same shape; in training mode the running statistics move too."""
        name = type(self).__name__
        require_tensor(name, input=input)
        if input.ndim not in self.axes:
            raise ShapeError(listed(f"{name}: input must be {' or '.join(self.axes.values())}", input=input.spec))
        seen = self.num_batches_tracked if self.training and self.track_running_stats else None
        running = (None, None) if self.training and seen is None else (self.running_mean, self.running_var)
        momentum = self.momentum
        if momentum is None:
            momentum = 0.0 if seen is None else 1 / (int(seen) + 1)
        by_batch = self.training or self.running_mean is None
        out = F.batch_norm(input, *running, self.weight, self.bias, by_batch, momentum, self.eps)
        if seen is not None:
            copy_(seen, seen + 1)
        return out

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        learned = f"affine={self.affine}, bias={self.bias is not None}"
        head = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{head}, {learned}, track_running_stats={self.track_running_stats}"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of features (N, C) or sequences (N, C, L); see `BatchNorm2d`, and `F.batch_norm`."""

    axes: ClassVar = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """Each channel made mean 0 and variance 1, then scaled and shifted; see `minigrad.nn.functional.batch_norm`.

    In training mode mean and variance are those of the batch, and running averages of them, the buffers `running_mean`
    and `running_var`, are kept for evaluation mode.

    Parameters
    ----------
    num_features
        Channels.
    eps
        Added to the variance.
    momentum
        The new batch's share in the running averages; None for 1 / `num_batches_tracked`, the plain average of all.
    affine, bias
        Learn a scale, `weight`, which starts at 1, and a shift, `bias`, which starts at 0.
    track_running_stats
        Without, the statistics of the batch serve in evaluation mode too.
    """

    axes: ClassVar = {4: "(N, C, H, W)"}


class LayerNorm(Module):
    """The last axes, of `normalized_shape`, made mean 0 and variance 1, then scaled and shifted; see `F.layer_norm`.

    The scale `weight` starts at 1, the shift `bias` at 0; both have that shape.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str = "cpu",
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = as_shape("LayerNorm", [normalized_shape], minimum=1)
        self.eps = as_number("LayerNorm", "eps", eps, 0)
        self.elementwise_affine = as_flag("LayerNorm", "elementwise_affine", elementwise_affine)
        shifted = as_flag("LayerNorm", "bias", bias)
        self.weight, self.bias = _affine("LayerNorm", self.normalized_shape, elementwise_affine, shifted, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """(..., *normalized_shape), of the same shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        learned = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {learned}"


@dataclass(eq=False, repr=False)
class LocalResponseNorm(Layer):
    """Activations divided by what `size` neighbouring channels sum up to; see `F.local_response_norm`."""

    function = F.local_response_norm
    size: Annotated[int, partial(as_int, minimum=1)]
    alpha: Number = 1e-4
    beta: Number = 0.75
    k: Number = 1.0

    def extra_repr(self) -> str:
        """The settings that `repr` shows; the size without its name, as in PyTorch."""
        return super().extra_repr().removeprefix("size=")


def _affine(
    layer: str, shape: tuple[int, ...], learned: bool, shifted: bool, device: str, dtype: Any
) -> tuple[Parameter | None, Parameter | None]:
    """A scale and a shift that at first do nothing."""
    scale = Parameter(filled(layer, (shape,), 1, dtype, device, True)) if learned else None
    shift = Parameter(filled(layer, (shape,), 0, dtype, device, True)) if learned and shifted else None
    return scale, shift
