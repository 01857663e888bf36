"""Tensors without elements, without axes, with NaN; views; the strided in-place update."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import autograd
from minigrad.nn import functional as F
from minigrad.ops.update import copy_

NAN = float("nan")


def zeros(*shape):
    return mg.zeros(*shape, requires_grad=True)


@pytest.mark.parametrize(
    ("result", "shape"),
    [
        (lambda: F.conv2d(zeros(0, 3, 5, 5), zeros(4, 3, 3, 3)), (0, 4, 3, 3)),
        (lambda: F.conv2d(zeros(2, 3, 5, 5), zeros(0, 3, 3, 3)), (2, 0, 3, 3)),
        (lambda: F.conv2d(zeros(2, 0, 5, 5), zeros(4, 0, 3, 3), zeros(4)), (2, 4, 3, 3)),
        (lambda: F.max_pool2d(zeros(0, 3, 4, 4), 2), (0, 3, 2, 2)),
        (lambda: F.avg_pool2d(zeros(2, 0, 4, 4), 2), (2, 0, 2, 2)),
        (lambda: F.adaptive_avg_pool2d(zeros(0, 3, 5, 4), 2), (0, 3, 2, 2)),
        (lambda: F.adaptive_max_pool2d(zeros(2, 0, 5, 4), 2), (2, 0, 2, 2)),
        (lambda: F.batch_norm(zeros(0, 3, 2), None, None, zeros(3), zeros(3), training=True), (0, 3, 2)),
        (lambda: F.layer_norm(zeros(2, 0), 0), (2, 0)),
        (lambda: F.local_response_norm(zeros(2, 0, 3), 5), (2, 0, 3)),
        (lambda: mg.matmul(zeros(2, 0), zeros(0, 3)), (2, 3)),
        (lambda: mg.matmul(zeros(0, 2, 3), zeros(3, 4)), (0, 2, 4)),
        (lambda: mg.matmul(zeros(0), zeros(0)), ()),
        (lambda: F.linear(zeros(0, 3), zeros(4, 3), zeros(4)), (0, 4)),
        (lambda: zeros(0, 3).sum(0), (3,)),
        (lambda: zeros(0, 3).amax(1), (0,)),
        (lambda: mg.log_softmax(zeros(0, 3), 1), (0, 3)),
        (lambda: F.cross_entropy(zeros(0, 3), mg.zeros(0, dtype=mg.int64), reduction="sum"), ()),
        (lambda: mg.cat([zeros(0, 3), zeros(2, 3)]), (2, 3)),
        (lambda: mg.stack([zeros(0), zeros(0)]), (2, 0)),
        (lambda: zeros(3)[3:], (0,)),
        (lambda: zeros(0, 1).expand(0, 5), (0, 5)),
        (lambda: F.pad(zeros(0, 2), (1, 1)), (0, 4)),
        (lambda: F.dropout(zeros(0)), (0,)),
        (lambda: zeros(2, 0) + zeros(0), (2, 0)),
    ],
)
def test_no_elements_are_no_special_case(result, shape):
    out = result()
    assert out.shape == shape
    assert not out.detach().numpy().any()
    out.sum().backward()


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(zeros(0).mean().item())
    assert np.isnan(F.cross_entropy(zeros(0, 3), mg.zeros(0, dtype=mg.int64)).item())


def test_no_axes_are_no_special_case():
    x = mg.tensor(3.0, requires_grad=True)
    y = (x * x + mg.exp(x) / 2).sum().amax().reshape(1).squeeze()
    y.backward()
    assert (x.shape, y.shape, x.grad.shape) == ((), (), ())
    assert x.grad.item() == pytest.approx(6 + np.exp(3) / 2)
    assert [tuple(t.shape) for t in (x.flatten(), x[None], x[...], x.permute(), x.expand(2))] == [
        (1,),
        (1,),
        (),
        (),
        (2,),
    ]


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_nan_propagates(device):
    x = mg.tensor([1.0, NAN, -1.0], device=device)
    for out in (mg.relu(x), mg.maximum(x, 0.0), mg.minimum(0.0, x), mg.tanh(x), mg.where(x == x, x, x)):
        assert np.isnan(out.numpy()).tolist() == [False, True, False]
    assert all(np.isnan(out.item()) for out in (x.sum(), x.amax(), x.max(), x.max(0).values, x.mean()))
    assert (x.argmax().item(), x.max(0).indices.item()) == (1, 1)
    assert (x < NAN).tolist() == (x == NAN).tolist() == [False, False, False]
    assert np.isnan(mg.log_softmax(x, 0).numpy()).all()


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_nan_propagates_through_windows(device):
    image = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    image[0, 0, 0, 1] = NAN
    x = mg.tensor(image, device=device)
    out, indices = F.max_pool2d(x, 2, return_indices=True)
    assert np.isnan(out.numpy()).ravel().tolist() == [True, False, False, False]
    assert indices.numpy().ravel().tolist() == [1, 7, 13, 15]
    for pooled in (F.avg_pool2d(x, 2), F.conv2d(x, mg.ones(1, 1, 2, 2, device=device), stride=2)):
        assert np.isnan(pooled.numpy()).ravel().tolist() == [True, False, False, False]


def test_a_nan_takes_the_gradient_of_the_maximum():
    x, y = mg.tensor([NAN, 1.0], requires_grad=True), mg.tensor([0.0, NAN], requires_grad=True)
    mg.maximum(x, y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_a_view_shares_memory_and_version():
    x = mg.zeros(2, 3)
    views = (x.reshape(3, 2), x.transpose(0, 1), x[1], x[:, ::2], x.expand(4, 2, 3), x.unsqueeze(0), x.flatten())
    autograd.apply_in_place(autograd.FILL, (x,), (7,))
    assert all((view.numpy() == 7).all() and view.version is x.version for view in views)


def test_what_works_in_place_works_through_a_view():
    x = mg.tensor(np.zeros((3, 4)))
    copy_(x.transpose(0, 1)[::-2], mg.ones(2, 3, dtype=mg.float64))
    assert x.tolist() == [[0, 1, 0, 1]] * 3
    assert x.version.count == 1


def test_read_only_memory_is_read():
    array = np.arange(3.0)
    array.flags.writeable = False
    x = mg.from_numpy(array).requires_grad_()
    (x * x).sum().backward()
    assert x.grad.tolist() == [0, 2, 4]
