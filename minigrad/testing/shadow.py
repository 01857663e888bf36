"""A step of a network beside the same step in float64: how much each layer loses by rounding."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.checks import shown
from minigrad.data.given import require_given, require_optional
from minigrad.dtypes import FLOATS, float64
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.random import get_rng_state, set_rng_state
from minigrad.recording import enable_grad
from minigrad.tables import table
from minigrad.tensor import Tensor, tensors_of


@dataclass(frozen=True)
class Loss:
    """What one output or gradient lost.

    Attributes
    ----------
    name : str
        Of the layer, or of the parameter.
    kind : str
        The layer's class, "loss", or "gradient".
    size : float
        Root mean square of the float64 values.
    error : float
        The largest difference from them.
    units : float
        That error, over the size, in units of rounding: eps of the network's dtype; infinite where the size is 0.
    """

    name: str
    kind: str
    size: float
    error: float
    units: float


@dataclass(frozen=True)
class Shadow:
    """What `float64_shadow` returns; printed, it is a table."""

    rows: tuple[Loss, ...]

    def __getitem__(self, name: str) -> Loss:
        """The row of a layer, a parameter, or "loss"; the first of a layer that ran more than once."""
        for row in self.rows:
            if row.name == name:
                return row
        raise DataError(f"float64_shadow: no row is called {name!r}; there are {', '.join(self._names)}")

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.name for row in self.rows))

    def __str__(self) -> str:
        head = ("name", "", "size", "largest error", "in units of rounding")
        lines = [(row.name, row.kind, f"{row.size:.3g}", f"{row.error:.2g}", f"{row.units:.1f}") for row in self.rows]
        return table([head, *lines], right=(2, 3, 4))


def float64_shadow(model: Module, batch: Sequence[Tensor], loss: Callable[..., Tensor] | None = None) -> Shadow:
    """Run a step as it is and in float64, on copies, and list the error of every layer and gradient.

    Parameters
    ----------
    model
        In the mode in which it is; it and the random streams stay as they are. Both copies draw the same dropout, and
        have no gradients of earlier steps.
    batch
        (inputs, ...): the model gets the first.
    loss
        ``loss(output, *rest of the batch)``, a scalar; with it, the gradients of all parameters are listed too.

    Returns
    -------
    Shadow
        Rows in the order in which the layers ran, then the loss, then the gradients.

    Raises
    ------
    DataError
        For a model without float parameters, or one that is float64 already; for a loss that gives no tensor, and
        where other layers run in float64.
    """
    require_given("float64_shadow", model=model)
    require_optional("float64_shadow", loss=loss)
    if not (batch := tensors_of("float64_shadow", "batch", batch)):
        raise DataError("float64_shadow: a batch of at least one tensor is required, got none")
    dtypes = {parameter.dtype for parameter in model.parameters()} & FLOATS
    if len(dtypes) != 1 or float64 in dtypes:
        raise DataError("float64_shadow: a model with parameters of one dtype is required, and less than float64")
    state = get_rng_state()
    try:
        runs = []
        for double in (False, True):
            set_rng_state(state)
            runs.append(_run(copy.deepcopy(model), batch, loss, double))
    finally:
        set_rng_state(state)
    eps = float(np.finfo(dtypes.pop()).eps)
    ran, again = ([name for name, *_ in run] for run in runs)
    if ran != again:
        raise DataError(f"float64_shadow: the same layers must run in both; {ran} ran, and in float64 {again}")
    pairs = zip(*runs, strict=True)
    return Shadow(tuple(_loss(name, kind, values, exact, eps) for (name, kind, values), (_, _, exact) in pairs))


def _run(
    model: Module, batch: Sequence[Tensor], loss: Callable[..., Tensor] | None, double: bool
) -> list[tuple[str, str, Any]]:
    """(name, kind, values) of everything that is compared."""
    found: list[tuple[str, str, Any]] = []

    def hung(name: str) -> Callable[[Module, tuple[Any, ...], Any], None]:
        def after(layer: Module, inputs: tuple[Any, ...], output: Any) -> None:
            first = next(_tensors(output), None)
            if first is not None:
                found.append((name, type(layer).__name__, _values(first)))

        return after

    inputs, *rest = [given.detach() for given in batch]
    if double:
        model.double()
        inputs, *rest = [given.to(float64) if given.dtype in FLOATS else given for given in (inputs, *rest)]
    for parameter in model.parameters():
        parameter.grad = None
    for name, module in model.named_modules():
        if not any(module.children()):
            module.register_forward_hook(hung(name or "model"))
    with enable_grad():
        output = model(inputs)
        if loss is not None:
            value = loss(output, *rest)
            if not isinstance(value, Tensor):
                raise DataError(f"float64_shadow: the loss must be a tensor, got {shown(value)}")
            value.backward()
            found.append(("loss", "loss", _values(value)))
            named = model.named_parameters()
            found += [(name, "gradient", _values(p.grad)) for name, p in named if p.grad is not None]
    return found


def _tensors(output: Any) -> Iterator[Tensor]:
    """The tensors of what a layer gives: one, or some in tuples, lists and dictionaries."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, tuple | list | Mapping):
        for one in output.values() if isinstance(output, Mapping) else output:
            yield from _tensors(one)


def _values(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy().astype(np.float64)


def _loss(name: str, kind: str, values: Any, exact: Any, eps: float) -> Loss:
    size = float(np.sqrt(np.mean(exact**2))) if exact.size else 0.0
    with np.errstate(invalid="ignore"):  # of two infinities
        distance = np.where(values == exact, 0.0, np.abs(values - exact))
    error = float(distance.max()) if exact.size else 0.0
    return Loss(name, kind, size, error, error and (error / size / eps if size else float("inf")))
