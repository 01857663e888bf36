import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DataError, DTypeError, GraphError, ShapeError


def fixed(values, dtype=None):
    return mg.tensor(values, dtype=dtype, device="reference")


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, mg.float32),
        ([1, 2], mg.int64),
        ([1, 2.5], mg.float32),
        ([True, False], mg.bool_),
        ([[1.0], [2.0]], mg.float32),
        ([], mg.float32),
        (np.float64(1.5), mg.float64),
        (np.zeros(2), mg.float64),
        (np.zeros(2, np.uint8), mg.uint8),
        (np.zeros(2, np.int32), mg.int32),
    ],
)
def test_dtype_of_data(data, dtype):
    assert mg.tensor(data).dtype == dtype


def test_a_tensor_s_dtype_and_device_stay():
    made = mg.tensor(fixed([1.0], mg.float64))
    assert (made.dtype, made.device) == (mg.float64, "reference")


@pytest.mark.parametrize("dtype", [mg.float64, "float64", np.float64, np.dtype("f8")])
def test_a_dtype_has_many_names(dtype):
    assert mg.tensor([1], dtype=dtype).dtype == mg.float64


def test_python_s_own_types_stand_for_the_usual_dtypes():
    assert mg.tensor([1.7], dtype=int).tolist() == [1]
    assert mg.tensor([2], dtype=bool).tolist() == [True]


def test_a_list_of_tensors_becomes_one():
    assert mg.tensor([fixed([1.0, 2.0]), fixed([3.0, 4.0])]).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_tensor_copies():
    array = np.zeros(2)
    made = mg.tensor(array)
    array[0] = 1.0
    assert made.tolist() == [0.0, 0.0]


def test_tensor_copies_a_tensor_off_the_tape():
    source = mg.tensor([1.0], requires_grad=True)
    made = mg.tensor(source)
    assert made.is_leaf
    assert not made.requires_grad
    assert not np.shares_memory(made.array, source.array)


@pytest.mark.parametrize("dtype", [np.float16, np.complex64, np.uint32, "U3", object])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(DTypeError, match="is not supported; use one of float32, float64, int64, int32, uint8, bool"):
        mg.tensor(np.zeros(2, dtype))


def test_what_is_no_dtype_is_refused():
    with pytest.raises(DTypeError, match="'colour' is not a dtype"):
        mg.tensor([1], dtype="colour")


@pytest.mark.parametrize("data", ["text", None, [None], ["a"], [1, "a"], object(), {1: 2}])
def test_what_is_no_number_is_refused(data):
    with pytest.raises(DTypeError, match="tensor: numbers are required"):
        mg.tensor(data)


def test_ragged_lists_are_refused():
    with pytest.raises(ShapeError, match="nested lists must be of equal lengths"):
        mg.tensor([[1, 2], [3]])


def test_only_floats_require_gradients():
    with pytest.raises(DTypeError, match=r"only float tensors have gradients; this is int64\[2\]"):
        mg.tensor([1, 2], requires_grad=True)


def test_only_leaves_are_told_whether_they_require_a_gradient():
    made = fixed([1.0]).requires_grad_() + 1.0
    with pytest.raises(GraphError, match="only leaves can be told; this one was made by add"):
        made.requires_grad_(False)


def test_requires_grad_gives_the_tensor_back():
    x = fixed([1.0])
    assert x.requires_grad_() is x
    assert not x.requires_grad_(False).requires_grad


