"""Optimiser steps: one launch each, over more elements than threads."""

import numpy as np
import pytest

from minigrad_kernels.cuda.launch import MOST_BLOCKS
from tests.gpu.running import run
from tests.kernels.cases import optimise
from tests.kernels.cases.running import run as run_on_host

LARGE = {"shape": (MOST_BLOCKS * 256 + 1000,)}


@pytest.mark.parametrize("case", optimise.CASES, ids=lambda case: case.name)
def test_large_parameters_take_one_launch(case, device):
    call = case.build(np.random.default_rng(0), "float64", **{**case.large[0], **LARGE})
    for got, expected in zip(run(case.name, call), run_on_host("cpu", case.name, call), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert device.log.count(f"launch cuda.optimise._{case.name.partition('.')[2]}") == 1
    assert "synchronize" not in device.log
