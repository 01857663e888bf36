import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.autograd import Op, apply
from minigrad.backends.base import get_backend
from minigrad.errors import DataError, DeviceError, GraphError
from minigrad.testing import DivergenceError, compare, replay


def step(dtype=mg.float32):
    """A training step of a small ConvNet with dropout."""
    mg.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3), nn.Flatten()),
        nn.Linear(36, 3),
    ).to(dtype)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images = mg.from_numpy(np.random.default_rng(0).standard_normal((4, 1, 8, 8))).to(dtype)
    for _ in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), mg.tensor([0, 1, 2, 0]))
        loss.backward()
        optimizer.step()
    return [parameter.numpy().tobytes() for parameter in model.state_dict().values()]


@pytest.fixture
def broken(monkeypatch):
    """Give one kernel of the CPU, by the name of its op, a mistake."""

    def plant(name, mistake):
        backend = get_backend("cpu")
        op = next(op for op in backend.kernels() if op.name == name)
        kernel = backend.kernels()[op]

        def function(*arguments):
            kernel.function(*arguments)
            mistake(arguments[0])

        monkeypatch.setitem(backend._kernels, op, kernel._replace(function=function))

    return plant


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_a_training_step_agrees_and_is_as_it_would_be(dtype, tmp_path):
    before = step(dtype)
    with compare("cpu", "reference", folder=tmp_path):
        assert step(dtype) == before
    assert list(tmp_path.iterdir()) == []
    assert "run" not in vars(get_backend("cpu"))


def add_one(array):
    array.reshape(-1)[-1] += 1


@pytest.mark.parametrize("name", ["conv2d", "batch_norm_input_grad", "softmax_loss", "sgd", "max_pool2d"])
def test_the_first_op_that_differs_is_named_and_saved(name, broken, tmp_path):
    broken(name, add_one)
    message = rf"^{name}: cpu and reference differ at output 0, index \("
    with pytest.raises(DivergenceError, match=message) as caught, compare("cpu", "reference", folder=tmp_path):
        step()
    assert caught.value.path == tmp_path / f"divergence-{name}.npz"
    assert f"saved as {caught.value.path}" in str(caught.value)
    assert "run" not in vars(get_backend("cpu"))
    table = replay(caught.value.path)
    assert table.startswith(f"{name}(")
    assert float(table.splitlines()[2].split()[1]) == pytest.approx(1, rel=1e-3)


def test_a_file_is_replayed_without_the_mistake_and_none_is_overwritten(broken, tmp_path, monkeypatch):
    with monkeypatch.context():
        broken("exp", add_one)
        for _ in range(2):
            with pytest.raises(DivergenceError), compare(folder=tmp_path):
                mg.exp(mg.ones(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["divergence-exp-2.npz", "divergence-exp.npz"]


def test_nan_in_the_wrong_place_differs(broken, tmp_path):
    def spoil(array):
        array[0] = np.nan

    broken("exp", spoil)
    with pytest.raises(DivergenceError, match=r"index \(0,\): nan, not 2.718"), compare(folder=tmp_path):
        mg.exp(mg.ones(3))


def test_the_bound_can_be_chosen(broken, tmp_path):
    def shift(array):
        array += np.float32(0.01)

    broken("exp", shift)
    with compare(folder=tmp_path, rtol=0.1):
        mg.exp(mg.ones(3))
    with pytest.raises(DivergenceError), compare(folder=tmp_path, rtol=1e-3):
        mg.exp(mg.ones(3))


def test_what_cannot_be_compared_is_refused(tmp_path):
    with pytest.raises(GraphError, match="compare: 'cpu' is compared already, or with itself"), compare("cpu", "cpu"):
        pass
    with pytest.raises(GraphError, match="'cpu' is compared already"), compare(folder=tmp_path), compare():
        pass
    # The devices the other way round would call each other without end.
    with (
        pytest.raises(GraphError, match="'cpu' is compared already"),
        compare(folder=tmp_path),
        compare("reference", "cpu"),
    ):
        pass
    mine = Op("mine", ("input",), lambda x: x)
    mg.register_kernel(mine, "cpu", lambda out, x: np.copyto(out, x))
    with (
        pytest.raises(DeviceError, match="mine: the device 'reference' has no kernel for it"),
        compare(folder=tmp_path),
    ):
        apply(mine, (mg.ones(2),))


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "file.npz").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"replay: .*file.npz is no file of `compare`"):
        replay(tmp_path / "file.npz")


def differing(name, add, params=()):
    """An op of a user's, whose kernels differ by what is added."""
    op = Op(name, ("input",), lambda x, *_: x, params=tuple(f"p{n}" for n in range(len(params))))

    def reference(out, x, *given):
        assert [type(one) for one in given] == [type(one) for one in params]
        np.copyto(out, x)

    mg.register_kernel(op, "cpu", lambda out, x, *_: np.add(x, add, out=out))
    mg.register_kernel(op, "reference", reference)
    return op


@pytest.mark.parametrize(
    "param",
    [
        (0, (1, 2)),
        [1],
        {"k": (1,)},
        slice(None, 2),
        np.int64(3),
        np.float32(0.5),
        np.arange(3),
        np.dtype("float32"),
        None,
    ],
)
def test_parameters_of_any_kind_are_replayed_as_they_were(param, tmp_path):
    op = differing("mine", 1, (param,))
    with pytest.raises(DivergenceError) as caught, compare(folder=tmp_path):
        apply(op, (mg.ones(2),), (param,))
    assert replay(caught.value.path, op).startswith(f"mine({param!r},)")


def test_what_cannot_be_saved_differs_all_the_same(tmp_path):
    op = differing("my/op", 1, (object(),))
    with pytest.raises(DivergenceError, match="saved as") as caught, compare(folder=tmp_path / "new"):
        apply(op, (mg.ones(2),), (object(),))
    assert caught.value.path == tmp_path / "new" / "divergence-my_op.npz"
    with pytest.raises(DataError, match=r"the parameter <object object at .*> is of a kind that no file holds"):
        replay(caught.value.path, op)
    (tmp_path / "file").touch()
    with pytest.raises(DivergenceError, match="not saved: "), compare(folder=tmp_path / "file"):
        apply(op, (mg.ones(2),), (object(),))


def test_a_bound_of_0_wants_equal_bits_and_integers_are_always_equal(tmp_path):
    with pytest.raises(DivergenceError, match="with a bound of 0\n"), compare(rtol=0, folder=tmp_path):
        apply(differing("little", 1e-6), (mg.ones(2),))
    with pytest.raises(DivergenceError, match=r"^whole: .* with a bound of 0\n"), compare(folder=tmp_path):
        apply(differing("whole", 1), (mg.full((1,), 2**60, dtype=mg.int64),))
