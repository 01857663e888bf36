"""Every rule against central differences, once and twice, and every linear op against its adjoint."""

from functools import partial

from minigrad.testing import check_adjoint, gradcheck, gradgradcheck
from minigrad.testing.strategies import laid_out
from tests.ops.table import DEVICE, DIFFERENTIABLE, TABLE, over_samples

LINEAR = [spec for spec in TABLE if spec.linear or (spec.op and spec.op.linear_in)]


def laid_out_samples(spec):
    return laid_out(spec.samples)


def function_of(spec, sample):
    function = partial(spec.function, **sample.options)
    function.__name__ = spec.name
    return function


@over_samples(DIFFERENTIABLE, 60, laid_out_samples)
def test_gradients_are_central_differences(spec, sample):
    gradcheck(function_of(spec, sample), sample.tensors(DEVICE, sample.floats))


@over_samples([spec for spec in DIFFERENTIABLE if spec.order >= 2], 40, laid_out_samples)
def test_gradients_of_gradients_are_central_differences(spec, sample):
    gradgradcheck(function_of(spec, sample), sample.tensors(DEVICE, sample.floats))


@over_samples(LINEAR, 250, laid_out_samples)
def test_linear_ops_have_their_adjoint(spec, sample):
    function = function_of(spec, sample)
    for position in spec.linear_in(sample):
        check_adjoint(function, sample.tensors(DEVICE), position)
