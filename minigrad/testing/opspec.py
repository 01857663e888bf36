"""What tests must know of an op: one record, from which generic tests learn everything."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.autograd import CLONE, Op, apply, apply_all, apply_in_place
from minigrad.backends.base import get_backend
from minigrad.checks import shown
from minigrad.data.given import require_given
from minigrad.dtypes import DType, as_dtype, float32, float64
from minigrad.errors import DataError, DTypeError, MinigradError
from minigrad.tensor import Tensor, tensors_of, wrap
from minigrad.testing.layouts import LAYOUTS, relaid
from minigrad.testing.tolerance import Tolerance, rounded

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class Origin(NamedTuple):
    """How `strategies.samples` made a sample, so that a failure can say how to make it again."""

    seed: int
    sizes: Mapping[str, Any]
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The call of a record's method, and the calls on what it gives."""
        sizes = (f"{name}={value!r}" for name, value in self.sizes.items())
        return ".".join([f"sample({', '.join([str(self.seed), *sizes])})", *self.steps])


@dataclass(frozen=True)
class Sample:
    """Arguments for one call: arrays that become tensors, then keyword options."""

    inputs: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        # NumPy's arithmetic makes scalars of 0-d arrays.
        object.__setattr__(self, "inputs", tuple(np.asarray(array) for array in self.inputs))

    @property
    def floats(self) -> tuple[int, ...]:
        """Positions of the inputs that may have a gradient."""
        return tuple(position for position, array in enumerate(self.inputs) if array.dtype.kind == "f")

    def astype(self, dtype: Any) -> Sample:
        """The sample with its float inputs in another dtype; integers are drawn wider, so that few are equal."""
        wanted = as_dtype(dtype, "astype")
        return self._changed([converted(array, wanted) for array in self.inputs], f"astype({wanted.name!r})")

    def relaid(self, *layouts: str) -> Sample:
        """The sample with each input in its memory layout, one of `layouts.LAYOUTS`."""
        if len(layouts) != len(self.inputs) or any(layout not in LAYOUTS for layout in layouts):
            raise DataError(f"relaid: for each input one of {', '.join(LAYOUTS)} is required, got {shown(layouts)}")
        arrays = [relaid(array, layout) for array, layout in zip(self.inputs, layouts, strict=True)]
        moved = set(layouts) - {"contiguous"}
        return self._changed(arrays, *([f"relaid({', '.join(map(repr, layouts))})"] if moved else []))

    def _changed(self, arrays: Sequence[Any], *steps: str) -> Sample:
        origin = self.origin and self.origin._replace(steps=(*self.origin.steps, *steps))
        return replace(self, inputs=tuple(arrays), origin=origin)

    def tensors(self, device: str = "cpu", requires_grad: Container[int] = ()) -> list[Tensor]:
        """Tensors around the arrays, those at the given positions with a gradient; a host device shares the memory."""
        backend = get_backend(device, "tensors")
        if not isinstance(requires_grad, Container) or isinstance(requires_grad, str):
            raise DTypeError(f"tensors: requires_grad must be positions, got {shown(requires_grad)}")
        return [wrap(array, backend, position in requires_grad) for position, array in enumerate(self.inputs)]


def converted(array: Any, dtype: DType) -> Any:
    """Floats in another dtype; of integers, a wider range, of truth values, whether they are positive."""
    if array.dtype.kind != "f":
        return array
    if dtype.kind == "f":
        return array.astype(dtype)
    if dtype.kind == "b":
        return array > 0
    scaled = np.rint(4 * array)
    return (np.abs(scaled) if dtype.kind == "u" else scaled).astype(dtype)


class ErrorInput(NamedTuple):
    """A call that must fail: arrays become tensors, other inputs go as they are; the class and the whole message."""

    inputs: tuple[Any, ...]
    error: type[MinigradError]
    message: str
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class OpSpec:
    """A function of tensors and all that generic tests need to know of it.

    Parameters
    ----------
    name
        What the tests call it.
    function
        `function(*tensors, **options)`: a tensor or several, by the arguments alone; what is random takes a seed.
    samples
        Strategy of `Sample`s, away from kinks, in float64; made by `strategies.samples`, if failures shall say how to
        make a sample again.
    op
        The op that the record stands for, if it stands for one.
    order
        How often it can be differentiated; 0 also for what finite differences cannot see, such as casts.
    linear
        Positions of the inputs in which it is affine while the others are held; by default what the op declares.
    tolerance
        How far the result of one device may lie from that of another.
    dtypes
        Those that the float inputs of a sample may take.
    error_inputs
        Calls that must fail.
    reference
        `reference(*arrays, **options)`: the expected result of NumPy arrays, an array or several; by default what the
        device "reference" computes.
    nan
        Positions of the inputs of which every NaN must show in the first output.
    """

    name: str
    function: Callable[..., Any]
    samples: SearchStrategy[Sample]
    op: Op | None = None
    order: int = 2
    linear: tuple[int, ...] | None = None
    tolerance: Tolerance = rounded
    dtypes: tuple[DType, ...] = (float32, float64)
    error_inputs: tuple[ErrorInput, ...] = ()
    reference: Callable[..., Any] | None = None
    nan: tuple[int, ...] = ()

    def sample(self, seed: int, /, **sizes: Any) -> Sample:
        """The sample that the strategy makes of a seed and sizes: what the message of a failed property calls."""
        return self.samples.build(np.random.default_rng(seed), **sizes)  # type: ignore[attr-defined]

    def expected(self, sample: Sample) -> tuple[Any, ...]:
        """The arrays that the reference gives."""
        if self.reference is None:
            return tuple(out.numpy() for out in self.run(sample, "reference"))
        found = self.reference(*sample.inputs, **sample.options)
        return tuple(map(np.asarray, found)) if isinstance(found, tuple | list) else (np.asarray(found),)

    def run(self, sample: Sample, device: str = "cpu") -> tuple[Tensor, ...]:
        """The outputs for a sample on a device."""
        return self(sample, sample.tensors(device))

    def __call__(self, sample: Sample, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        """The outputs for a sample whose tensors have been made."""
        outs = self.function(*tensors, **sample.options)
        return tuple(tensors_of(self.name, "the function's outputs", outs))

    def linear_in(self, sample: Sample) -> tuple[int, ...]:
        """Positions of the sample's inputs in which the function is affine."""
        if self.linear is not None:
            return self.linear
        if self.op is None:
            return ()
        if self.op.variadic:
            return tuple(range(len(sample.inputs))) if self.op.linear_in else ()
        return tuple(self.op.arguments.index(name) for name in self.op.linear_in)


def applied(op: Op) -> Callable[..., Any]:
    """The op itself as a function of tensors and `params`; one that works in place changes copies and gives those."""
    require_given("applied", op=op)

    def run(*tensors: Tensor, params: tuple[Any, ...] = ()) -> Sequence[Tensor]:
        if not op.mutates:
            return apply_all(op, tensors, params)
        changed = [apply(CLONE, (target.detach(),)) for target in tensors[: op.mutates]]
        apply_in_place(op, (*changed, *tensors[op.mutates :]), params)
        return changed

    return run
