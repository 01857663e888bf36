"""Every op of the table on the device, forward and backward, against the reference."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends import table
from minigrad.backends.base import Spec, get_backend
from minigrad.errors import DeviceError
from minigrad.tensor import Tensor
from minigrad.testing.strategies import laid_out, of_any_dtype
from minigrad.testing.tolerance import assert_within
from tests.gpu.running import to_device
from tests.ops.table import DIFFERENTIABLE, TABLE, over_samples


def tensors(sample, requires_grad=()):
    """The inputs on the device, in the same layouts."""
    backend = get_backend("cuda")
    made = [Tensor(to_device(array), Spec(array.shape, array.dtype), backend) for array in sample.inputs]
    return [one.requires_grad_(position in requires_grad) for position, one in enumerate(made)]


@over_samples(TABLE, 10, of_any_dtype)
def test_the_device_equals_the_reference(spec, sample):
    expected = [out.cpu().numpy() for out in spec.run(sample, "reference")]
    given = tensors(sample)
    got = [out.cpu().numpy() for out in spec(sample, given)]
    for result, answer in zip(got, expected, strict=True):
        assert_within(result, answer, spec.tolerance(spec, sample, answer))
    for tensor, array in zip(given, sample.inputs, strict=True):
        assert tensor.cpu().numpy().tobytes() == array.tobytes(), "an input was written"


def gradients(spec, sample, given):
    out = spec(sample, given)[0]
    leaves = [tensor for tensor in given if tensor.requires_grad]
    if not out.requires_grad:
        return []
    weights = np.random.default_rng(0).uniform(0.5, 1.5, out.shape).astype(out.dtype)
    grads = mg.grad(out, leaves, mg.tensor(weights, device=out.device), allow_unused=True)
    return [None if grad is None else grad.cpu().numpy() for grad in grads]


@over_samples(DIFFERENTIABLE, 5, lambda spec: laid_out(spec.samples))
def test_gradients_on_the_device_equal_those_of_the_reference(spec, sample):
    expected = gradients(spec, sample, sample.tensors("reference", sample.floats))
    got = gradients(spec, sample, tensors(sample, sample.floats))
    for result, answer in zip(got, expected, strict=True):
        assert (result is None) == (answer is None)
        if answer is not None:
            size = np.abs(answer[np.isfinite(answer)]).max(initial=1.0)
            np.testing.assert_allclose(result, answer, rtol=1e-11, atol=1e-11 * size)


def test_the_device_has_a_kernel_for_every_op():
    assert {op.name for op in table._entries()} == {op.name for op in get_backend("cuda").kernels()}


def test_an_op_without_a_kernel_says_so():
    op = mg.Op("softsign", ("input",), lambda x: x)
    with pytest.raises(DeviceError) as caught:
        mg.apply(op, (mg.ones(2, device="cuda"),))
    assert str(caught.value) == "softsign: the device 'cuda' has no kernel for it"
