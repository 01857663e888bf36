"""Options that are a pair, one number an axis, are checked on either axis: one of two that is bad is refused."""

import pytest

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from tests.ops.table import DEVICE

IMAGE, WEIGHT = (1, 2, 6, 6), (2, 2, 3, 3)

# function, shapes of the tensors, the option, a value that is good and one that is bad beside it, and the other options
OPTIONS = [
    (F.conv2d, (IMAGE, WEIGHT), "stride", 1, 0, {}),
    (F.conv2d, (IMAGE, WEIGHT), "padding", 0, -1, {}),
    (F.conv2d, (IMAGE, WEIGHT), "dilation", 2, 3, {}),
    (F.conv_transpose2d, (IMAGE, WEIGHT), "stride", 1, 0, {}),
    (F.conv_transpose2d, (IMAGE, WEIGHT), "padding", 3, 4, {}),
    (F.conv_transpose2d, (IMAGE, WEIGHT), "output_padding", 1, 2, {"stride": 2}),
    (F.conv_transpose2d, (IMAGE, WEIGHT), "output_padding", 1, 2, {"dilation": 2}),
    (F.max_pool2d, (IMAGE,), "kernel_size", 6, 7, {}),
    (F.max_pool2d, (IMAGE,), "stride", 1, 0, {"kernel_size": 2}),
    (F.max_pool2d, (IMAGE,), "padding", 1, 2, {"kernel_size": 3}),
    (F.max_pool2d, (IMAGE,), "dilation", 5, 6, {"kernel_size": 2}),
    (F.avg_pool2d, (IMAGE,), "kernel_size", 6, 7, {}),
    (F.avg_pool2d, (IMAGE,), "padding", 1, 2, {"kernel_size": 3}),
    (F.unfold, (IMAGE,), "kernel_size", 6, 7, {}),
    (F.unfold, (IMAGE,), "dilation", 5, 6, {"kernel_size": 2}),
    (F.adaptive_avg_pool2d, (IMAGE,), "output_size", 1, 0, {}),
]


@pytest.mark.parametrize(
    ("function", "shapes", "name", "good", "bad", "others"),
    OPTIONS,
    ids=[f"{function.__name__} {name} {others}" for function, _, name, *_, others in OPTIONS],
)
def test_either_axis_is_checked(function, shapes, name, good, bad, others):
    tensors = [mg.ones(*shape, device=DEVICE) for shape in shapes]
    function(*tensors, **{name: (good, good)}, **others)
    for pair in ((bad, good), (good, bad)):
        with pytest.raises(ShapeError, match=rf"^{function.__name__}: ({name} must be|no window fits|nothing is left)"):
            function(*tensors, **{name: pair}, **others)
