"""Gradients against central differences.

A whole Jacobian is dear, so by default it is seen through two random vectors: v, which weights the outputs, and for
each input a direction u, in which it moves. Then <v, J u> is one difference of the function's values, and one product
with the gradient of <v, f>. A wrong rule passes with probability zero, up to the tolerance.

Differences mean nothing over a kink: where the two ends of a step lie on different smooth pieces, the step is made
smaller, then the elements are looked at one by one, and what is still at a kink is reported and not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.autograd import grad
from minigrad.checks import as_flag, as_number, require_callable
from minigrad.data.integers import require_seed
from minigrad.dtypes import FLOATS, float64
from minigrad.errors import DataError, DTypeError, GraphError
from minigrad.tensor import Tensor, tensors_of, wrap
from minigrad.testing.kinks import Pieces

__tracebackhide__ = True  # pytest shows the lines of those who call

Function = Callable[..., Any]
Index = tuple[int, ...]
Bounds = float | Sequence[float]
"""One for all inputs, or one for each."""

_SMALLER = (1, 0.1, 0.01)  # times the step: the smallest, 1e-8, still leaves half the digits of a difference


@dataclass(frozen=True)
class Checked:
    """What a check that did not fail returns: true.

    Attributes
    ----------
    kinks : tuple of str
        The elements that were not compared, since they lie at a kink of the function: "input 0, index (2,)".
    """

    kinks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"passed; at a kink, not compared: {'; '.join(self.kinks)}" if self.kinks else "passed"


def gradcheck(
    function: Function,
    inputs: Sequence[Tensor],
    *,
    step: float = 1e-6,
    atol: Bounds = 1e-6,
    rtol: Bounds = 1e-5,
    full: bool = False,
    seed: int = 0,
) -> Checked:
    """Compare the gradients of a function with central differences of its values.

    Parameters
    ----------
    function
        Of as many tensors as there are inputs; returns a tensor or several. It may have kinks, if they are those of our
        ops or were declared by `declare_kinks`.
    inputs
        Those that require a gradient are checked, and must be float64.
    step
        Half the distance between two values of the function; of the order of eps^(1/3) times the inputs.
    atol, rtol
        |analytic - numerical| may be at most atol + rtol |numerical|: numbers, or one for each input.
    full
        Compare every element of the Jacobian, instead of random projections of it.
    seed
        Of the random vectors.

    Returns
    -------
    Checked
        True; its `kinks` lists the elements at which there is no derivative to compare with.

    Raises
    ------
    AssertionError
        If a gradient is wrong; names the elements of input and output, the analytic and the numerical value. Or if the
        function gives other values when it is called again with the same inputs.
    DTypeError, GraphError, DataError
        If an input to check is not float64, if there is none, or for bounds that are not as many as the inputs.

    Examples
    --------
    >>> x = mg.tensor([1.0, -2.0, 0.0], dtype=mg.float64, requires_grad=True)
    >>> print(gradcheck(mg.relu, [x]))
    passed; at a kink, not compared: input 0, index (2,)
    """
    inputs = _checked("gradcheck", function, inputs, step, atol, rtol, full, seed)
    check = _Check(function, inputs, step, atol, rtol)
    if full:
        check.jacobian()
    else:
        check.projection(np.random.default_rng(seed))
    return Checked(tuple(check.kinks))


def gradgradcheck(
    function: Function,
    inputs: Sequence[Tensor],
    *,
    step: float = 1e-6,
    atol: Bounds = 1e-6,
    rtol: Bounds = 1e-5,
    full: bool = False,
    seed: int = 0,
) -> Checked:
    """Compare the gradients of a function's gradients, also in the outputs' gradients, with central differences.

    Parameters, result and errors are those of `gradcheck`; in messages the outputs' gradients follow the inputs. For
    these the largest of bounds that are given for each input holds.
    """
    inputs = _checked("gradgradcheck", function, inputs, step, atol, rtol, full, seed)
    rng = np.random.default_rng(seed)
    wanted = [position for position, given in enumerate(inputs) if given.requires_grad]
    seeds = [_random_like(out, rng) for out in _float_outputs(function, inputs) if out.requires_grad]

    def gradients(*arguments: Tensor) -> list[Tensor]:
        points, grads = arguments[: len(inputs)], arguments[len(inputs) :]
        outs = [out for out in _float_outputs(function, points) if out.requires_grad]
        if [out.shape for out in outs] != [one.shape for one in grads]:
            return outs  # as of x[x > 0] beyond a kink: nobody looks at the values
        found = grad(outs, [points[p] for p in wanted], grads, create_graph=True, allow_unused=True)
        return [one for one in found if one is not None]

    gradients.__name__ = f"gradient of {_name(function)}"
    absolute, relative = (
        [*bounds, *[max(bounds)] * len(seeds)]
        for bounds in (_for_each("gradgradcheck: atol", atol, inputs), _for_each("gradgradcheck: rtol", rtol, inputs))
    )
    return gradcheck(gradients, [*inputs, *seeds], step=step, atol=absolute, rtol=relative, full=full, seed=seed)


def _checked(
    op: str, function: Function, inputs: Any, step: float, atol: Bounds, rtol: Bounds, full: bool, seed: int
) -> list[Tensor]:
    """The inputs as a list; an error of ours unless the settings are what they should be."""
    require_callable(op, "function", function)
    if not 0 < as_number(op, "step", step) <= 1:
        raise DataError(f"{op}: step must lie in (0, 1], got {step}")
    for name, bound in {"atol": atol, "rtol": rtol}.items():
        several = _several(bound)
        for number in [bound] if several is None else several:
            as_number(op, name, number, 0)
    as_flag(op, "full", full)
    require_seed(f"{op}: seed", seed)
    if not (tensors := tensors_of(op, "inputs", inputs)):
        raise DataError(f"{op}: at least one input is required, got none")
    return tensors


class _Check:
    """A function at a point, with the differences and the gradients of it that are compared."""

    def __init__(self, function: Function, inputs: list[Tensor], step: float, atol: Bounds, rtol: Bounds) -> None:
        self.kinks: list[str] = []
        self._function = function
        self._inputs = inputs
        self._step = step
        self._atol = _for_each("gradcheck: atol", atol, inputs)
        self._rtol = _for_each("gradcheck: rtol", rtol, inputs)
        self._wanted = [position for position, given in enumerate(inputs) if given.requires_grad]
        if not self._wanted:
            raise GraphError("gradcheck: none of the inputs requires a gradient")
        for position in self._wanted:
            if inputs[position].dtype != float64:
                raise DTypeError(f"gradcheck: differences need float64, input {position} is {inputs[position].spec}")
        with Pieces() as pieces:
            self._outs = _float_outputs(function, inputs)
        self._pieces = pieces.taken
        self._values = [_numpy(out) for out in self._outs]
        self._require_equal([_numpy(out) for out in _float_outputs(function, inputs)])

    def _require_equal(self, again: list[Any]) -> None:
        """Raise AssertionError if a second call gave other values: their differences would say nothing."""
        for number, (first, second) in enumerate(zip(self._values, again, strict=False)):
            differ = first.shape != second.shape or ~np.isclose(first, second, 1e-9, 1e-9, equal_nan=True)
            if np.any(differ):
                raise AssertionError(
                    f"{_name(self._function)}: two calls with the same inputs gave different values of output "
                    f"{number}; let what is random take a seed, and leave the inputs as they are"
                )

    def projection(self, rng: np.random.Generator) -> None:
        """Compare <v, J u> for each input; where it is wrong, look for the element."""
        weights = [rng.uniform(0.5, 1.5, array.shape) for array in self._values]
        gradients = self._gradients(weights)
        for position, gradient in gradients.items():
            direction = rng.uniform(0.5, 1.5, gradient.shape) * rng.choice([-1.0, 1.0], gradient.shape)
            analytic = float(np.vdot(gradient, direction))
            derivatives = self._derivatives(position, direction)
            if derivatives is None:
                return self._elements(weights, gradients)
            numerical = _weighted(weights, derivatives)
            if not self._close(position, analytic, numerical):
                self._elements(weights, gradients)
                raise self._failure(f"input {position}, along a random direction", analytic, numerical)

    def _elements(self, weights: list[Any], gradients: dict[int, Any]) -> None:
        """Compare <v, J> for each element of the inputs, in memory of their size: a whole Jacobian may not fit."""
        for position, gradient in gradients.items():
            for index in np.ndindex(gradient.shape):
                column = self._derivatives(position, _unit(gradient.shape, index))
                if column is None:
                    self.kinks.append(f"input {position}, index {index}")
                elif not self._close(position, float(gradient[index]), numerical := _weighted(weights, column)):
                    self._outputs(position, index, column)
                    where = f"input {position}, index {index}, for random weights of the outputs"
                    raise self._failure(where, float(gradient[index]), numerical)

    def _outputs(self, position: int, index: Index, column: list[Any]) -> None:
        """Compare the gradients of every output for one element of an input."""
        for out, place, unit in self._unit_weights():
            analytic, numerical = float(self._gradients(unit)[position][index]), float(column[out][place])
            if not self._close(position, analytic, numerical):
                where = f"input {position}, index {index}, for output {out}, index {place}"
                raise self._failure(where, analytic, numerical)

    def jacobian(self) -> None:
        """Compare every element: a row is the gradient of one output element, a column moves one input element."""
        rows = [(out, place, self._gradients(unit)) for out, place, unit in self._unit_weights()]
        for position in self._wanted:
            for index in np.ndindex(self._inputs[position].shape):
                column = self._derivatives(position, _unit(self._inputs[position].shape, index))
                if column is None:
                    self.kinks.append(f"input {position}, index {index}")
                    continue
                for out, place, gradients in rows:
                    analytic, numerical = float(gradients[position][index]), float(column[out][place])
                    if not self._close(position, analytic, numerical):
                        where = f"input {position}, index {index}, for output {out}, index {place}"
                        raise self._failure(where, analytic, numerical)

    def _unit_weights(self) -> Iterator[tuple[int, Index, list[Any]]]:
        """(output, index, weights that pick this one element)."""
        for out, value in enumerate(self._values):
            for index in np.ndindex(value.shape):
                weights = [np.zeros(array.shape) for array in self._values]
                weights[out] = _unit(value.shape, index)
                yield out, index, weights

    def _gradients(self, weights: list[Any]) -> dict[int, Any]:
        """The gradient of <v, f> for each input that wants one."""
        places = [self._inputs[position] for position in self._wanted]
        recorded = [(out, _like(out, v)) for out, v in zip(self._outs, weights, strict=True) if out.requires_grad]
        found: Sequence[Tensor | None] = [None] * len(places)
        if recorded:
            outs, seeds = zip(*recorded, strict=True)
            found = grad(outs, places, seeds, retain_graph=True, allow_unused=True)
        arrays = [np.zeros(p.shape) if g is None else _numpy(g) for p, g in zip(places, found, strict=True)]
        return dict(zip(self._wanted, arrays, strict=True))

    def _derivatives(self, position: int, direction: Any) -> list[Any] | None:
        """Of each output, when an input moves in a direction; None if there is a kink within the smallest step."""
        for step in (self._step * smaller for smaller in _SMALLER):
            ahead, behind = self._moved(position, step * direction), self._moved(position, -step * direction)
            if ahead and behind:
                return [_distance(a, b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]
        return None

    def _moved(self, position: int, distance: Any) -> list[Any]:
        """The outputs when an input has moved; none if that was over a kink."""
        inputs = list(self._inputs)
        inputs[position] = _like(inputs[position], _numpy(inputs[position]) + distance).requires_grad_()
        with Pieces() as pieces:
            outs = _float_outputs(self._function, inputs)
        return [_numpy(out) for out in outs] if pieces.taken == self._pieces else []

    def _close(self, position: int, analytic: float, numerical: float) -> bool:
        bound = self._atol[position] + self._rtol[position] * abs(numerical)
        return bool(abs(analytic - numerical) <= bound)

    def _failure(self, where: str, analytic: float, numerical: float) -> AssertionError:
        values = f"analytic {analytic:.10g}, numerical {numerical:.10g}"
        return AssertionError(f"{_name(self._function)}: the gradient is wrong at {where}: {values}")


def _for_each(name: str, bound: Any, inputs: Sequence[Tensor]) -> Sequence[float]:
    several = _several(bound)
    bounds = [bound] * len(inputs) if several is None else several
    if len(bounds) != len(inputs):
        raise DataError(f"{name} must be a number, or one for each of {len(inputs)} inputs, got {bound!r}")
    return bounds


def _several(bound: Any) -> list[Any] | None:
    """The bounds, if it is not one for all inputs."""
    is_array = isinstance(bound, np.ndarray) and bound.ndim > 0
    return list(bound) if is_array or (isinstance(bound, Sequence) and not isinstance(bound, str)) else None


def _name(function: Function) -> str:
    return getattr(function, "__name__", "function")


def _float_outputs(function: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    outs = tensors_of("gradcheck", f"the outputs of {_name(function)}", function(*inputs))
    return [out for out in outs if out.dtype in FLOATS]


def _weighted(weights: list[Any], values: list[Any]) -> float:
    return float(sum(np.vdot(v, one) for v, one in zip(weights, values, strict=True)))


def _unit(shape: tuple[int, ...], index: Index) -> Any:
    array = np.zeros(shape)
    array[index] = 1.0
    return array


def _distance(a: Any, b: Any) -> Any:
    """A - b, and 0 for what does not move, infinite or not."""
    return np.subtract(a, b, out=np.zeros(a.shape), where=a != b)


def _numpy(value: Tensor) -> Any:
    return value.detach().cpu().numpy()


def _like(model: Tensor, array: Any) -> Tensor:
    return wrap(np.asarray(array, model.dtype), model.backend)


def _random_like(model: Tensor, rng: np.random.Generator) -> Tensor:
    return _like(model, rng.uniform(-1.0, 1.0, model.shape)).requires_grad_()
