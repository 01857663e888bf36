"""New tensors: shapes, dtypes, contents, streams."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import DeviceError, DTypeError, ShapeError


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_constants_have_the_shape_value_dtype_and_device_asked_for(device):
    for made, value, dtype in (
        (mg.zeros(2, 3, device=device), 0, mg.float32),
        (mg.ones((2, 3), dtype="float64", device=device), 1, mg.float64),
        (mg.full((2, 3), 7, device=device), 7, mg.int64),
        (mg.full([2, 3], 0.5, device=device), 0.5, mg.float32),
        (mg.full((2, 3), True, device=device), True, mg.bool_),
    ):
        assert (made.shape, made.dtype, made.device) == ((2, 3), dtype, device)
        assert (made.numpy() == value).all()
    like = mg.ones(2, dtype=mg.int32, device=device)
    for made, value in ((mg.zeros_like(like), 0), (mg.ones_like(like), 1)):
        assert (made.tolist(), made.dtype, made.device) == ([value, value], mg.int32, device)
    assert (mg.empty(2, 0).shape, mg.zeros().shape) == ((2, 0), ())


def test_only_what_is_asked_for_requires_a_gradient():
    assert not mg.zeros(2).requires_grad
    for make in (mg.empty, mg.zeros, mg.ones, mg.rand, mg.randn):
        assert make(2, requires_grad=True).requires_grad
    assert mg.full(2, 1.0, requires_grad=True).is_leaf


@pytest.mark.parametrize(
    ("arguments", "values", "dtype"),
    [
        ((4,), [0, 1, 2, 3], mg.int64),
        ((1, 4), [1, 2, 3], mg.int64),
        ((5, 0, -2), [5, 3, 1], mg.int64),
        ((0, 1, 0.25), [0, 0.25, 0.5, 0.75], mg.float32),
        ((2, 2), [], mg.int64),
    ],
)
def test_arange_stops_before_its_end(arguments, values, dtype):
    made = mg.arange(*arguments)
    assert (made.tolist(), made.dtype) == (values, dtype)
    assert mg.arange(*arguments, dtype=mg.float64).dtype == mg.float64


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_random_numbers_have_their_distribution(dtype):
    mg.manual_seed(0)
    uniform, normal = mg.rand(100_000, dtype=dtype).numpy(), mg.randn(100_000, dtype=dtype).numpy()
    assert uniform.dtype == normal.dtype == dtype
    assert (uniform >= 0).all()
    assert (uniform < 1).all()
    for drawn, mean, std in ((uniform, 0.5, 12**-0.5), (normal, 0, 1)):
        assert drawn.mean() == pytest.approx(mean, abs=4 * std / np.sqrt(1e5))
        assert drawn.std() == pytest.approx(std, rel=0.02)


def test_a_seed_repeats_what_is_drawn():
    mg.manual_seed(5)
    first = mg.rand(7).tolist(), mg.randn(7).tolist()
    assert first[0] != mg.rand(7).tolist()
    mg.manual_seed(5)
    assert first == (mg.rand(7).tolist(), mg.randn(7).tolist())


def test_bad_shapes_dtypes_and_devices_are_refused():
    with pytest.raises(DTypeError, match=r"^zeros: a length must be an integer, got 2\.5$"):
        mg.zeros(2.5)
    with pytest.raises(ShapeError, match=r"^zeros: a length must be at least 0, got -1$"):
        mg.zeros(2, -1)
    with pytest.raises(DTypeError, match=r"dtype complex64 is not supported"):
        mg.ones(2, dtype="complex64")
    with pytest.raises(DTypeError, match=r"^ones: only float tensors have gradients; use minigrad.float32, not int64$"):
        mg.ones(2, dtype=mg.int64, requires_grad=True)
    with pytest.raises(DTypeError, match=r"^rand: tensor must be float"):
        mg.rand(2, dtype=mg.int64)
    with pytest.raises(DeviceError, match=r"device 'tpu' is not available here"):
        mg.zeros(2, device="tpu")
    for like in (mg.zeros_like, mg.ones_like):
        with pytest.raises(DTypeError, match=rf"^{like.__name__}: input must be a Tensor, this is ndarray"):
            like(np.zeros(2))
