"""Tensors of two devices are refused; other bad input is in the records (see test_properties)."""

import pytest
from hypothesis import assume

from minigrad.errors import DeviceError
from tests.ops.table import TABLE, over_samples

WITH_SEVERAL_INPUTS = [spec for spec in TABLE if spec.op is not None and len(spec.op.arguments) > 1]


@over_samples(WITH_SEVERAL_INPUTS, 10)
def test_tensors_of_two_devices_are_refused(spec, sample):
    assume(len(sample.inputs) > 1)
    tensors = sample.tensors("cpu")
    tensors[1] = sample.tensors("reference")[1]
    with pytest.raises(DeviceError, match=r": tensors on one device are required, got \[.*'reference'"):
        spec(sample, tensors)
