"""What looks unusual and is right: checks of types must not refuse it. The names are those of the bad calls."""

import json
from fractions import Fraction

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.errors import DTypeError, MinigradError
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler
from tests.errors.values import Names

PAIRS = (
    ("mg.sum(x, np.int64(1), np.bool_(True))", "mg.sum(x, 1, True)"),
    ("mg.norm(x, np.float32(3))", "mg.norm(x, 3)"),
    ("mg.add(x, x, alpha=np.array(2.0))", "mg.add(x, x, alpha=2.0)"),
    ("mg.add(x, x, alpha=mg.tensor(2.0))", "mg.add(x, x, alpha=2.0)"),
    ("mg.arange(np.array(3))", "mg.arange(3)"),
    ("mg.arange(0, 1, Fraction(1, 4))", "mg.arange(0, 1, 0.25)"),
    ("mg.full((2,), np.array(3.0, np.float32))", "mg.full((2,), 3.0)"),
    ("mg.full((2,), mg.tensor(3.0))", "mg.full((2,), 3.0)"),
    ("mg.full((2,), Fraction(1, 2))", "mg.full((2,), 0.5)"),
    ("init.constant_(x, np.array(2.0))", "init.constant_(x, 2.0)"),
    ("F.pad(x, np.array([1, 1]), value=np.array(2.0))", "F.pad(x, (1, 1), value=2.0)"),
    ("F.pad(x, (1, 1), 'reflect', np.array(0.0))", "F.pad(x, (1, 1), 'reflect')"),
    ("F.leaky_relu(-x, np.array(0.5))", "F.leaky_relu(-x, 0.5)"),
    ("F.dropout(x, np.float64(0.5), np.bool_(False))", "x"),
    ("F.max_pool2d(image, np.int64(2), ceil_mode=np.bool_(True))", "F.max_pool2d(image, 2, ceil_mode=True)"),
    ("F.multi_margin_loss(x, classes, p=np.int64(2))", "F.multi_margin_loss(x, classes, p=2)"),
    ("mg.stack(map(mg.neg, [x, x]))", "mg.stack([-x, -x])"),
    ("mg.cat({'one': x, 'two': x}.values())", "mg.cat([x, x])"),
)


@pytest.mark.parametrize(("unusual", "usual"), PAIRS)
def test_what_numpy_and_fractions_say_is_what_python_says(unusual, usual):
    found, wanted = (Names(Fraction=Fraction).run(call) for call in (unusual, usual))
    assert found.dtype == wanted.dtype
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    "call",
    [
        "model.train(np.bool_(True))",
        "model.requires_grad_(np.bool_(False))",
        "models.MLP(np.array([3, 4, 4]), np.int64(3), 2)",
        "models.CifarResNet(np.int64(8), pixels.shape[1:], 2, np.float32(0.1))",
        "data.ArrayDataset(array, classes=np.array(['one', 'two']))",
        "data.ArrayDataset(array, classes={'one': 1}.keys())",
        "data.split(examples, np.array([2, 2]), seed=0)",
        "data.split(examples, [Fraction(1, 2), Fraction(1, 2)], seed=0)",
        "data.RandomHorizontalFlip(np.float32(0.5))",
        "lr_scheduler.SequentialLR(adam, [step_lr, other_step_lr], np.array([3]))",
        "lr_scheduler.LambdaLR(adam, lambda t: t < 3)",
        "testing.gradcheck(mg.exp, [precise], atol=np.array([1e-6]), full=np.bool_(True))",
    ],
)
def test_it_is_taken(call):
    Names(Fraction=Fraction).run(call)


def test_settings_of_an_optimiser_are_kept_as_python_s():
    """So that checkpoints can hold them."""
    group = {"params": mg.ones(2, requires_grad=True), "lr": np.array(0.5), "eps": np.float32(0.25)}
    adam = optim.Adam([group], amsgrad=np.bool_(True))
    held = {name: value for name, value in adam.param_groups[0].items() if name != "params"}
    assert json.loads(json.dumps(held)) | {"lr": 0.5, "eps": 0.25, "amsgrad": True} == {**held, "betas": [0.9, 0.999]}


def test_a_count_of_steps_is_taken_out_of_its_array():
    parameter = mg.ones(2, requires_grad=True)
    adam = optim.Adam([parameter], 0.1)
    state = adam.state_dict() | {"state": {0: {"step": np.array(3)}}}
    adam.load_state_dict(state)
    parameter.sum().backward()
    adam.step()
    assert state["state"][0]["step"] == 3
    assert type(adam.state_dict()["state"][0]["step"]) is int


