"""Which dtype an elementwise result has: as PyTorch's type promotion gives it."""

import pytest

import minigrad as mg
from minigrad import dtypes

NAMES = ("bool", "uint8", "int32", "int64", "float32", "float64")
# Row and column: the dtypes of two operands of equal standing.
TABLE = {
    "bool": ("bool", "uint8", "int32", "int64", "float32", "float64"),
    "uint8": ("uint8", "uint8", "int32", "int64", "float32", "float64"),
    "int32": ("int32", "int32", "int32", "int64", "float32", "float64"),
    "int64": ("int64", "int64", "int64", "int64", "float32", "float64"),
    "float32": ("float32", "float32", "float32", "float32", "float32", "float64"),
    "float64": ("float64", "float64", "float64", "float64", "float64", "float64"),
}
# Row: the dtype of a tensor with axes. Column: what True, 2 and 0.5 make of it.
WITH_NUMBERS = {
    "bool": ("bool", "int64", "float32"),
    "uint8": ("uint8", "uint8", "float32"),
    "int32": ("int32", "int32", "float32"),
    "int64": ("int64", "int64", "float32"),
    "float32": ("float32", "float32", "float32"),
    "float64": ("float64", "float64", "float64"),
}
# Row: the dtype of a tensor with axes. Column: the dtype of a 0-d tensor, in the order of NAMES.
WITH_0D = {
    "bool": ("bool", "uint8", "int32", "int64", "float32", "float64"),
    "uint8": ("uint8", "uint8", "uint8", "uint8", "float32", "float64"),
    "int32": ("int32", "int32", "int32", "int32", "float32", "float64"),
    "int64": ("int64", "int64", "int64", "int64", "float32", "float64"),
    "float32": ("float32", "float32", "float32", "float32", "float32", "float32"),
    "float64": ("float64", "float64", "float64", "float64", "float64", "float64"),
}


def cells(table, columns):
    return [(row, column, expected) for row in NAMES for column, expected in zip(columns, table[row], strict=True)]


@pytest.mark.parametrize(("first", "second", "expected"), cells(TABLE, NAMES))
@pytest.mark.parametrize("shape", [(2,), ()])
def test_two_tensors(first, second, expected, shape):
    x, y = mg.ones(*shape, dtype=first), mg.ones(*shape, dtype=second)
    assert (x + y).dtype == (x * y).dtype == mg.maximum(x, y).dtype == dtypes.as_dtype(expected)
    assert mg.where(mg.ones(*shape, dtype="bool"), x, y).dtype == dtypes.as_dtype(expected)


@pytest.mark.parametrize(("tensor", "number", "expected"), cells(WITH_NUMBERS, (True, 2, 0.5)))
@pytest.mark.parametrize("shape", [(2,), ()])
def test_a_tensor_and_a_python_number(tensor, number, expected, shape):
    x = mg.ones(*shape, dtype=tensor)
    assert (x + number).dtype == (number * x).dtype == dtypes.as_dtype(expected)


@pytest.mark.parametrize(("tensor", "scalar", "expected"), cells(WITH_0D, NAMES))
def test_a_tensor_and_a_0d_tensor(tensor, scalar, expected):
    x, y = mg.ones(3, dtype=tensor), mg.ones(dtype=scalar)
    assert (x + y).dtype == (y + x).dtype == dtypes.as_dtype(expected)


@pytest.mark.parametrize("name", NAMES)
def test_division_gives_floats_and_comparison_bools(name):
    x = mg.ones(2, dtype=name)
    floating = dtypes.as_dtype(name if name in ("float32", "float64") else "float32")
    assert (x / x).dtype == (x / 2).dtype == mg.exp(x).dtype == floating
    assert (x == x).dtype == (x < 1).dtype == dtypes.bool_


@pytest.mark.parametrize("name", NAMES)
def test_sums_of_integers_are_int64(name):
    expected = dtypes.as_dtype(name if name in ("float32", "float64") else "int64")
    assert mg.ones(2, dtype=name).sum().dtype == expected


def test_a_0d_tensor_keeps_its_gradient_when_it_is_promoted():
    scale = mg.tensor(2.0, dtype=mg.float64, requires_grad=True)
    (mg.ones(3) * scale).sum().backward()
    assert (scale.grad.dtype, scale.grad.item()) == (mg.float64, 3.0)


def test_a_number_has_to_fit_the_dtype_that_it_is_given():
    assert (mg.zeros(1, dtype=mg.uint8) + 255).tolist() == [255]
    with pytest.raises(mg.DataError, match=r"^add: 256 does not fit uint8$"):
        mg.zeros(1, dtype=mg.uint8) + 256
