"""A table of a network's layers: volumes, weights, work, memory, and what the windows miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minigrad.nn.layers.conv import Conv1d, Conv2d, LocallyConnected2d
from minigrad.nn.layers.pool import AvgPool2d, MaxPool2d
from minigrad.nn.layers.shape import Unfold
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_one_of, as_shape, require_like
from minigrad.ops.create import filled
from minigrad.ops.windows import uncovered
from minigrad.recording import no_grad
from minigrad.tables import table
from minigrad.tape import Tape
from minigrad.tensor import Tensor

_SLIDING = (Conv1d, Conv2d, LocallyConnected2d, MaxPool2d, AvgPool2d, Unfold)


@dataclass(frozen=True)
class Row:
    """A layer, as one image sees it."""

    name: str
    layer: str
    output: tuple[int, ...]
    weights: int
    flops: int
    bytes: int
    uncovered: tuple[int, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What `summary` returns; printed, it is a table."""

    rows: tuple[Row, ...]

    def total(self, quantity: str) -> int:
        """The sum over the rows of "weights", "flops" or "bytes"."""
        as_one_of("total", "quantity", quantity, "weights", "flops", "bytes")
        return sum(getattr(row, quantity) for row in self.rows)

    def __str__(self) -> str:
        head = ("name", "layer", "output volume", "weights", "flops", "activation bytes", "rows, columns not covered")
        total = Row("total", "", (), self.total("weights"), self.total("flops"), self.total("bytes"))
        return table([head, *map(_cells, (*self.rows, total))], right=(3, 4, 5, 6))


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
        For each layer

        - the shape of its output, without the batch;
        - its weights and biases, each counted where it is first used;
        - its floating-point operations, two for a multiply-add, the bias of a convolution left out; those of a layer
          composed of several ops are the sum of theirs;
        - bytes of its output, 0 where that is its input's memory, as for a flattened image. This is what one forward
          pass of one image fills; the input, the weights and scratch memory are not in it. Training keeps most of it
          for the backward pass, whose gradients fill as much again;
        - how many rows and columns of its input no window covers, as a convolution or pooling with a stride or a
          dilation may leave some.

        A last row "elsewhere" has the weights and operations of modules that have both layers and work of their own.
    """
    require_like("summary", "model", model, "a Module", "named_parameters")
    parameter = next(model.parameters(), None)
    place = (None, "cpu") if parameter is None else (parameter.dtype, parameter.device)
    watch = _Watch(model)
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad(), watch.tape:
            model(filled("summary", (1, *as_shape("summary", [input_shape], minimum=0)), 0, *place))
    finally:
        watch.remove()
        for module, training in modes:
            module.training = training
    layers = Summary(tuple(watch.rows))
    weights = sum(parameter.numel() for parameter in model.parameters()) - layers.total("weights")
    flops = sum(entry.flops for entry in watch.tape.entries) - layers.total("flops")
    return Summary((*layers.rows, Row("elsewhere", "", (), weights, flops, 0))) if weights or flops else layers


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
        outputs: tuple[Tensor, ...] = output if isinstance(output, tuple) else (output,)
        known = {getattr(given, "version", None) for given in inputs}
        self.rows.append(
            Row(
                name=self._names[id(layer)],
                layer=type(layer).__name__,
                output=outputs[0].shape[1:],
                weights=self._new_weights(layer),
                flops=sum(entry.flops for entry in self.tape.entries[self._begin :]),
                bytes=sum(out.spec.nbytes for out in outputs if out.version not in known),
                uncovered=_uncovered(layer, inputs[0].shape[2:]),
            )
        )

    def _new_weights(self, layer: Module) -> int:
        new = [p for p in layer.parameters() if id(p) not in self._counted]
        self._counted.update(id(p) for p in new)
        return sum(p.numel() for p in new)


def _uncovered(layer: Module, size: tuple[int, ...]) -> tuple[int, ...]:
    """How many places along each axis of the input no window of the layer covers; () if it slides no windows."""
    padding = getattr(layer, "padding", None)
    if not isinstance(layer, _SLIDING) or padding == "same":
        return ()
    settings = (layer.kernel_size, layer.stride, 0 if padding == "valid" else padding, getattr(layer, "dilation", 1))
    along_axes = [item if isinstance(item, tuple | list) else (item,) * len(size) for item in settings]
    ceil_modes = (getattr(layer, "ceil_mode", False),) * len(size)
    return tuple(map(uncovered, size, *along_axes, ceil_modes))


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (f"{number:,}" for number in (row.weights, row.flops, row.bytes))
    missed = ", ".join(map(str, row.uncovered)) if any(row.uncovered) else ""
    return (row.name, row.layer, "x".join(map(str, row.output)), *numbers, missed)
