"""Every call that must fail: its exception, its whole message, and that it changes nothing."""

import numpy as np
import pytest
from hypothesis import assume

from minigrad.backends.base import get_backend
from minigrad.errors import DeviceError
from minigrad.tensor import wrap
from tests.ops.table import DEVICE, TABLE, over_samples

CASES = [
    pytest.param(spec, case, id=f"{spec.name}-{number}")
    for spec in TABLE
    for number, case in enumerate(spec.error_inputs)
]


@pytest.mark.parametrize(("spec", "case"), CASES)
def test_bad_input_is_refused_in_the_words_promised(spec, case):
    backend = get_backend(DEVICE)
    given = [wrap(value.copy(), backend) if isinstance(value, np.ndarray) else value for value in case.inputs]
    with pytest.raises(case.error) as caught:
        spec.function(*given, **case.options)
    assert type(caught.value) is case.error
    assert str(caught.value) == case.message
    for tensor, value in zip(given, case.inputs, strict=True):
        if isinstance(value, np.ndarray):
            assert tensor.array.tobytes() == value.tobytes()
            assert (tensor.version.count, tensor.requires_grad) == (0, False)


WITH_SEVERAL_INPUTS = [spec for spec in TABLE if spec.op is not None and len(spec.op.arguments) > 1]


@over_samples(WITH_SEVERAL_INPUTS, 10)
def test_tensors_of_two_devices_are_refused(spec, sample):
    assume(len(sample.inputs) > 1)
    tensors = sample.tensors("cpu")
    tensors[1] = sample.tensors("reference")[1]
    with pytest.raises(DeviceError, match=r": tensors on one device are required, got \[.*'reference'"):
        spec(sample, tensors)
