"""The table of all records, and tests over the samples of each."""

from collections.abc import Callable, Iterable
from functools import partial

import pytest
from hypothesis import given, settings

from minigrad.testing import OpSpec
from tests.ops.records import (
    activation,
    adaptive,
    compare,
    conv,
    dropout,
    elementwise,
    extremes,
    gather,
    index,
    join,
    likelihood,
    loss,
    margin,
    matmul,
    norm,
    optimise,
    pad,
    pool,
    reduce,
    shape,
    slicing,
    softmax,
    statistics,
    transfer,
    unfold,
    update,
)

ARITHMETIC = (elementwise, compare, activation, reduce, extremes, statistics, matmul)
REARRANGED = (shape, slicing, join, index, gather, pad)
LAYERS = (conv, pool, adaptive, unfold, norm, dropout, softmax, likelihood, margin, loss)
FAMILIES = (*ARITHMETIC, *REARRANGED, *LAYERS, update, optimise, transfer)
TABLE: list[OpSpec] = [record for family in FAMILIES for record in family.RECORDS]
DIFFERENTIABLE = [spec for spec in TABLE if spec.order >= 1]
DEVICE = "cpu"
TIMES = pytest.mark.parametrize(
    "times", [pytest.param(1, id=""), pytest.param(50, id="night", marks=pytest.mark.nightly)]
)


def each(specs: Iterable[OpSpec]):
    """Run a test for each record."""
    return pytest.mark.parametrize("spec", specs, ids=lambda spec: spec.name)


def over_samples(specs: Iterable[OpSpec], examples: int, strategy: Callable = lambda spec: spec.samples):
    """Run `check(spec, sample)` for each record on so many of its samples, and at night on 50 times as many.

    The test's attribute `over` has what it takes to run as many as one likes: `tools/reliability/examples_each.py`.
    """

    def decorate(check):
        @TIMES
        @each(specs)
        def test(spec, times):
            @settings(max_examples=examples * times)
            @given(strategy(spec))
            def property_holds(sample):
                check(spec, sample)

            property_holds()

        test.over = {spec.name: (strategy(spec), partial(check, spec)) for spec in specs}
        return test

    return decorate
