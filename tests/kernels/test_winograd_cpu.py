"""Winograd's convolution: its matrices, when it is used, how exact it is, NaN and infinity, threads."""

import itertools

import numpy as np
import pytest

from minigrad_kernels.cpu import conv, team, threads, winograd_matrices, winograd_plan
from minigrad_kernels.cpu.conv_plan import Window
from tests.kernels.cases.conv import WINOGRAD_MULTIPLE
from tests.kernels.test_conv_cpu import Problem, assert_relu_is_applied, references, results

ONCE = ((1, 1), (1, 1))
# batch, groups, channels and outputs of a group, height, width, kernel, stride, padding, dilation: see test_conv_cpu.
# 61 channels end in a block of which more than half is filled, and the last vector is not, at any width.
SHAPES = [
    (2, 1, 32, 64, 8, 8, (3, 3), (1, 1), *ONCE),
    (3, 1, 70, 58, 13, 12, (3, 3), (1, 1), (2, 0), (1, 1)),
    (20, 2, 32, 64, 8, 8, (3, 3), (1, 1), *ONCE),
    (3, 1, 61, 32, 45, 39, (3, 3), (1, 1), *ONCE),
    (21, 1, 32, 64, 24, 24, (3, 3), (1, 1), (0, 0), (1, 1)),
    (1, 1, 32, 32, 9, 300, (3, 3), (1, 1), (0, 2), (1, 1)),
    (1, 1, 32, 32, 300, 9, (3, 3), (1, 1), (0, 2), (1, 1)),
    (9, 1, 130, 61, 4, 7, (3, 3), (1, 1), *ONCE),
]


def plans(problem):
    window, arrays = Window(*problem.scalars[:6]), (problem.x, problem.dy, problem.groups)
    x, dy, groups = arrays
    return {
        "conv2d": winograd_plan.forward_plan(problem.w.shape, window, dy, x, groups),
        "conv2d_input_grad": winograd_plan.input_grad_plan(problem.w.shape, window, x, dy, groups),
        "conv2d_weight_grad": winograd_plan.weight_grad_plan(problem.w.shape, window, x, dy, groups),
    }


