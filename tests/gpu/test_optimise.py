"""Optimiser steps: one launch each, over more elements than threads; and states that are not ordinary numbers."""

import numpy as np
import pytest

from minigrad_kernels.cuda.launch import MOST_BLOCKS
from tests.gpu.running import run
from tests.kernels.cases import optimise
from tests.kernels.cases.case import Call
from tests.kernels.cases.running import run as run_on_host

LARGE = {"shape": (MOST_BLOCKS * 256 + 1000,)}


@pytest.mark.parametrize("case", optimise.CASES, ids=lambda case: case.name)
def test_large_parameters_take_one_launch(case, device):
    call = case.build(np.random.default_rng(0), "float64", **{**case.large[0], **LARGE})
    for got, expected in zip(run(case.name, call), run_on_host("cpu", case.name, call), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert device.log.count(f"launch cuda.optimise._{case.name.partition('.')[2]}") == 1
    assert "synchronize" not in device.log


def row(*values):
    return np.array(values, np.float64)


def test_amsgrad_keeps_nan_of_either_side():
    outs = row(1, 1, 1), row(0, 0, 0), row(1, np.nan, 1), row(np.nan, 1, 1)
    scalars = (0.1, 0.9, 0.99, 1e-8, 0.0, 0.0, 0.1, 0.01)
    param, _, _, largest = run("optimise.adam", Call(outs, (row(1, 1, 1),), scalars))
    assert np.isnan(largest).tolist() == np.isnan(param).tolist() == [True, True, False]


def test_centred_variance_below_zero_is_zero():
    outs = row(1), row(0.25), row(1), row()
    (param, *_) = run("optimise.rmsprop", Call(outs, (row(1),), (0.5, 0.5, 0.25, 0.0, 0.0)))
    assert param == 1 - 0.5 * 1 / 0.25
