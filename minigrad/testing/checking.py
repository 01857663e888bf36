"""Running the properties over drawn samples: all of them for a record, or one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from minigrad.backends.base import get_backend
from minigrad.checks import require_callable, require_like
from minigrad.data.integers import require_integer
from minigrad.errors import DeviceError, MinigradError
from minigrad.tables import table
from minigrad.testing.opspec import OpSpec, Sample
from minigrad.testing.properties import PROPERTIES, Property, error_input
from minigrad.testing.reproduction import reproduction

__tracebackhide__ = True  # pytest shows the lines of those who call


@dataclass(frozen=True)
class CheckedOp:
    """What `check_op` did: true.

    Attributes
    ----------
    examples : Mapping of str to int
        For each property that holds, the samples it was tried on.
    left_out : Mapping of str to str
        For each property that says nothing of the record, why.
    """

    name: str
    examples: Mapping[str, int]
    left_out: Mapping[str, str]

    def __str__(self) -> str:
        held = [(name, str(count), "") for name, count in self.examples.items()]
        return table(
            [(self.name, "examples", ""), *held, *((name, "", why) for name, why in self.left_out.items())], right=(1,)
        )


def check_op(spec: OpSpec, *, examples: int | None = None, device: str = "cpu") -> CheckedOp:
    """Check that every property holds for a record; Hypothesis draws the samples and shrinks what fails.

    These are the functions of `minigrad.testing.properties`: outputs against the reference, in any dtype and memory
    layout; gradients, once and twice, against central differences; adjoints; inputs without elements; unchanged inputs;
    the same bits whatever new memory holds and at any number of threads; NaN; and the errors of bad input.

    Parameters
    ----------
    spec
        The record.
    examples
        How many samples each property is tried on; by default as many as Hypothesis' profile says.
    device
        Where the op runs.

    Returns
    -------
    CheckedOp
        What was tried, and what was left out and why; printed, it is a table.

    Raises
    ------
    AssertionError
        If a property does not hold; ends in a few lines of Python that show it again on the smallest sample found.
    MinigradError
        If Hypothesis is not installed.
    """
    _require("check_op", spec, examples, device)
    done: dict[str, int] = {}
    left_out: dict[str, str] = {}
    for property in PROPERTIES:
        why = property.missing(spec)
        if property.on_host and not get_backend(device).on_host:
            why = f"the memory of {device!r} is not the host's"
        if not why:
            try:
                done[property.name] = check_property(spec, property, examples=examples, device=device)
            except DeviceError as error:
                if device == "reference" or "device 'reference' has no kernel" not in str(error):
                    raise
                why = f"no reference: {error}"
        if why:
            left_out[property.name] = why
    for case in spec.error_inputs:
        error_input(spec, case, device)
    return CheckedOp(spec.name, {**done, "error_input": len(spec.error_inputs)}, left_out)


def _require(op: str, spec: OpSpec, examples: int | None, device: str) -> None:
    """Raise an error of ours unless these are a record, a number and a device."""
    require_like(op, "spec", spec, "an OpSpec", "samples", "error_inputs")
    require_callable(op, f"the function of {spec.name}", spec.function)
    require_like(op, f"the samples of {spec.name}", spec.samples, "a Hypothesis strategy", "example", "filter")
    if examples is not None:
        require_integer(f"{op}: examples", examples, 1)
    get_backend(device, op)


def check_property(spec: OpSpec, property: Property, *, examples: int | None = None, device: str = "cpu") -> int:
    """Check one property of a record, as `check_op` does; gives the number of samples it was tried on."""
    _require("check_property", spec, examples, device)
    require_like("check_property", "property", property, "a Property", "holds", "missing")
    try:
        from hypothesis import given
        from hypothesis.errors import Flaky
    except ModuleNotFoundError as error:
        raise MinigradError("check_op: samples are drawn by Hypothesis; pip install './minigrad[test]'") from error
    tried = at_kinks = compared = 0
    seen: list[Exception] = []

    def holds(sample: Sample) -> None:
        nonlocal tried, at_kinks, compared
        tried += 1
        try:
            checked = property.holds(spec, sample, device)
        except Exception as error:
            error.add_note(reproduction(spec, property.name, sample, device))
            seen[:] = [error]
            raise
        if checked is not None and (elements := sum(sample.inputs[position].size for position in sample.floats)):
            at_kinks += len(checked.kinks) == elements
            compared += len(checked.kinks) < elements

    # Hypothesis keeps what failed under this name.
    holds.__name__ = re.sub(r"\W", "_", f"{property.name}_of_{spec.name}")
    search, over_samples = _search(examples), cast(Any, given(_drawn(spec, property)))
    try:
        search(over_samples(holds))()
    except AssertionError as error:
        raise error.with_traceback(None) if _is_ours(error) else error from None
    except Flaky:  # what Hypothesis says is long, and nothing of the op
        seen[-1].add_note("It does not fail whenever it is tried: what is random, or memory that is read unwritten?")
        raise seen[-1] from None
    if at_kinks and not compared:
        raise AssertionError(
            f"{spec.name}: {property.name} compared nothing: each element of {at_kinks} samples is at a kink; draw "
            "them away from kinks, and declare what is equal at all points of a smooth piece"
        )
    return tried


def _drawn(spec: OpSpec, property: Property) -> Any:
    """The record's samples in the form that the property wants."""
    from minigrad.testing import strategies

    drawn = {
        "plain": lambda: spec.samples,
        "laid out": lambda: strategies.laid_out(spec.samples),
        "typed": lambda: strategies.of_any_dtype(spec),
    }
    return drawn[property.samples]()


def _search(examples: int | None) -> Any:
    """How Hypothesis searches: the settings in force, but for a few."""
    from hypothesis import Phase, Verbosity, settings

    # No deadline: a kernel's first call compiles it. Quiet, unexplained: the note says more than the repr of arrays.
    chosen: dict[str, Any] = {} if examples is None else {"max_examples": examples}
    phases = [phase for phase in settings().phases if phase is not Phase.explain]
    return settings(
        deadline=None, verbosity=Verbosity.quiet, phases=phases, report_multiple_bugs=False, print_blob=False, **chosen
    )


def _is_ours(error: AssertionError) -> bool:
    """Whether a property failed, and not an assertion in the code that it called."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "__tracebackhide__" in trace.tb_frame.f_globals