def test_matrices_are_a_convolution():
    random = np.random.default_rng(0)
    x, w = random.standard_normal((6, 6)), random.standard_normal((3, 3))
    image, weights, out = (getattr(winograd_matrices, f"{name}_MATRIX") for name in ("IMAGE", "WEIGHT", "OUT"))
    tile = out @ ((weights @ w @ weights.T) * (image @ x @ image.T)) @ out.T
    expected = [[np.sum(x[i : i + 3, j : j + 3] * w) for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(tile, expected, rtol=0, atol=1e-13)


def test_images_and_results_have_exact_matrices():
    for matrix in (winograd_matrices.IMAGE_MATRIX, winograd_matrices.OUT_MATRIX):
        np.testing.assert_array_equal(matrix, matrix.astype(np.float32))


def test_shapes_draw_every_way():
    """So that what follows has tested it."""
    products, dots = [], []
    for shape in SHAPES:
        *both, dot = plans(Problem(shape, np.float32)).values()
        assert None not in (*both, dot)
        products += both
        dots.append(dot)
    assert {plan.images_first for plan in products} == {plan.images_first for plan in dots} == {True, False}
    assert {plan.rotated for plan in products} == {True, False}
    assert any(plan.images_first and plan.depth < plan.terms.size for plan in products)
    assert any(plan.images_first and plan.tiles.groups > 1 and plan.groups > 1 for plan in dots)
    assert any(plan.tiles.rows < plan.tiles.height for plan in dots)
    assert any(plan.chunks > 1 and plan.chunks < plan.tiles.groups for plan in dots)


@pytest.mark.parametrize(
    ("changes", "dtype"),
    [
        ({}, np.float64),
        ({2: 12}, np.float32),
        ({4: 2, 5: 2}, np.float32),
        ({6: (3, 2)}, np.float32),
        ({6: (5, 5)}, np.float32),
        ({7: (1, 2)}, np.float32),
        ({8: (3, 1)}, np.float32),
        ({9: (2, 1)}, np.float32),
        ({0: 0}, np.float32),
        ({3: 0}, np.float32),
    ],
    ids=str,
)
def test_others_are_not_for_it(changes, dtype):
    shape = list(SHAPES[0])
    for position, value in changes.items():
        shape[position] = value
    assert set(plans(Problem(shape, dtype)).values()) == {None}


def test_environment_switches_it_off(monkeypatch):
    monkeypatch.setenv("MINIGRAD_WINOGRAD", "0")
    assert not winograd_plan._is_enabled()
    monkeypatch.setenv("MINIGRAD_WINOGRAD", "no")
    with pytest.raises(ValueError, match="MINIGRAD_WINOGRAD must be 0 or 1, got 'no'"):
        winograd_plan._is_enabled()
    monkeypatch.delenv("MINIGRAD_WINOGRAD")
    assert winograd_plan._is_enabled()


def directly(monkeypatch, problem, **inputs):
    monkeypatch.setattr(winograd_plan, "ENABLED", False)
    found = results(problem, **inputs)
    monkeypatch.setattr(winograd_plan, "ENABLED", True)
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_float32_keeps_to_the_stated_multiple(shape):
    problem = Problem(shape, np.float32)
    arrays = (problem.x, problem.w, problem.bias, problem.dy)
    exact, sizes = references(problem, *arrays), references(problem, *map(np.abs, arrays))
    for name, found in results(problem).items():
        largest = sizes[name].max((2, 3), keepdims=True)
        distance = np.abs(found - exact[name]) / (np.finfo(np.float32).eps * largest)
        assert distance.max() <= WINOGRAD_MULTIPLE / 2, name  # these are random: half is left for those that are not


def test_float32_keeps_to_it_where_all_terms_add_up(monkeypatch):
    problem = Problem(SHAPES[1], np.float32)
    problem.x, problem.w, problem.dy = (np.abs(array) for array in (problem.x, problem.w, problem.dy))
    exact = references(problem, problem.x, problem.w, problem.bias, problem.dy)
    for name, found in results(problem).items():
        largest = exact[name].max((2, 3), keepdims=True)
        assert (np.abs(found - exact[name]) <= WINOGRAD_MULTIPLE * np.finfo(np.float32).eps * largest).all(), name


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 3e38])
@pytest.mark.parametrize("shape", SHAPES[:3])
def test_float32_gives_way_where_it_is_not_finite(shape, bad, monkeypatch):
    """3e38 is infinite when it is transformed, and finite times a weight of float32's."""
    problem = Problem(shape, np.float32)
    problem.w, problem.bias = (array * np.float32(0.1) for array in (problem.w, problem.bias))
    x, dy = problem.x.copy(), problem.dy.copy()
    x[1, 3, 2, 3] = dy[0, 5, 3, 2] = bad
    expected = directly(monkeypatch, problem, x=x, dy=dy)
    for name, found in results(problem, x, dy).items():
        np.testing.assert_array_equal(found, expected[name], err_msg=name)
        assert np.isfinite(found).any(), name


@pytest.mark.parametrize("bad", [0.0, np.nan, -np.inf])
@pytest.mark.parametrize("shape", SHAPES[:3])
def test_relu_is_applied_to_all_that_is_written(shape, bad):
    """Minus infinity, which becomes 0, has spoilt its tile before."""
    problem = Problem(shape, np.float32)
    x = problem.x.copy()
    x[1, 3, 2, 3] = bad
    assert_relu_is_applied(problem, x)


def test_float32_no_bias():
    problem = Problem(SHAPES[0], np.float32)
    biased = results(problem)["conv2d"] - problem.bias[:, None, None]
    problem.bias = problem.bias[:0]
    np.testing.assert_allclose(results(problem)["conv2d"], biased, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_float32_bits_are_equal_at_any_number_of_threads(shape, monkeypatch):
    monkeypatch.setattr(team, "PART_NANOSECONDS", 1)
    monkeypatch.setattr(threads, "_num_threads", 1)
    problem = Problem(shape, np.float32)
    found = []
    for count in (1, 2, 5):
        threads.set_num_threads(count)
        found.append(results(problem))
    for (name, one), other in itertools.product(found[0].items(), found[1:]):
        np.testing.assert_array_equal(one, other[name], err_msg=name)


def test_float32_runs_it_and_nothing_else(monkeypatch):
    """Finite results are not computed a second time."""
    for name in ("product", "dot", "multiply"):
        monkeypatch.delattr(conv, name)
    for shape in SHAPES:
        results(Problem(shape, np.float32))
