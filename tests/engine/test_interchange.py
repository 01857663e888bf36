import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import DTypeError, GraphError


class Elsewhere:
    """Somebody's array: all that is known of it is that it speaks DLPack."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_from_numpy_shares_memory():
    array = np.zeros((2, 3), np.float32)
    made = mg.from_numpy(array)
    array[1, 2] = 5.0
    assert made[1, 2].item() == 5.0


def test_from_numpy_takes_strided_and_read_only_arrays():
    array = np.arange(6.0).reshape(2, 3)[:, ::-2]
    array.flags.writeable = False
    made = mg.from_numpy(array)
    assert made.tolist() == [[2.0, 0.0], [5.0, 3.0]]
    assert np.shares_memory(made.numpy(), array)


def test_from_numpy_wants_an_array():
    with pytest.raises(DTypeError, match=r"a NumPy array is required, this is list; use minigrad\.tensor"):
        mg.from_numpy([1.0])


def test_from_numpy_wants_one_of_our_dtypes():
    with pytest.raises(DTypeError, match="float16 is not supported"):
        mg.from_numpy(np.zeros(2, np.float16))


def test_numpy_shares_memory():
    made = mg.tensor([1.0, 2.0])
    made.numpy()[0] = 5.0
    assert made.tolist() == [5.0, 2.0]


def test_asarray_shares_memory():
    made = mg.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(made), made.array)


def test_an_array_outlives_its_tensor():
    array = np.asarray(mg.tensor([1.0, 2.0]))
    assert array.tolist() == [1.0, 2.0]


def test_array_copies_and_converts():
    made = mg.tensor([1.0, 2.0])
    converted = np.array(made, dtype=np.float64)
    assert converted.dtype == np.float64
    assert not np.shares_memory(np.array(made), made.array)


def test_a_conversion_that_must_not_copy_fails_where_it_has_to():
    with pytest.raises(ValueError, match="copy"):
        np.asarray(mg.tensor([1.0]), dtype=np.float64, copy=False)


@pytest.mark.parametrize("export", [lambda t: t.numpy(), np.asarray, np.from_dlpack], ids=["numpy", "array", "dlpack"])
def test_a_tensor_that_requires_a_gradient_is_detached_first(export):
    with pytest.raises(GraphError, match=r"write t\.detach\(\)\.numpy\(\)"):
        export(mg.tensor([1.0], requires_grad=True))


def test_dlpack_out_shares_memory():
    made = mg.tensor([1.0, 2.0])
    assert np.shares_memory(np.from_dlpack(made), made.array)


def test_dlpack_in_shares_memory():
    array = np.zeros(3, np.float32)
    made = mg.from_dlpack(Elsewhere(array))
    array[0] = 5.0
    assert made.tolist() == [5.0, 0.0, 0.0]


def test_dlpack_takes_our_own_tensors():
    made = mg.tensor([[1, 2], [3, 4]])
    assert mg.from_dlpack(made.T).tolist() == [[1, 3], [2, 4]]


def test_tolist_gives_python_s_numbers():
    assert mg.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert type(mg.tensor([1]).tolist()[0]) is int


def test_moving_copies_and_staying_does_not():
    made = mg.tensor([1.0])
    assert made.to("cpu") is made
    moved = made.to("reference")
    assert moved.device == "reference"
    assert not np.shares_memory(moved.array, made.array)