def test_shape_and_its_relatives():
    x = fixed([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert x.shape == x.size() == (2, 3)
    assert x.size(-1) == len(x[0]) == 3
    assert x.ndim == x.dim() == len(x) == 2
    assert x.numel() == 6


def test_item_is_a_python_number():
    assert type(fixed([[2.5]]).item()) is float
    assert type(fixed(2).item()) is int
    assert type(fixed(True).item()) is bool


def test_item_of_several_elements_is_refused():
    with pytest.raises(ShapeError, match=r"item: a tensor of one element is required, this is float32\[2\]"):
        fixed([1.0, 2.0]).item()


def test_conversions_to_python_s_numbers():
    assert bool(fixed([0.0])) is False
    assert bool(fixed(3)) is True
    assert float(fixed(3)) == 3.0
    assert int(fixed(3.7)) == 3


def test_the_truth_of_several_elements_is_refused():
    with pytest.raises(ShapeError, match="one element"):
        bool(fixed([1.0, 2.0]))


def test_an_integer_tensor_is_an_index():
    assert [10, 20, 30][fixed(1)] == 20


def test_a_float_tensor_is_no_index():
    with pytest.raises(DTypeError, match=r"index: an integer tensor is required, this is float32\[\]"):
        [10, 20, 30][fixed(1.0)]


def test_iteration_goes_along_the_first_axis():
    assert [row.tolist() for row in fixed([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]


def test_iteration_over_rows_is_recorded():
    x = fixed([1.0, 2.0]).requires_grad_()
    first, second = x
    (first * 3.0 + second * 5.0).backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_a_scalar_has_no_length_and_no_rows():
    with pytest.raises(ShapeError, match="a 0-d tensor has no length"):
        len(fixed(1.0))
    with pytest.raises(ShapeError, match="a 0-d tensor has no length"):
        iter(fixed(1.0))


def test_a_tensor_is_a_key_by_identity():
    x, y = fixed([1.0]), fixed([1.0])
    table = {x: "x", y: "y"}
    assert (table[x], table[y]) == ("x", "y")


def test_a_foreign_array_must_be_wrapped():
    for operate in (lambda a, t: a + t, lambda a, t: t + a, lambda a, t: a * t, lambda a, t: t - a):
        with pytest.raises(DTypeError, match=r"NumPy array must be wrapped first; write minigrad.from_numpy\(array\)"):
            operate(np.ones(2), fixed([1.0, 2.0]))


def test_a_number_of_numpy_s_is_a_number():
    assert (np.float32(2.0) * fixed([1.0, 2.0])).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (mg.tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (mg.tensor(3), "tensor(3)"),
        (mg.tensor([True]), "tensor([ True])"),
        (mg.tensor([1, 2], dtype=mg.uint8), "tensor([1, 2], dtype=uint8)"),
        (mg.tensor([1.0], dtype=mg.float64), "tensor([1.], dtype=float64)"),
        (mg.tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
        (fixed([1.0]), "tensor([1.], device='reference')"),
        (fixed([1.0]).requires_grad_() * 2.0, "tensor([2.], device='reference', grad_fn=<mul>)"),
        (mg.nn.Parameter(mg.tensor([[1.0], [2.0]])), "Parameter([[1.],\n           [2.]], requires_grad=True)"),
        (mg.nn.Buffer(mg.tensor([1, 2])), "tensor([1, 2])"),
    ],
)
def test_repr(made, text):
    assert repr(made) == text


def test_repr_of_a_large_tensor_is_short():
    assert len(repr(mg.tensor(np.zeros((100, 100))))) < 500


def test_a_parameter_is_a_leaf_that_requires_a_gradient():
    weight = mg.nn.Parameter(fixed([1.0, 2.0]).requires_grad_() * 2.0)
    assert weight.is_leaf
    assert weight.requires_grad
    assert not mg.nn.Parameter(fixed([1.0]), requires_grad=False).requires_grad


def test_a_parameter_is_contiguous():
    assert mg.nn.Parameter(fixed([[1.0, 2.0], [3.0, 4.0]]).T).array.flags.c_contiguous


def test_an_integer_parameter_is_refused():
    with pytest.raises(DTypeError, match="only float tensors have gradients"):
        mg.nn.Parameter(fixed([1, 2]))


def test_a_buffer_requires_no_gradient():
    assert not mg.nn.Buffer(fixed([1.0]).requires_grad_()).requires_grad


def test_set_num_threads_wants_a_positive_integer():
    for count in (0, -1, 1.0, True, "2"):
        with pytest.raises(DataError, match=r"set_num_threads: an integer in \[1, 1024\] is required"):
            mg.set_num_threads(count)


def through_pickle(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle])
def test_copies_of_leaves_are_tensors_of_their_own(duplicate):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    other = duplicate(x)
    assert (other.tolist(), other.requires_grad, other.grad.tolist()) == ([1.0, 2.0], True, [2.0, 4.0])
    assert (x + other).tolist() == [2.0, 4.0]
    assert not np.shares_memory(x.array, other.array)
    with pytest.raises(GraphError, match=r"copy, pickle: only leaves can be; this tensor was made by mul, detach it"):
        duplicate(x * 2.0)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle])
def test_copies_of_modules_compute_the_same_with_weights_of_their_own(duplicate):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    other, images = duplicate(net), mg.ones(2, 1, 4, 4)
    assert other(images).tolist() == net(images).tolist()
    assert [type(p) for p in other.parameters()] == [nn.Parameter] * 6
    nn.init.zeros_(other[4].weight)
    assert net[4].weight.detach().numpy().any()
