"""The decorator that makes kernels: one signature per dtype, compiled when first needed."""

import threading

import numba
import numpy as np
import pytest

from minigrad_kernels.cpu import compiler
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper


@pytest.fixture
def registry(monkeypatch):
    """An empty registry, so that a test's kernels are the only ones."""
    monkeypatch.setattr(compiler, "_registry", [])


@pytest.fixture
def compilations(monkeypatch):
    """What listeners are told."""
    told = []
    monkeypatch.setattr(compiler, "compile_listeners", [lambda *event: told.append(event)])
    return told


@helper
def twice(x):
    return 2 * x


def double(begin, end, worker, out, x):
    for i in range(begin, end):
        out[i] = twice(x[i])


@pytest.fixture
def doubling(registry):
    return kernel("out T1", "strided T1")(double)


def frozen(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "x", [np.arange(6.0), frozen(np.arange(6.0)), np.arange(12.0)[::2], np.arange(6.0)[::-1], np.empty(0)]
)
def test_one_signature_takes_every_memory_layout(doubling, x):
    out = np.full(x.shape, np.nan)
    doubling(0, len(x), 0, out, x)
    assert out.tolist() == (2 * x).tolist()
    assert len(doubling.compile(x.dtype).signatures) == 1


def test_dtype_chooses_the_code(doubling, compilations):
    for dtype in ("float32", "float64", "int64", "float32"):
        out = np.empty(2, dtype)
        doubling(0, 2, 0, out, np.array([1, 2], dtype))
        assert out.tolist() == [2, 4]
    assert [dtype for _, dtype, seconds in compilations if seconds is not None] == ["float32", "float64", "int64"]


def test_only_the_given_tasks_are_done(doubling):
    out = np.zeros(5)
    doubling(1, 3, 0, out, np.ones(5))
    assert out.tolist() == [0, 2, 2, 0, 0]


@pytest.mark.parametrize(
    "arguments",
    [
        (np.empty(2), np.empty(2, np.float32)),
        (np.empty((2, 1)), np.empty(2)),
        (np.empty(4)[::2], np.empty(2)),
        (frozen(np.empty(2)), np.empty(2)),
    ],
    ids=["dtype", "axes", "strides", "read-only"],
)
def test_what_the_signature_does_not_take_is_an_error(doubling, arguments):
    doubling.compile(np.dtype("float64"))
    with pytest.raises(TypeError, match="No matching definition"):
        doubling(0, 2, 0, *arguments)


def test_scalars_scratch_and_arrays_of_a_fixed_dtype(registry):
    @kernel("out int64_2", "in T1", "int", "uint", "float", "T", "scratch")
    def collect(begin, end, worker, out, x, integer, unsigned, number, same, scratch):
        scratch[worker] = 7
        out[0, 0] = integer
        out[0, 1] = unsigned >> 32
        out[1, 0] = number
        out[1, 1] = same + x[0]

    out, scratch = np.empty((2, 2), np.int64), np.zeros(2, np.uint8)
    collect(0, 1, 1, out, np.ones(1, np.float32), -3, 2**40, 4, 5, scratch)
    assert out.tolist() == [[-3, 256], [4, 6]]
    assert scratch.tolist() == [0, 7]


def test_listeners_hear_of_the_beginning_and_the_end(doubling, compilations):
    doubling.compile(np.dtype("float64"))
    doubling.compile(np.dtype("float64"))
    (name, dtype, nothing), end = compilations
    assert name.endswith(".double")
    assert dtype == "float64"
    assert nothing is None
    assert end[:2] == (name, dtype)
    assert end[2] > 0


def test_threads_that_call_first_together_compile_once(doubling, compilations):
    outs = [np.empty(1) for _ in range(4)]
    callers = [threading.Thread(target=doubling, args=(0, 1, 0, out, np.ones(1))) for out in outs]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [out.tolist() for out in outs] == [[2]] * 4
    assert len(compilations) == 2


def test_warmup_compiles_every_kernel_for_every_dtype(doubling, compilations):
    @kernel("out int64_1")
    def count(begin, end, worker, out):
        for i in range(begin, end):
            out[i] += 1

    told = []
    compiler.warmup(["float32", np.float64], lambda *progress: told.append(progress))
    assert compiler.registered_kernels() == (doubling, count)
    assert [(name.rpartition(".")[2], dtype) for name, dtype, seconds in compilations if seconds is not None] == [
        ("double", "float32"),
        ("double", "float64"),
        ("count", "None"),
    ]
    assert [(done, total) for done, total, _ in told] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_nan_and_infinity_keep_their_meaning(registry):
    @kernel("out uint8_1", "in T1")
    def classify(begin, end, worker, out, x):
        for i in range(begin, end):
            out[i] = 1 if x[i] != x[i] else (2 if x[i] == np.inf else 0)

    out = np.empty(3, np.uint8)
    classify(0, 3, 0, out, np.array([np.nan, np.inf, 1]))
    assert out.tolist() == [1, 2, 0]


def test_kernel_that_allocates_does_not_compile(registry):
    @kernel("out T1")
    def allocate(begin, end, worker, out):
        out[:] = np.empty(len(out))

    with pytest.raises(numba.core.errors.TypingError, match=r"np\.empty"):
        allocate.compile(np.dtype("float64"))


@pytest.mark.parametrize("flag", ["fast", "nnan", "ninf"])
def test_flags_that_drop_nan_are_refused(flag):
    with pytest.raises(ValueError, match="keep NaN"):
        kernel("out T1", fastmath={"contract", flag})


def test_unknown_word_is_named(registry):
    @kernel("inout T1")
    def nothing(begin, end, worker, out):
        pass

    with pytest.raises(ValueError, match="no such kernel argument: 'inout T1'"):
        nothing.compile(np.dtype("float64"))
