"""What the device's arrays, memory and copies promise."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad as mg
from minigrad import dtypes, nn, optim
from minigrad.backends.base import Spec, get_backend
from minigrad.errors import DeviceError, GraphError
from minigrad.ops.update import copy_
from minigrad.train import load_weights, save_weights

DTYPES = pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda dtype: dtype.name)
over_layouts = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


@DTYPES
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 4)])
def test_there_and_back(dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    tensor = mg.tensor(array, device="cuda")
    assert (tensor.device, tensor.shape, tensor.dtype) == ("cuda", shape, dtype)
    np.testing.assert_array_equal(tensor.cpu().numpy(), array)
    assert tensor.tolist() == array.tolist()


def test_a_tensor_is_a_copy():
    array = np.ones(3)
    tensor = mg.tensor(array).to("cuda")
    array[:] = 2
    assert tensor.tolist() == [1, 1, 1]


def test_names_of_the_device():
    tensor = mg.ones(2, device="cuda:0")
    assert tensor.device == "cuda"
    assert tensor.cuda() is tensor.to("cuda") is tensor
    assert repr(tensor) == "tensor([1., 1.], device='cuda')"


def test_a_number_is_read_by_copying():
    tensor = mg.tensor([2.5], device="cuda")
    assert (tensor.item(), float(tensor), bool(tensor), len(tensor)) == (2.5, 2.5, True, 1)


@pytest.mark.parametrize("export", [lambda t: t.numpy(), np.asarray], ids=["numpy", "array"])
def test_numpy_is_refused_and_says_what_to_write(export):
    with pytest.raises(DeviceError, match=r"this tensor is on 'cuda'; write t\.cpu\(\)\.numpy\(\)"):
        export(mg.ones(2, device="cuda"))


def test_others_take_the_memory_as_it_is():
    tensor = mg.ones(2, 3, device="cuda").T
    interface = tensor.__cuda_array_interface__
    assert (interface["shape"], interface["strides"], interface["typestr"]) == ((3, 2), (4, 12), "<f4")
    assert interface["data"] == (tensor.array.address, False)
    assert tensor.__dlpack_device__() == (2, 0)
    with pytest.raises(BufferError):
        np.from_dlpack(tensor)
    with pytest.raises(GraphError, match=r"hand on t\.detach\(\)"):
        _ = mg.ones(2, device="cuda", requires_grad=True).__cuda_array_interface__


def test_devices_do_not_mix():
    here, there = mg.ones(2), mg.ones(2, device="cuda")
    with pytest.raises(DeviceError) as caught:
        here + there
    assert str(caught.value) == ("add: tensors on one device are required, got ['cpu', 'cuda']")
    assert (here + there.cpu()).tolist() == (there + here.cuda()).tolist() == [2, 2]


@st.composite
def views(draw):
    """An array, and a basic index and an order of axes that make a view of it."""
    shape = draw(arrays.array_shapes(max_dims=4, max_side=4, min_side=0))
    array = np.arange(np.prod(shape)).reshape(shape).astype(draw(st.sampled_from(dtypes.ALL)))
    index = draw(arrays.basic_indices(shape, allow_newaxis=True))
    view = array[index if isinstance(index, tuple) else (index,)]
    return array, index, draw(st.permutations(range(np.ndim(view))))


@over_layouts
@given(views())
def test_views_are_numpy_s(case):
    array, index, axes = case
    expected = np.asarray(array[index]).transpose(axes)
    tensor = mg.tensor(array, device="cuda")
    view = tensor[index].permute(*axes)
    assert view.array.memory is tensor.array.memory
    np.testing.assert_array_equal(view.cpu().numpy(), expected)
    np.testing.assert_array_equal(view.reshape(-1).cpu().numpy(), expected.reshape(-1))


@over_layouts
@given(views())
def test_what_is_copied_into_a_view_arrives_there_alone(case):
    array, index, axes = case
    tensor, expected = mg.tensor(array, device="cuda"), np.zeros_like(array)
    copy_(tensor, mg.zeros_like(tensor))
    view = tensor[index].permute(*axes)
    copy_(view, mg.ones_like(view))
    expected[index] = 1
    np.testing.assert_array_equal(tensor.cpu().numpy(), expected)


def test_reshape_shares_memory_where_the_strides_allow():
    tensor = mg.tensor(np.arange(24.0).reshape(2, 3, 4), device="cuda")
    assert tensor.T.unsqueeze(1).array.memory is tensor.array.memory
    assert tensor[:, :, ::2].reshape(6, 2).array.memory is tensor.array.memory
    assert tensor.T.reshape(-1).array.memory is not tensor.array.memory


def test_a_leaf_s_gradient_is_its_own_memory():
    x = mg.ones(2, 3, device="cuda", requires_grad=True)
    seed = mg.ones(6, device="cuda")
    x.reshape(6).backward(seed)
    assert x.grad.array.memory is not seed.array.memory
    (x * x).sum().backward()
    assert (x.grad.tolist(), seed.tolist()) == ([[3.0] * 3] * 2, [1.0] * 6)


def test_what_a_gradient_may_keep_is_nobody_else_s_memory():
    backend = get_backend("cuda")
    array = backend.empty(Spec((2, 3), mg.float32))
    assert backend.is_whole(array)
    view = backend.view("reshape", array, ((6,),))
    assert not backend.is_whole(view)
    del array
    assert backend.is_whole(view)
    part = backend.view("slice", view, ((slice(2),),))
    del view
    assert not backend.is_whole(part)


def test_numbers_beside_a_tensor_are_copied_once(log):
    tensor = mg.ones(3, device="cuda")
    tensor * 2.0 + 1.0
    log.clear()
    assert (tensor * 2.0 + 1.0).tolist() == [3, 3, 3]
    assert [entry for entry in log if entry.startswith("copy")] == ["copy to host"]
    assert (tensor * -0.0).tolist() == [0, 0, 0]
    assert np.signbit((tensor * -0.0).tolist()).all()
    assert not np.signbit((tensor * 0.0).tolist()).any()


def test_many_numbers_do_not_pile_up():
    tensor = mg.ones(1, device="cuda")
    for number in range(2100):
        total = tensor * float(number)
    assert total.item() == 2099
    assert mg.cuda.memory_allocated() < 2**20


def test_memory_is_counted_and_used_again():
    mg.cuda.reset_peak_memory_stats()
    before = mg.cuda.memory_allocated()
    tensors = [mg.zeros(2**18, device="cuda") for _ in range(3)]
    assert mg.cuda.memory_allocated() - before == 3 * 2**20
    del tensors
    assert mg.cuda.memory_allocated() == before
    assert mg.cuda.max_memory_allocated() - before == 3 * 2**20
    assert mg.cuda.memory_reserved() >= 3 * 2**20
    mg.cuda.empty_cache()
    assert mg.cuda.memory_reserved() == before


def test_out_of_memory_leaves_everything_usable():
    kept = mg.ones(4, device="cuda")
    with pytest.raises(DeviceError, match=r"^cuda: out of memory: .* are asked for, tensors hold .* are free$"):
        mg.empty(2**42, device="cuda")
    assert (kept + mg.ones(4, device="cuda")).tolist() == [2] * 4


def test_random_numbers_are_those_of_every_device():
    drawn = {}
    for device in ("cuda", "reference"):
        mg.manual_seed(7)
        drawn[device] = [mg.rand(9, device=device), mg.randn(9, device=device), mg.randn(3, device=device)]
        state = mg.get_rng_state()
    assert state == mg.get_rng_state()
    for there, here in zip(drawn["cuda"], drawn["reference"], strict=True):
        np.testing.assert_allclose(there.cpu().numpy(), here.numpy(), rtol=1e-5)


def test_layers_are_made_on_the_device_as_on_a_cpu():
    mg.manual_seed(1)
    here = nn.Linear(5, 4)
    mg.manual_seed(1)
    there = nn.Linear(5, 4, device="cuda")
    assert there.weight.device == "cuda"
    np.testing.assert_allclose(there.weight.tolist(), here.weight.tolist(), rtol=1e-5)


def test_weights_go_between_devices(tmp_path):
    here, there = nn.Linear(3, 2), nn.Linear(3, 2).cuda()
    there.load_state_dict(here.state_dict())
    assert there.weight.device == "cuda"
    assert there.weight.tolist() == here.weight.tolist()
    save_weights(tmp_path / "weights", there.state_dict())
    other = nn.Linear(3, 2)
    other.load_state_dict(load_weights(tmp_path / "weights")[0])
    assert other.weight.tolist() == here.weight.tolist()
    other.load_state_dict(there.state_dict())
    assert (other.weight.device, there.cpu().weight.device) == ("cpu", "cpu")


def test_copies_and_pickles_stay_on_the_device():
    tensor = mg.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    for other in (copy.deepcopy(tensor), pickle.loads(pickle.dumps(tensor))):
        assert (other.device, other.tolist(), other.requires_grad) == ("cuda", [1, 2], True)
        assert other.array.memory is not tensor.array.memory


def test_an_optimiser_s_state_follows_its_parameters():
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters())
    for device in ("cpu", "cuda", "cuda", "cpu"):
        model.to(device)
        optimizer.zero_grad()
        model(mg.ones(1, 3, device=device)).sum().backward()
        optimizer.step()
        assert {state["exp_avg"].device for state in optimizer.state.values()} == {device}
    saved = optimizer.state_dict()
    there = optim.Adam(model.cuda().parameters())
    there.load_state_dict(saved)
    assert {state["exp_avg"].device for state in there.state.values()} == {"cuda"}


def test_synchronize_waits(log):
    mg.cuda.synchronize()
    assert log[-1] == "synchronize"


def test_a_gpu_is_there():
    assert mg.cuda.is_available()
    assert mg.cuda.device_count() == 1
