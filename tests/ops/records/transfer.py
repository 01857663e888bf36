"""Records of moving between devices. The two that every machine has are the CPU and the reference."""

from functools import wraps

import numpy as np

import minigrad as mg
from minigrad.errors import DeviceError, DTypeError
from minigrad.ops import transfer as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import few, floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS


def to_the_other(input, device=None):
    return ops.to_device(input, device or ("reference" if input.device == "cpu" else "cpu"))


DEVICES = "the devices are 'cpu', 'cuda', 'meta', 'reference'"

RECORDS = [
    OpSpec(
        "to_device",
        to_the_other,
        samples(lambda rng, shape: Sample((floats(rng, shape),)), shape=shapes()),
        ops.TO_DEVICE,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (np.zeros(2),),
                DeviceError,
                f"device: 'tpu' is not available here; {DEVICES}",
                {"device": "tpu"},
            ),
        ),
    ),
    OpSpec(
        "to",
        wraps(ops.to)(lambda input, wanted: ops.to(input, *wanted)),
        samples(lambda rng, shape: Sample((few(rng, shape),), {"wanted": ("reference", mg.float32)}), shape=shapes()),
        order=0,
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (np.zeros(2),),
                DTypeError,
                "to: a device and a dtype at most are required, got ('cpu', 'float32', 'int64')",
                {"wanted": ("cpu", "float32", "int64")},
            ),
        ),
    ),
]
