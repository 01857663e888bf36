"""The convolutions of the CPU against the formula in float64: shapes, poison, NaN, precision, threads."""

from itertools import product

import numpy as np
import pytest

from minigrad_kernels.cpu import conv, conv_matrices_plan, team, threads
from minigrad_kernels.cpu.conv_plan import Window
from tests.kernels.cases.running import assert_guards_stand, guarded

# batch, groups, channels and outputs of a group, height, width, kernel, stride, padding, dilation
SHAPES = [
    (2, 1, 3, 10, 9, 8, (3, 3), (1, 1), (1, 1), (1, 1)),
    (1, 2, 3, 5, 11, 10, (3, 2), (2, 3), (1, 2), (1, 2)),
    (2, 1, 2, 15, 13, 17, (5, 4), (3, 1), (4, 0), (2, 1)),
    (3, 3, 1, 2, 12, 7, (1, 1), (2, 2), (0, 0), (1, 1)),
    (1, 1, 40, 33, 6, 35, (3, 3), (1, 1), (1, 1), (1, 1)),
    (1, 1, 2, 3, 5, 5, (5, 5), (1, 1), (0, 0), (1, 1)),
    (1, 1, 2, 3, 4, 4, (2, 2), (3, 3), (3, 2), (2, 1)),
    (5, 1, 1, 60, 4, 4, (2, 2), (1, 1), (0, 1), (1, 1)),
    (1, 1, 3, 4, 40, 70, (3, 3), (1, 1), (1, 1), (1, 1)),
    (7, 2, 3, 4, 20, 15, (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 1, 2, 2, 8, 9, (2, 3), (4, 5), (0, 0), (1, 1)),
    (0, 1, 3, 4, 6, 6, (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 1, 0, 4, 6, 6, (3, 3), (2, 1), (1, 1), (1, 1)),
    (2, 1, 3, 0, 6, 6, (3, 3), (1, 1), (1, 1), (1, 1)),
    (35, 1, 20, 27, 2, 2, (3, 3), (1, 1), (1, 1), (1, 1)),
    (19, 2, 18, 5, 4, 5, (3, 2), (2, 1), (1, 1), (1, 2)),
    (3, 1, 150, 40, 3, 3, (3, 3), (1, 1), (1, 1), (1, 1)),
    (150, 1, 17, 14, 1, 2, (2, 4), (1, 3), (1, 2), (1, 1)),
]
DTYPES = [np.float32, np.float64]


class Problem:
    """Random x, w, bias, dy for one shape, and the sums over taps in float64."""

    def __init__(self, shape, dtype, seed=0):
        batch, groups, channels, outputs, height, width, kernel, self.stride, self.pad, self.dilation = shape
        size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip((height, width), kernel, self.stride, self.pad, self.dilation, strict=True)
        ]
        random = np.random.default_rng(seed)
        self.groups, self.kernel, self.size = groups, kernel, size
        self.x = random.standard_normal((batch, groups * channels, height, width)).astype(dtype)
        self.w = random.standard_normal((groups * outputs, channels, *kernel)).astype(dtype)
        self.bias = random.standard_normal(groups * outputs).astype(dtype)
        self.dy = random.standard_normal((batch, groups * outputs, *size)).astype(dtype)
        self.scalars = (*self.stride, *self.pad, *self.dilation, groups)
        for array in (self.x, self.w, self.bias, self.dy):
            array.flags.writeable = False

    def padded(self, x):
        return np.pad(x.astype(np.float64), ((0, 0), (0, 0), *((p, p) for p in self.pad)))

    def windows(self, padded):
        """For each tap: its place, and the padded pixels that it meets, as (n, g, c, y, x)."""
        batch, channels = padded.shape[:2]
        grouped = padded.reshape(batch, self.groups, channels // self.groups, *padded.shape[2:])
        for tap in product(*map(range, self.kernel)):
            places = [
                slice(i * d, i * d + s * (n - 1) + 1, s)
                for i, d, s, n in zip(tap, self.dilation, self.stride, self.size, strict=True)
            ]
            yield tap, grouped[..., places[0], places[1]]

    def split(self, array, axis):
        return array.astype(np.float64).reshape(
            *array.shape[:axis], self.groups, array.shape[axis] // self.groups, *array.shape[axis + 1 :]
        )

    def forward(self, x, w, bias):
        out = np.zeros(self.split(self.dy, 1).shape) + self.split(bias, 0)[..., None, None]
        for (i, j), window in self.windows(self.padded(x)):
            out += np.einsum("ngcyx,goc->ngoyx", window, self.split(w, 0)[..., i, j])
        return out.reshape(self.dy.shape)

    def input_grad(self, dy, w):
        padded = self.padded(np.zeros_like(self.x))
        for (i, j), window in self.windows(padded):
            window += np.einsum("ngoyx,goc->ngcyx", self.split(dy, 1), self.split(w, 0)[..., i, j])
        height, width = self.x.shape[2:]
        return padded[:, :, self.pad[0] : self.pad[0] + height, self.pad[1] : self.pad[1] + width]

    def weight_grad(self, x, dy):
        dw = np.zeros(self.split(self.w, 0).shape)
        for (i, j), window in self.windows(self.padded(x)):
            dw[..., i, j] = np.einsum("ngcyx,ngoyx->goc", window, self.split(dy, 1))
        return dw.reshape(self.w.shape)


def call(name, out_shape, *arguments):
    """Call an entry point with poisoned out and scratch of exactly the size asked for; nothing beside is written."""
    out = guarded(np.full(out_shape, np.nan, arguments[0].dtype))
    scratch = guarded(np.full(getattr(conv, f"{name}_scratch_bytes")(out, *arguments), 255, np.uint8))
    getattr(conv, name)(out, *arguments, scratch)
    assert_guards_stand(out)
    assert_guards_stand(scratch)
    return out


def results(problem, x=None, dy=None):
    x, dy = problem.x if x is None else x, problem.dy if dy is None else dy
    return {
        "conv2d": call("conv2d", dy.shape, x, problem.w, problem.bias, *problem.scalars, -np.inf),
        "conv2d_input_grad": call("conv2d_input_grad", x.shape, dy, problem.w, *problem.scalars),
        "conv2d_weight_grad": call("conv2d_weight_grad", problem.w.shape, x, dy, *problem.scalars),
    }


def references(problem, x, w, bias, dy):
    return {
        "conv2d": problem.forward(x, w, bias),
        "conv2d_input_grad": problem.input_grad(dy, w),
        "conv2d_weight_grad": problem.weight_grad(x, dy),
    }


def assert_close(problem, found):
    """Within 4 K eps of the sum of absolute products, K the length of the longest sum."""
    arrays = (problem.x, problem.w, problem.bias, problem.dy)
    exact = references(problem, *arrays)
    sizes = references(problem, *map(np.abs, arrays))
    taps = problem.kernel[0] * problem.kernel[1]
    lengths = {
        "conv2d": problem.w.shape[1] * taps + 1,
        "conv2d_input_grad": problem.w.shape[0] // problem.groups * taps,
        "conv2d_weight_grad": problem.dy.size // max(1, problem.dy.shape[1]),
    }
    for name, result in found.items():
        bound = 4 * lengths[name] * np.finfo(result.dtype).eps * sizes[name]
        assert np.all(np.abs(result - exact[name]) <= bound), name


def chosen(problem, name):
    """The plan by matrices for "x", "w" or "y", or None where the kernels gather."""
    shapes = problem.x.shape, problem.w.shape, problem.dy.shape
    window = Window(*problem.scalars[:6])
    return conv_matrices_plan.matrix_products(name, *shapes, window, problem.groups, problem.x.itemsize)


WAYS = ("chosen", "gather", "matrices", "matrices, sides changed")


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Have every shape computed in one way, or in the way that seems to be less work."""
    if request.param != "chosen":
        work = 0 if request.param == "gather" else float("inf")
        monkeypatch.setattr(conv_matrices_plan, "_gather_work", lambda *arguments: work)
    if request.param in WAYS[2:]:
        forms = {name: [pair[WAYS[2:].index(request.param)]] for name, pair in conv_matrices_plan._FORMS.items()}
        monkeypatch.setattr(conv_matrices_plan, "_FORMS", forms)
    conv_matrices_plan.matrix_products.cache_clear()
    yield request.param
    conv_matrices_plan.matrix_products.cache_clear()


def test_the_shapes_are_computed_in_all_ways():
    for name, forms in conv_matrices_plan._FORMS.items():
        plans = [chosen(Problem(shape, np.float32), name) for shape in SHAPES]
        assert {plan and (plan.left, plan.right) for plan in plans} == {None, *(form[:2] for form in forms)}, name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_formula(shape, dtype, way):
    problem = Problem(shape, dtype)
    assert_close(problem, results(problem))


def assert_relu_is_applied(problem, x):
    """As by ReLU itself, to the bit: the convolution that `results` has, and 0 where it is not above."""
    plain = results(problem, x)["conv2d"]
    zero = plain.dtype.type(0)
    found = call("conv2d", problem.dy.shape, x, problem.w, problem.bias, *problem.scalars, 0.0)
    assert found.tobytes() == np.where(plain <= zero, zero, plain).tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_relu_is_applied_to_all_that_is_written(shape, way):
    problem = Problem(shape, np.float32)
    assert_relu_is_applied(problem, problem.x)


def test_random_geometries(way):
    random = np.random.default_rng(1)
    for seed in range(60):
        kernel, stride, pad, dilation = (
            tuple(random.integers(low, high, 2).tolist()) for low, high in ((1, 5), (1, 5), (0, 4), (1, 4))
        )
        height, width = (
            int(max(1, d * (k - 1) + 1 - 2 * p)) + int(random.integers(0, 20))
            for k, p, d in zip(kernel, pad, dilation, strict=True)
        )
        batch, groups, channels, outputs = (int(random.integers(1, high)) for high in (4, 3, 6, 20))
        problem = Problem(
            (batch, groups, channels, outputs, height, width, kernel, stride, pad, dilation), np.float32, seed
        )
        assert_close(problem, results(problem))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[1], SHAPES[2], SHAPES[8]])
def test_bad_values_stay_in_their_windows(shape, bad, way):
    problem = Problem(shape, np.float32)
    random = np.random.default_rng(2)
    for _ in range(5):
        x, dy = problem.x.copy(), problem.dy.copy()
        x[tuple(random.integers(0, x.shape))] = bad
        dy[tuple(random.integers(0, dy.shape))] = bad
        bad_x, bad_dy = (~np.isfinite(array) for array in (x, dy))
        ones = np.ones(problem.w.shape)
        touched = {
            "conv2d": problem.forward(bad_x, ones, np.zeros_like(problem.bias)) > 0,
            "conv2d_input_grad": problem.input_grad(bad_dy, ones) > 0,
            "conv2d_weight_grad": problem.weight_grad(bad_x, np.ones_like(dy))
            + problem.weight_grad(np.ones_like(x), bad_dy)
            > 0,
        }
        if chosen(problem, "w") is None:  # a bad dy multiplies padding too, and a zero there makes NaN of it
            touched["conv2d_weight_grad"] |= bad_dy.any((0, 2, 3))[:, None, None, None]
        for name, result in results(problem, x, dy).items():
            np.testing.assert_array_equal(np.isfinite(result), ~touched[name], err_msg=name)


def test_no_bias():
    problem = Problem(SHAPES[0], np.float32)
    biased = call(
        "conv2d", problem.dy.shape, problem.x, problem.w, np.zeros_like(problem.bias), *problem.scalars, -np.inf
    )
    bare = call("conv2d", problem.dy.shape, problem.x, problem.w, problem.bias[:0], *problem.scalars, -np.inf)
    np.testing.assert_array_equal(bare, biased)


@pytest.mark.parametrize(
    "shape",
    [(5, 1, 3, 10, 9, 8, (3, 3), (1, 1), (1, 1), (1, 1)), (2, 2, 9, 70, 12, 40, (3, 3), (2, 1), (1, 1), (1, 1))],
)
def test_equal_bits_at_any_number_of_threads(shape, monkeypatch, way):
    monkeypatch.setattr(team, "PART_NANOSECONDS", 1)
    problem = Problem(shape, np.float32)
    before = threads.get_num_threads()
    found = []
    for count in (1, 2, 4):
        threads.set_num_threads(count)
        found.append(results(problem))
    threads.set_num_threads(before)
    for name, one in found[0].items():
        np.testing.assert_array_equal(one, found[1][name])
        np.testing.assert_array_equal(one, found[2][name])
