"""Indexing beyond what the table of cases draws."""

import numpy as np
import pytest

from minigrad_kernels.cuda import index
from tests.gpu.running import run, to_device, to_host
from tests.kernels.cases.case import Call, poisoned
from tests.kernels.cases.running import run as run_on_host


@pytest.mark.parametrize(("dtype", "nothing"), [("float32", np.nan), ("float64", np.nan), ("int32", 0), ("bool", 0)])
def test_gather_reads_nothing_outside(dtype, nothing):
    x = np.ones(4, dtype)
    (out,) = run("index.gather", Call((poisoned(dtype, (4,)),), (x, np.array([3, 4, -1, 2**40])), (0,)))
    assert np.array_equal(out, np.array([1, nothing, nothing, nothing], dtype), equal_nan=dtype.startswith("f"))


def test_gradient_of_gather_adds_nothing_outside():
    call = Call((poisoned("float32", (2,)),), (np.ones(4, "float32"), np.array([1, 2, -1, 2**40])), (0,))
    (dx,) = run("index.gather_input_grad", call)
    assert dx.tolist() == [0, 1]


def test_gradient_of_gather_in_long_stretches(monkeypatch):
    monkeypatch.setattr(index, "STRETCHES", 64)
    rng = np.random.default_rng(0)
    call = Call((poisoned("int32", (50, 7)),), (np.ones((90, 7), "int32"), rng.integers(0, 50, (90, 7))), (0,))
    (expected,) = run_on_host("reference", "index.gather_input_grad", call)
    (dx,) = run("index.gather_input_grad", call._replace(outs=(poisoned("int32", (50, 7)),)))
    assert np.array_equal(dx, expected)


def test_more_axes_than_a_kernel_walks():
    x = np.arange(2**7, dtype="float32").reshape((2,) * 7)
    part = x[::-1, :, ::-1, :, ::-1, :, ::-1]
    out = to_device(np.zeros_like(x))
    index.embed(out, to_device(part), (slice(None),))
    assert np.array_equal(to_host(out), part)