def test_a_schedule_without_a_rate_stays_where_it_was():
    adam = optim.Adam([mg.ones(2, requires_grad=True)], 0.1)
    schedule = lr_scheduler.LambdaLR(adam, lambda t: 0.5 if t < 2 else None)
    schedule.step()
    with pytest.raises(MinigradError, match="LambdaLR: what lr_lambda returns must be a number, got None"):
        schedule.step()
    assert (schedule.t, schedule.get_last_lr()) == (1, [0.05])


def test_a_rate_beyond_all_floats_leaves_the_schedule():
    adam = optim.Adam([mg.ones(2, requires_grad=True)], 0.1)
    schedule = lr_scheduler.ExponentialLR(adam, 1e300)
    with pytest.raises(MinigradError, match="ExponentialLR: the rate at t = 2 is too large; use smaller factors"):
        schedule.load_state_dict({"t": 2})
    assert (schedule.t, schedule.get_last_lr()) == (0, [0.1])


def test_a_row_takes_all_layers_or_none():
    row = nn.ModuleList([nn.ReLU()])
    with pytest.raises(MinigradError, match="ModuleList: layer 2 must be a Module, this is int"):
        row.extend([nn.Tanh(), 3])
    assert len(row) == 1


@pytest.mark.parametrize("call", ["mg.rand(2, requires_grad='text')", "mg.rand(2, dtype=mg.int64)"])
def test_a_tensor_that_is_refused_draws_nothing(call):
    before = mg.get_rng_state()
    with pytest.raises(DTypeError, match=r"^rand: (requires_grad must be True or False|tensor must be float)"):
        Names().run(call)
    assert mg.get_rng_state() == before


@pytest.mark.parametrize("name", ["zero\0byte", "long" * 2_000, "\ud800"])
@pytest.mark.parametrize(
    "use",
    [
        train.load_weights,
        train.load_history,
        lambda path: train.save_weights(path, {}),
        lambda path: train.save_history(train.History(), path),
        train.Checkpoints,
        lambda path: data.ImageFolder(path, 8),
    ],
)
def test_a_path_that_cannot_be_is_an_error_of_ours(name, use):
    with pytest.raises(MinigradError, match="must be a path that can be used here, got"):
        use(name)


def test_a_folder_is_no_file_to_write(tmp_path):
    with pytest.raises(MinigradError, match="this is a folder; name a file in it"):
        train.save_weights(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_can_be_is_written(tmp_path):
    path = tmp_path / ("é" * 120)
    assert train.save_weights(path, {"é": mg.ones(2)}, {"é": "ü"}) == path
    weights, metadata = train.load_weights(path)
    assert (list(weights), metadata) == (["é"], {"é": "ü"})
    assert list(tmp_path.iterdir()) == [path]


def test_a_test_set_that_could_not_log_is_not_read(tmp_path):
    model, examples = (Names().run(name) for name in ("model", "examples"))
    locked = train.LockedTestSet(examples, log=tmp_path / "nowhere" / "log")
    with pytest.raises(MinigradError, match="the log must be a file in a folder that is there; nothing was read"):
        locked.score(model, 2)
    assert locked.reads == 0


def trained(**changes):
    """What fit makes of the usual arguments, but for these."""
    names = Names()
    settings = {name: names.run(name) for name in ("model", "examples", "sgd")}
    usual = {"model": settings["model"], "train": settings["examples"], "validation": settings["examples"]}
    usual |= {"epochs": 1, "optimizer": settings["sgd"], "batch_size": 2, "progress": False}
    return train.fit(**usual | changes)


def test_examples_without_labels_are_named():
    images = data.ArrayDataset(np.ones((4, 3), np.float32))
    with pytest.raises(MinigradError, match="fit: an example must be an input and a label, this data set gives 1 "):
        trained(train=images)


def test_a_loss_that_is_no_tensor_is_named():
    with pytest.raises(MinigradError, match="fit: what loss returns must be a Tensor, this is float"):
        trained(loss=lambda scores, labels: F.cross_entropy(scores, labels).item())


def test_checkpoints_in_place_of_a_file_are_an_error_of_ours(tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(MinigradError, match=r"Checkpoints: .* cannot be made a folder: File exists"):
        trained(checkpoints=train.Checkpoints(file))
    assert file.read_text() == "text"
