"""Convolutions and their gradients across the borders of tiles and chunks, against the reference."""

from types import SimpleNamespace

import numpy as np
import pytest

from minigrad_kernels.cuda import conv as kernels
from minigrad_kernels.cuda import conv_input_grad
from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.product import Product, Sizes
from minigrad_kernels.cuda.tile import FLAT, SQUARE
from tests.gpu.running import run
from tests.kernels.cases.bounds import summed
from tests.kernels.cases.conv import Convolution, convolution, convolution_input_grad, convolution_weight_grad
from tests.kernels.cases.running import run as run_on_host
from tests.kernels.test_kernels import assert_close

BUILD = {
    "conv.conv2d": convolution,
    "conv.conv2d_input_grad": convolution_input_grad,
    "conv.conv2d_weight_grad": convolution_weight_grad,
}
CONVOLUTIONS = {
    "more outputs and pixels than a tile": Convolution(2, 1, 3, 70, (9, 11), (3, 3), padding=(1, 1)),
    "more channels than a tile": Convolution(1, 1, 66, 3, (5, 4), (2, 3)),
    "a tile and no more": Convolution(1, 1, 8, 64, (8, 8), (1, 1)),
    "1x1": Convolution(2, 1, 17, 5, (5, 7), (1, 1), bias=False),
    "groups": Convolution(2, 3, 4, 5, (6, 7), (3, 2), stride=(2, 1), padding=(1, 1)),
    "depthwise": Convolution(2, 9, 1, 2, (7, 6), (3, 3), padding=(1, 1)),
    "dilation": Convolution(2, 1, 3, 4, (12, 14), (3, 3), padding=(2, 0), dilation=(2, 3)),
    "stride and dilation share a factor": Convolution(1, 2, 2, 3, (21, 19), (4, 3), (4, 6), (3, 2), (2, 4)),
    "dilation a multiple of stride": Convolution(1, 1, 2, 3, (15, 14), (3, 3), (2, 3), (1, 2), (4, 3)),
    "stride beyond kernel": Convolution(2, 1, 3, 4, (11, 13), (2, 1), stride=(3, 4)),
    "stride beyond image": Convolution(2, 1, 2, 3, (3, 4), (2, 2), stride=(7, 5)),
    "padding beyond image": Convolution(1, 1, 2, 3, (2, 1), (4, 3), padding=(3, 3)),
    "chunks of taps": Convolution(1, 1, 60, 3, (5, 4), (3, 3)),
    "ReLU": Convolution(2, 2, 3, 5, (6, 7), (3, 2), padding=(1, 1), least=0.0),
    "ReLU after the last of the chunks": Convolution(2, 1, 60, 3, (5, 4), (3, 3), least=0.0),
    "chunks of taps of outputs": Convolution(1, 2, 2, 60, (6, 5), (3, 3), padding=(1, 0)),
    "chunks of pixels": Convolution(3, 2, 2, 3, (14, 15), (2, 2)),
    "no images": Convolution(0, 1, 2, 3, (4, 4), (3, 3)),
    "no channels": Convolution(2, 1, 0, 3, (4, 4), (3, 3)),
    "no outputs": Convolution(2, 1, 2, 0, (4, 4), (3, 3)),
}


@pytest.mark.parametrize(("dtype", "tile"), [("float32", SQUARE), ("float64", FLAT)])
@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize("sizes", CONVOLUTIONS)
def test_equals_reference(monkeypatch, sizes, name, dtype, tile):
    monkeypatch.setattr(Product, "tile", lambda *_: tile)
    call = BUILD[name](np.random.default_rng(0), dtype, CONVOLUTIONS[sizes])
    expected = run_on_host("reference", name, call)
    bounds = summed(SimpleNamespace(name=name), call, expected)
    for result, answer, bound in zip(run(name, call), expected, bounds, strict=True):
        assert_close(result, answer, bound)


def test_inputs_that_no_window_covers_get_zero_gradient():
    conv = Convolution(2, 1, 3, 4, (11, 13), (2, 1), stride=(3, 4))
    call = convolution_input_grad(np.random.default_rng(0), "float32", conv)
    ones = call._replace(inputs=tuple(np.ones_like(array) for array in call.inputs))
    (dx,) = run("conv.conv2d_input_grad", ones)
    covered = np.zeros(dx.shape, bool)
    covered[:, :, np.arange(11) % 3 < 2, ::4] = True
    np.testing.assert_array_equal(dx, np.where(covered, 4, 0))


def test_a_strided_input_gradient_multiplies_no_tap_that_meets_no_window():
    w, dx = (DeviceArray(Memory(0, 0), shape, np.float32) for shape in ((5, 2, 3, 3), (4, 2, 9, 9)))
    assert conv_input_grad.sizes_of(dx, w, (1, 1), (1, 1), 1) == (1, 2, 4 * 81, 5 * 9)
    assert conv_input_grad.sizes_of(dx, w, (2, 3), (1, 1), 1) == (6, 2, 4 * 15, 5 * 2)
    assert conv_input_grad.sizes_of(dx, w, (2, 3), (2, 3), 1) == (6, 2, 4 * 15, 5 * 9)


def test_few_outputs_go_in_flat_tiles():
    for product in (kernels._CONV2D, kernels._WEIGHT_GRAD, conv_input_grad.INPUT_GRAD):
        assert product.tile(np.dtype(np.float32), Sizes(1, 32, 9999, 99)) == FLAT
        assert product.tile(np.dtype(np.float32), Sizes(1, 33, 9999, 99)) == SQUARE


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("conv.conv2d", "chunks of taps"),
        ("conv.conv2d_input_grad", "chunks of taps of outputs"),
        ("conv.conv2d_weight_grad", "chunks of pixels"),
    ],
)
def test_long_sums_take_one_more_launch(log, name, sizes):
    call = BUILD[name](np.random.default_rng(0), "float32", CONVOLUTIONS[sizes])
    run(name, call)
    assert [line for line in log if "launch" in line][1:] == ["launch cuda.product._add_chunks"]


def test_all_else_takes_one_launch_and_no_scratch(log):
    call = convolution(np.random.default_rng(0), "float32", CONVOLUTIONS["groups"])
    run("conv.conv2d", call)
    assert [line for line in log if "launch" in line] == ["launch cuda.conv._conv2d_32x128"]
    assert kernels.conv2d_scratch_bytes(*call.outs, *call.inputs, *call.scalars) == 0
