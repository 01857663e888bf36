"""A table of a network's layers: volumes, weights, work, memory, and what the windows miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minigrad.backends.base import Spec
from minigrad.nn.module import Module
from minigrad.ops.create import zeros
from minigrad.ops.windows import uncovered
from minigrad.recording import no_grad
from minigrad.tape import Tape
from minigrad.tensor import Tensor


@dataclass(frozen=True)
class Row:
    """A layer, as one image sees it."""

    name: str
    layer: str
    output: tuple[int, ...]
    weights: int
    flops: int
    bytes: int
    uncovered: tuple[int, int]


@dataclass(frozen=True)
class Summary:
    """What `summary` returns; printed, it is a table."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        head = ("name", "layer", "output volume", "weights", "flops", "bytes", "rows, columns not covered")
        body = [
            (
                r.name,
                r.layer,
                "x".join(map(str, r.output)),
                f"{r.weights:,}",
                f"{r.flops:,}",
                f"{r.bytes:,}",
                _missed(r),
            )
            for r in self.rows
        ]
        total = (
            "total",
            "",
            "",
            *[f"{sum(getattr(r, key) for r in self.rows):,}" for key in ("weights", "flops", "bytes")],
        )
        table = [head, *body, (*total, "")]
        widths = [max(len(line[column]) for line in table) for column in range(len(head))]
        return "\n".join(_aligned(line, widths) for line in table)


def summary(model: Module, input_shape: tuple[int, ...]) -> Summary:
    """Run one image of zeros through a model, and list its innermost modules in the order in which they ran.

    Parameters
    ----------
    model
        Any module; it is run in evaluation mode, on its own device, and is left as it was.
    input_shape
        Of one image: (channels, height, width), without the batch.

    Returns
    -------
    Summary
        For each layer the output's shape without the batch; the number of weights and biases, each counted where it is
        first used; floating-point operations, two for a multiply-add; bytes of the output; and how many rows and
        columns of the input no window covers, as a convolution or pooling with a stride may leave some at the end.
    """
    parameter = next(model.parameters(), None)
    options: dict[str, Any] = {} if parameter is None else {"dtype": parameter.dtype, "device": parameter.device}
    watch = _Watch(model)
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad(), watch.tape:
            model(zeros(1, *input_shape, **options))
    finally:
        watch.remove()
        for module, training in modes:
            module.training = training
    return Summary(tuple(watch.rows))


class _Watch:
    """Hooks on the innermost modules, which turn what the tape lists between them into rows."""

    def __init__(self, model: Module) -> None:
        self.tape = Tape()
        self.rows: list[Row] = []
        self._counted: set[int] = set()
        self._begin = 0
        self._names = {id(module): name for name, module in model.named_modules()}
        layers = [module for module in model.modules() if not any(module.children())]
        self._handles = [layer.register_forward_pre_hook(self._before) for layer in layers]
        self._handles += [layer.register_forward_hook(self._after) for layer in layers]

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _before(self, layer: Module, inputs: tuple[Any, ...]) -> None:
        self._begin = len(self.tape.entries)

    def _after(self, layer: Module, inputs: tuple[Any, ...], output: Any) -> None:
        first: Tensor = output[0] if isinstance(output, tuple) else output
        one_image = Spec(first.shape[1:], first.dtype)
        self.rows.append(
            Row(
                name=self._names[id(layer)],
                layer=type(layer).__name__,
                output=one_image.shape,
                weights=self._new_weights(layer),
                flops=sum(entry.flops for entry in self.tape.entries[self._begin :]),
                bytes=one_image.nbytes,
                uncovered=_uncovered(layer, inputs[0].shape[2:]),
            )
        )

    def _new_weights(self, layer: Module) -> int:
        new = [p for p in layer.parameters() if id(p) not in self._counted]
        self._counted.update(id(p) for p in new)
        return sum(p.numel() for p in new)


def _uncovered(layer: Module, size: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the input that no window of the layer covers."""
    kernel, stride, padding = (getattr(layer, name, None) for name in ("kernel_size", "stride", "padding"))
    if (
        len(size) != 2
        or not isinstance(kernel, tuple)
        or not isinstance(stride, tuple)
        or not isinstance(padding, tuple)
    ):
        return 0, 0
    dilation = getattr(layer, "dilation", (1, 1))
    ceil_mode = getattr(layer, "ceil_mode", False)
    rows, columns = (
        uncovered(size[side], kernel[side], stride[side], padding[side], dilation[side], ceil_mode) for side in (0, 1)
    )
    return rows, columns


def _missed(row: Row) -> str:
    return "" if row.uncovered == (0, 0) else f"{row.uncovered[0]}, {row.uncovered[1]}"


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    words = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
    return "  ".join(words + numbers).rstrip()
