"""Running a kernel with guards around its memory."""

import importlib

import numpy as np

from tests.kernels.cases.case import Call, poisoned

GUARD = 64


def guarded(array: np.ndarray) -> np.ndarray:
    """A copy of the array that lies between two stretches of poison."""
    buffer = poisoned(array.dtype, (array.size + 2 * GUARD,))
    inside = buffer[GUARD : GUARD + array.size].reshape(array.shape)
    inside[...] = array
    return inside


def assert_guards_stand(inside: np.ndarray) -> None:
    buffer = inside
    while buffer.base is not None:
        buffer = buffer.base
    guards = np.concatenate([buffer[:GUARD], buffer[buffer.size - GUARD :]])
    assert guards.tobytes() == poisoned(guards.dtype, guards.shape).tobytes(), "written beyond the end of an array"


def run(package: str, kernel: str, call: Call) -> tuple[np.ndarray, ...]:
    """Outputs of a kernel that read its inputs only, and wrote its outputs and its scratch only."""
    module_name, _, name = kernel.partition(".")
    module = importlib.import_module(f"minigrad_kernels.{package}.{module_name}")
    outs = tuple(guarded(out) for out in call.outs)
    before = [array.tobytes() for array in call.inputs]
    inputs = (call.inputs,) if kernel == "index.cat" else call.inputs
    arguments = (*outs, *inputs, *call.scalars)
    for array in call.inputs:
        array.flags.writeable = False
    written = list(outs)
    if hasattr(module, f"{name}_scratch_bytes"):
        size = getattr(module, f"{name}_scratch_bytes")(*arguments)
        written.append(guarded(np.full(size, 0xFF, np.uint8)))
    getattr(module, name)(*arguments, *written[len(outs) :])
    for array in written:
        assert_guards_stand(array)
    assert [array.tobytes() for array in call.inputs] == before, "an input was written"
    return outs
