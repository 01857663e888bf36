"""PyTorch's tensors come and go without a copy: where PyTorch is installed."""

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")
DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_of_pytorch_comes_without_a_copy(dtype):
    theirs = torch.arange(6).reshape(2, 3).to(getattr(torch, dtype))
    ours = mg.from_dlpack(theirs)
    theirs[1, 2] = 0
    assert (ours.dtype.name, ours.shape) == (dtype, (2, 3))
    assert ours.numpy()[1, 2] == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_goes_to_pytorch_without_a_copy(dtype):
    ours = mg.from_numpy(np.arange(6).reshape(2, 3).astype(dtype))
    theirs = torch.from_dlpack(ours)
    theirs[0, 1] = 0
    assert (str(theirs.dtype), tuple(theirs.shape)) == (f"torch.{dtype}", (2, 3))
    assert ours.numpy()[0, 1] == 0


def test_strided_and_empty_tensors_come_and_go():
    theirs = torch.arange(12.0).reshape(3, 4).t()[1:, ::2]
    ours = mg.from_dlpack(theirs)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    back = torch.from_dlpack(ours.permute(1, 0))
    assert back.data_ptr() == theirs.data_ptr()
    assert mg.from_dlpack(torch.zeros(0, 3)).shape == (0, 3)


def test_memory_lives_as_long_as_somebody_looks_at_it():
    ours = mg.from_dlpack(torch.full((1000,), 3.0))
    theirs = torch.from_dlpack(mg.full((1000,), 4.0))
    assert ours.numpy().min() == ours.numpy().max() == 3
    assert theirs.min() == theirs.max() == 4


def test_numpy_is_a_way_too():
    assert mg.tensor(np.asarray(torch.tensor([1.5, 2.5]))).tolist() == [1.5, 2.5]
    assert torch.from_numpy(np.asarray(mg.tensor([1.5, 2.5]))).tolist() == [1.5, 2.5]


def test_gradients_cross_by_hand():
    """A loss of PyTorch's on our logits: its gradient is the seed of our backward pass."""
    weight = mg.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    logits = mg.tensor([[1.0, 2.0]]) @ weight
    theirs = torch.from_dlpack(logits.detach()).requires_grad_()
    torch.nn.functional.cross_entropy(theirs, torch.tensor([1])).backward()
    logits.backward(mg.from_dlpack(theirs.grad))
    same = mg.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    mg.nn.functional.cross_entropy(mg.tensor([[1.0, 2.0]]) @ same, mg.tensor([1])).backward()
    np.testing.assert_allclose(weight.grad.numpy(), same.grad.numpy(), rtol=1e-6)
