"""What must hold of every op, each as a function of a record, a sample and a device that raises AssertionError.

`check_op` draws the samples; the message of a failure says how to call the property by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd import grad
from minigrad.backends.base import get_backend
from minigrad.data.integers import require_integer
from minigrad.dtypes import FLOATS, float64
from minigrad.errors import DeviceError, MinigradError
from minigrad.ops.create import ones_like
from minigrad.tensor import Tensor, wrap
from minigrad.testing.adjoint import check_adjoint
from minigrad.testing.contract import any_number_of_threads, new_memory_holds
from minigrad.testing.gradcheck import Checked, gradcheck, gradgradcheck
from minigrad.testing.opspec import ErrorInput, OpSpec, Sample
from minigrad.testing.tolerance import assert_within

__tracebackhide__ = True  # pytest shows the lines of those who call

_NARROW = 1e-2  # how far a gradient in float32 may lie from that in float64: it is another formula, or none


def forward(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """The outputs are those of the reference, within the record's tolerance; a spec says what its array is."""
    _compare(spec, sample, spec.run(sample, device), spec.expected(sample))


def layouts(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """How the inputs lie in memory makes no difference but in rounding."""
    plain = sample.relaid(*("contiguous",) * len(sample.inputs))
    _compare(spec, sample, spec.run(sample, device), [out.cpu().numpy() for out in spec.run(plain, device)])


def gradient(spec: OpSpec, sample: Sample, device: str = "cpu") -> Checked:
    """The gradients are central differences, in float64, and in other dtypes near to those of float64."""
    checked = gradcheck(_function(spec, sample), sample.tensors(device, sample.floats))
    for dtype in spec.dtypes:
        if dtype in FLOATS and dtype != float64:
            _narrow_gradient(spec, sample.astype(dtype), device)
    return checked


def _narrow_gradient(spec: OpSpec, sample: Sample, device: str) -> None:
    """A rule or a kernel that is wrong in one dtype alone: the bound is wide, since it says nothing of rounding."""
    found = _weighted_gradients(spec, sample, device)
    exact = _weighted_gradients(spec, sample.astype(float64), device)
    for position, (got, expected) in enumerate(zip(found, exact, strict=True)):
        with np.errstate(invalid="ignore"):
            near = np.abs(got - expected) <= _NARROW * (1 + np.abs(expected).max(initial=0))
        far = ~near & (got != expected) & ((got == got) | (expected == expected))
        if far.any():
            place, index = sample.floats[position], tuple(int(i) for i in np.argwhere(far)[0])
            raise AssertionError(
                f"{spec.name}: the gradient is wrong in {sample.inputs[place].dtype} at input {place}, index {index}: "
                f"{got[index]:.10g}, and {expected[index]:.10g} in float64"
            )


def _weighted_gradients(spec: OpSpec, sample: Sample, device: str) -> list[Any]:
    """The gradients of the outputs, weighted at random, for each input of floats."""
    tensors = sample.tensors(device, sample.floats)
    rng = np.random.default_rng(0)
    outs = [out for out in spec(sample, tensors) if out.requires_grad]
    weights = [wrap(rng.uniform(0.5, 1.5, out.shape).astype(out.dtype), out.backend) for out in outs]
    leaves = [tensors[position] for position in sample.floats]
    grads = grad(outs, leaves, weights, allow_unused=True) if outs else []
    return [
        np.zeros(leaf.shape) if found is None else found.detach().cpu().numpy().astype(np.float64)
        for leaf, found in zip(leaves, grads, strict=bool(outs))
    ]


def second_gradient(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """The gradients of the gradients are central differences."""
    gradgradcheck(_function(spec, sample), sample.tensors(device, sample.floats))


def adjoint(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """In each input in which the op is affine, <A x, y> = <x, A^T y>."""
    for position in spec.linear_in(sample):
        check_adjoint(_function(spec, sample), sample.tensors(device), position)


def no_elements(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """Inputs cut to length 0 along their first axis are refused in our words, or give what the reference gives."""
    for cut in _cut(sample):
        try:
            outs = spec.run(cut, device)
        except MinigradError:
            continue
        everything(spec, cut, device)
        with suppress(DeviceError):  # of a reference that does not know a user's op
            _compare(spec, cut, outs, spec.expected(cut))


def unchanged_inputs(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """Neither the op nor its gradients write to the inputs."""
    before = [array.tobytes() for array in sample.inputs]
    tensors = sample.tensors(device, sample.floats if spec.order else ())
    _results(spec, sample, tensors)
    for position, (tensor, held) in enumerate(zip(tensors, before, strict=True)):
        if tensor.detach().cpu().numpy().tobytes() != held or tensor.version.count:
            raise AssertionError(f"{spec.name}: input {position} was written to")


def old_memory(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """What new memory holds before the op writes to it makes no difference to any bit."""
    with new_memory_holds(0, device):
        clean = everything(spec, sample, device)
    with new_memory_holds(0xFF, device):
        if everything(spec, sample, device) != clean:
            raise AssertionError(f"{spec.name}: reads memory that it has not written: bits differ with what was there")


def threads(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """Outputs and gradients are equal bit for bit at 1, 2 and 4 threads."""
    with any_number_of_threads() as use:
        results = {count: [use(count), everything(spec, sample, device)][1] for count in (1, 2, 4)}
    for count in (2, 4):
        if results[count] != results[1]:
            raise AssertionError(f"{spec.name}: bits differ between 1 thread and {count}")


def nan(spec: OpSpec, sample: Sample, device: str = "cpu") -> None:
    """A NaN in an input is in the first output, too."""
    for position in spec.nan:
        require_integer(f"{spec.name}: nan", position, 0, len(sample.inputs) - 1)
        for index in np.ndindex(sample.inputs[position].shape):
            given = list(sample.inputs)
            given[position] = given[position].copy()
            given[position][index] = np.nan
            out = spec.run(replace(sample, inputs=tuple(given)), device)[0].cpu().numpy()
            if out.size and not np.isnan(out).any():
                raise AssertionError(f"{spec.name}: a NaN in input {position}, index {index}, is not in the output")


def error_input(spec: OpSpec, case: ErrorInput, device: str = "cpu") -> None:
    """A call that must fail does so with its exception and its whole message, and leaves the inputs as they were."""
    backend = get_backend(device)
    given = [wrap(value.copy(), backend) if isinstance(value, np.ndarray) else value for value in case.inputs]
    try:
        spec.function(*given, **case.options)
    except Exception as error:
        if type(error) is not case.error or str(error) != case.message:
            promised = f"{case.error.__name__}: {case.message}"
            raise AssertionError(f"{spec.name}: not {promised!r}, but {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"{spec.name}: nothing was raised, not {case.error.__name__}: {case.message}")
    for tensor, value in zip(given, case.inputs, strict=True):
        if isinstance(value, np.ndarray):
            same = tensor.cpu().numpy().tobytes() == value.tobytes()
            if not same or tensor.version.count or tensor.requires_grad:
                raise AssertionError(f"{spec.name}: the refused call changed an input")


def everything(spec: OpSpec, sample: Sample, device: str) -> list[bytes]:
    """The bytes of the outputs and, where there are any, of the gradients of the first output's sum."""
    return _results(spec, sample, sample.tensors(device, sample.floats if spec.order else ()))


def _results(spec: OpSpec, sample: Sample, tensors: list[Tensor]) -> list[bytes]:
    outs = spec(sample, tensors)
    results = list(outs)
    if outs[0].requires_grad:
        leaves = [tensor for tensor in tensors if tensor.requires_grad]
        grads = grad(outs[0], leaves, ones_like(outs[0]), allow_unused=True)
        results += [found for found in grads if found is not None]
    return [result.detach().cpu().numpy().tobytes() for result in results]


def _compare(spec: OpSpec, sample: Sample, outs: tuple[Tensor, ...], expected: Any) -> None:
    for out, answer in zip(outs, expected, strict=True):
        if (out.shape, out.dtype) != (out.array.shape, out.array.dtype):
            raise AssertionError(f"{spec.name}: the shape rule says {out.spec}, the kernel gave {out.array.shape}")
        try:
            assert_within(out.cpu().numpy(), answer, spec.tolerance(spec, sample, answer))
        except AssertionError as error:
            raise AssertionError(f"{spec.name}: {error}") from None


def _cut(sample: Sample) -> Iterator[Sample]:
    """All inputs without elements, then each alone."""
    axes = [position for position, array in enumerate(sample.inputs) if array.ndim]
    for chosen in (axes, *([position] for position in axes if len(axes) > 1)):
        arrays = [array[:0] if position in chosen else array for position, array in enumerate(sample.inputs)]
        yield replace(sample, inputs=tuple(arrays))


def _function(spec: OpSpec, sample: Sample) -> Callable[..., Any]:
    function = partial(spec.function, **sample.options)
    function.__name__ = spec.name  # type: ignore[attr-defined]
    return function


class Property(NamedTuple):
    """A property, which records it is for, and in which form it wants their samples."""

    holds: Callable[[OpSpec, Sample, str], Checked | None]
    missing: Callable[[OpSpec], str] = lambda spec: ""
    """Why it says nothing of a record; empty if it does."""
    samples: str = "plain"
    """"plain", "laid out" in any memory, or "typed": in any memory and dtype of the record."""
    on_host: bool = False
    """Whether it can be seen only of devices in host memory."""

    @property
    def name(self) -> str:
        """That of the function."""
        return self.holds.__name__


def _undifferentiated(order: int, spec: OpSpec) -> str:
    return "" if spec.order >= order else f"the record's order is {spec.order}"


PROPERTIES = (
    Property(forward, samples="typed"),
    Property(layouts, samples="typed"),
    Property(gradient, partial(_undifferentiated, 1), samples="laid out"),
    Property(second_gradient, partial(_undifferentiated, 2), samples="laid out"),
    Property(
        adjoint,
        lambda spec: "" if spec.linear or (spec.op and spec.op.linear_in) else "linear in no input",
        samples="laid out",
    ),
    Property(no_elements, lambda spec: "" if spec.error_inputs else "no error inputs: bad input need not be refused"),
    Property(unchanged_inputs, samples="typed"),
    Property(old_memory, on_host=True),
    Property(threads, on_host=True),
    Property(nan, lambda spec: "" if spec.nan else "the record's nan names no input"),
)
