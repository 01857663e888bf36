"""Borrowing memory by DLPack: nothing is copied, and the lender gets it back once."""

import ctypes

import pytest

import minigrad as mg
from minigrad import dtypes
from minigrad.backends.base import get_backend
from minigrad.errors import DeviceError, DTypeError, GraphError
from minigrad.ops.update import copy_
from minigrad_kernels.cuda import dlpack

FLOAT32 = (2, 32, 1)
LENDING = []  # so that a lender outlives what it lends


class Lender:
    """Another library's six numbers on the GPU: 0 to 5 in two rows, or what is said of them."""

    def __init__(self, kind=FLOAT32, device=(dlpack.CUDA, 0), strides=None, start=0, name=b"dltensor", shape=(2, 3)):
        self.memory = mg.arange(6, dtype=mg.float32, device="cuda")
        mg.cuda.synchronize()
        self.lists = [(ctypes.c_int64 * len(shape))(*shape), strides and (ctypes.c_int64 * len(strides))(*strides)]
        pointers = [ctypes.cast(numbers, ctypes.POINTER(ctypes.c_int64)) for numbers in self.lists]
        self.returned = 0
        self.deleter = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(self.take_back)
        where = dlpack.Tensor(self.memory.array.address, *device, len(shape), *kind, *pointers, start)
        self.managed = dlpack.Managed(where, None, ctypes.cast(self.deleter, ctypes.c_void_p))
        self.capsule = dlpack.new(ctypes.addressof(self.managed), name, None)
        self.stream = None
        LENDING.append(self)

    def take_back(self, address):
        assert address == ctypes.addressof(self.managed)
        self.returned += 1

    def __dlpack__(self, stream):
        self.stream = stream
        return self.capsule

    def __dlpack_device__(self):
        return (dlpack.CUDA, 0)

    def is_still_to_be_taken(self):
        return dlpack.is_valid(id(self.capsule), dlpack.NAME)


def test_rows_without_strides_are_rows():
    assert mg.from_dlpack(Lender()).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("strides", "start", "expected"),
    [
        ((1, 2), 0, [[0, 2, 4], [1, 3, 5]]),
        ((1, 1), 4, [[1, 2, 3], [2, 3, 4]]),
        ((-3, -1), 20, [[5, 4, 3], [2, 1, 0]]),
        ((0, 2), 4, [[1, 3, 5], [1, 3, 5]]),
    ],
)
def test_strides_and_an_offset(strides, start, expected):
    taken = mg.from_dlpack(Lender(strides=strides, start=start))
    assert taken.tolist() == expected
    assert (taken + 1).sum().item() == sum(map(sum, expected)) + 6


def test_nothing_and_a_number():
    assert mg.from_dlpack(Lender(shape=(0, 3))).shape == (0, 3)
    assert mg.from_dlpack(Lender(shape=(), start=8)).item() == 2


def test_the_lender_is_told_who_reads():
    lender = Lender()
    mg.from_dlpack(lender)
    assert lender.stream not in (None, 0, 1, 2)


def test_the_lender_gets_it_back_once_when_the_last_view_dies(log):
    lender = Lender()
    taken = mg.from_dlpack(lender)
    assert not lender.is_still_to_be_taken()
    part = taken[1:].T
    del taken
    assert lender.returned == 0
    assert part.tolist() == [[3], [4], [5]]
    log.clear()
    del part
    assert lender.returned == 1
    assert log == ["synchronize"]


def test_a_capsule_can_be_taken_once():
    lender = Lender()
    taken = mg.from_dlpack(lender)
    with pytest.raises(DeviceError) as caught:
        mg.from_dlpack(lender)
    assert str(caught.value) == (
        "from_dlpack: a capsule 'dltensor' is required, of DLPack before version 1, that nobody has taken yet"
    )
    del taken
    assert lender.returned == 1


REFUSED = {
    "version": (
        {"name": b"dltensor_versioned"},
        DeviceError,
        "from_dlpack: a capsule 'dltensor' is required, of DLPack before version 1, that nobody has taken yet",
    ),
    "device": (
        {"device": (1, 0)},
        DeviceError,
        "from_dlpack: memory of DLPack's device (2, 0) is required, got (1, 0)",
    ),
    "index": (
        {"device": (2, 1)},
        DeviceError,
        "from_dlpack: memory of DLPack's device (2, 0) is required, got (2, 1)",
    ),
    "float16": ({"kind": (2, 16, 1)}, DTypeError, "dtype: float16 is not supported; use one of "),
    "complex64": ({"kind": (5, 64, 1)}, DTypeError, "dtype: complex64 is not supported; use one of "),
    "bfloat16": ({"kind": (4, 16, 1)}, DTypeError, "dtype: 'bfloat16' is not a dtype; use one of "),
    "vectors": ({"kind": (2, 32, 4)}, DTypeError, "dtype: 'float32 x 4' is not a dtype; use one of "),
    "unknown": ({"kind": (9, 8, 1)}, DTypeError, "dtype: 'DLPack 9 of bits 8' is not a dtype; use one of "),
}


@pytest.mark.parametrize(("given", "error", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_stays_the_lender_s(given, error, line):
    lender = Lender(**given)
    with pytest.raises(error) as caught:
        mg.from_dlpack(lender)
    assert str(caught.value).startswith(line)
    assert lender.returned == 0
    assert lender.is_still_to_be_taken() or "name" in given


def test_an_address_between_elements_is_refused():
    with pytest.raises(DeviceError, match="from_dlpack: float32 at an address that is a multiple of its size"):
        mg.from_dlpack(Lender(start=2))


@pytest.mark.parametrize(("device", "name"), [((2, 1), "cuda:1"), ((10, 0), "DLPack's 10:0")])
def test_other_devices_are_not_there(device, name):
    class Elsewhere:
        def __dlpack_device__(self):
            return device

    with pytest.raises(DeviceError, match=f"^device: ['\"]{name}['\"] is not "):
        mg.from_dlpack(Elsewhere())


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda dtype: dtype.name)
def test_there_and_back_is_one_memory(dtype):
    ours = mg.arange(24, device="cuda").reshape(2, 3, 4).to(dtype)
    for lent in (ours, ours.permute(2, 0, 1)[1:, :, ::2], ours[:0]):
        taken = mg.from_dlpack(lent)
        assert (taken.device, taken.dtype, taken.shape) == ("cuda", dtype, lent.shape)
        assert taken.tolist() == lent.tolist()
        copy_(lent, mg.zeros_like(lent))
        assert taken.tolist() == lent.tolist()
    assert not ours.tolist()[1][2][2]


def test_what_is_lent_to_ourselves_is_given_back():
    before = mg.cuda.memory_allocated()
    taken = mg.from_dlpack(mg.ones(1000, device="cuda"))
    assert mg.cuda.memory_allocated() > before
    del taken
    assert mg.cuda.memory_allocated() == before
    assert not dlpack._lent


def test_what_needs_a_gradient_is_not_lent():
    with pytest.raises(GraphError, match=r"write t\.detach\(\)"):
        mg.from_dlpack(mg.ones(2, device="cuda", requires_grad=True))


def test_a_gradient_is_never_kept_in_borrowed_memory():
    borrowed, own = mg.from_dlpack(Lender()).array, mg.ones(2, 3, device="cuda").array
    assert [get_backend("cuda").is_whole(array) for array in (borrowed, own)] == [False, True]
