"""Optimiser steps: over more elements than threads, over many parameters, and from states that are no numbers."""

import numpy as np
import pytest

from minigrad_kernels.cuda import optimise as kernels
from minigrad_kernels.cuda.launch import MOST_BLOCKS
from tests.gpu.running import run, to_device, to_host
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


SIZES = (3, 0, 257, 1, 1000, 64, 0, 5, 256, 2, 30)


@pytest.mark.parametrize("count", [3, 11])
@pytest.mark.parametrize("case", optimise.CASES, ids=lambda case: case.name)
def test_parameters_together_are_what_each_is_alone_bit_for_bit(case, count, device):
    calls = [
        case.build(np.random.default_rng(size), "float32", **{**case.large[0], "shape": (size,)})
        for size in SIZES[:count]
    ]
    alone = [run(case.name, call) for call in calls]
    columns = [
        tuple(map(to_device, column)) for column in zip(*((*call.outs, *call.inputs) for call in calls), strict=True)
    ]
    device.log.clear()
    getattr(kernels, case.name.partition(".")[2])(*columns, *calls[0].scalars)
    assert len([entry for entry in device.log if entry.startswith("launch")]) == -(-count // 8)
    for column, expected in zip(columns, zip(*alone, strict=True), strict=False):  # the gradients come last
        for array, answer in zip(column, expected, strict=True):
            assert to_host(array).tobytes() == answer.tobytes()


def test_pieces_of_state_may_be_there_for_some_parameters_alone():
    with_mean = row(1, 2), row(4, 9), row(1, 1), row(), row(1, 1)
    without = row(1, 2), row(4, 9), row(), row(), row(1, 1)
    scalars = (0.1, 0.5, 0.0, 0.0, 0.0)
    alone = [run("optimise.rmsprop", Call(arrays[:4], arrays[4:], scalars)) for arrays in (with_mean, without)]
    columns = [tuple(map(to_device, pair)) for pair in zip(with_mean, without, strict=True)]
    kernels.rmsprop(*columns, *scalars)
    assert [to_host(x).tolist() for x in columns[0]] == [results[0].tolist() for results in alone]
    assert alone[0][0].tolist() != alone[1][0].tolist()


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
