import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.errors import DeviceError, ShapeError


def test_results_have_the_shapes_and_dtypes_that_they_would_have():
    images = mg.zeros(2, 3, 9, 7, device="meta")
    weight = mg.zeros(4, 3, 3, 3, device="meta", requires_grad=True)
    maps = F.max_pool2d(F.conv2d(images, weight, padding=1), 2)
    loss = F.cross_entropy(maps.permute(0, 2, 3, 1).reshape(24, 4), mg.zeros(24, dtype=mg.int64, device="meta"))
    loss.backward()
    assert maps.shape == (2, 4, 4, 3)
    assert (loss.shape, loss.dtype, loss.device) == ((), mg.float32, "meta")
    assert weight.grad.shape == weight.shape


def test_nothing_is_allocated():
    huge = mg.zeros(1 << 20, 1 << 20, device="meta")
    assert (huge @ huge).sum(0).shape == (1 << 20,)


def test_errors_are_those_of_other_devices():
    with pytest.raises(ShapeError, match="matmul: "):
        mg.zeros(2, 3, device="meta") @ mg.zeros(2, 3, device="meta")


def test_there_is_no_content_to_look_at():
    moved = mg.tensor([1.0, 2.0]).to("meta")
    assert (moved.shape, moved.device) == ((2,), "meta")
    assert repr(moved) == "tensor(..., shape=(2,), device='meta')"
    for look in (moved.cpu, lambda: moved.sum().item()):
        with pytest.raises(DeviceError, match="a tensor on the device 'meta' has a shape and a dtype, but no content"):
            look()
