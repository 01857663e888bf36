import copy
import subprocess
import sys

import numpy as np
import pytest
from onnx import helper

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, ShapeError
from minigrad.interop import load_onnx
from minigrad.nn import functional as F
from minigrad.tensor import Buffer, Parameter
from tests.interop.onnx_models.build import model, small_convnet

IMAGES = np.random.default_rng(1).standard_normal((6, 1, 4, 4)).astype(np.float32)


def loaded(**options):
    return load_onnx(small_convnet().SerializeToString(), **options)


def by_hand():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(32, 3)
    )
    net.load_state_dict(loaded().state_dict() | {"1.num_batches_tracked": np.array(0)})
    return net


def test_weights_are_parameters_and_moments_buffers_under_their_own_names():
    net = loaded()
    assert [name for name, _ in net.named_parameters()] == [
        *("0.weight", "0.bias", "1.weight", "1.bias", "5.weight", "5.bias")
    ]
    assert [name for name, _ in net.named_buffers()] == ["1.running_mean", "1.running_var"]
    assert repr(net) == "OnnxNetwork((image[1, 1, 4, 4]) -> (logits), 6 nodes)"


def test_it_computes_what_the_same_layers_do_for_a_batch_of_any_size():
    for count in (1, 6):
        images = mg.tensor(IMAGES[:count])
        np.testing.assert_allclose(loaded()(images).tolist(), by_hand().eval()(images).tolist(), rtol=1e-6, atol=1e-6)


def test_a_step_of_training_is_that_of_the_same_layers():
    ours, theirs = loaded(), by_hand()
    assert not ours.training
    for net in (ours, theirs):
        mg.manual_seed(3)
        rule = optim.SGD(net.train().parameters(), lr=0.1)
        for _ in range(2):
            rule.zero_grad()
            F.cross_entropy(net(mg.tensor(IMAGES)), mg.tensor([0, 1, 2, 0, 1, 2])).backward()
            rule.step()
    wanted = theirs.state_dict()
    for name, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), wanted[name].numpy(), rtol=1e-5, atol=1e-6)
    assert not np.allclose(ours.state_dict()["1.running_mean"].numpy(), 0.25)


def test_it_can_be_cut_copied_saved_and_moved():
    features = loaded(outputs=["relu"])
    assert set(features.state_dict()) == {
        *("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var")
    }
    images = mg.tensor(IMAGES)
    wanted = loaded()(images).detach().numpy()
    net = copy.deepcopy(loaded())
    net.load_state_dict(loaded().state_dict())
    np.testing.assert_array_equal(net(images).detach().numpy(), wanted)
    moved = net.to("reference")(images.to("reference"))
    assert moved.device == "reference"
    np.testing.assert_allclose(moved.tolist(), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.to("cpu").double()(images.double()).tolist(), wanted, rtol=1e-5, atol=1e-5)
    with pytest.raises(DataError, match="no value of the graph is called 'pool5'"):
        loaded(outputs=["pool5"])


def test_shapes_that_are_computed_live_on_the_cpu_wherever_the_network_is():
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["batch"]),
        helper.make_node("Unsqueeze", ["batch", "zero"], ["row"]),
        helper.make_node("Concat", ["row", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["flat"]),
        helper.make_node("Cast", ["batch"], ["size"], to=1),
        helper.make_node("Div", ["flat", "size"], ["y"]),
    ]
    arrays = {"first": np.array(0), "zero": np.array([0]), "rest": np.array([-1])}
    net = load_onnx(model(nodes, {"x": ["n", 2, 2]}, ["y"], arrays).SerializeToString())
    x = mg.ones(4, 2, 2).to("reference")
    assert net(x).device == "reference"
    np.testing.assert_array_equal(net(x).tolist(), np.full((4, 4), 0.25))


def test_what_several_nodes_share_is_trained_once_but_moments_are_their_own():
    ones = np.ones(2, np.float32)
    nodes = [
        helper.make_node("Identity", ["ones"], ["copy"]),
        helper.make_node("BatchNormalization", ["x", "ones", "zeros", "zeros", "copy"], ["a"]),
        helper.make_node("BatchNormalization", ["a", "ones", "zeros", "zeros", "copy"], ["y"]),
    ]
    net = load_onnx(model(nodes, {"x": [4, 2]}, ["y"], {"ones": ones, "zeros": 0 * ones}).SerializeToString())
    assert [name for name, _ in net.named_parameters()] == ["ones", "zeros"]
    assert [name for name, _ in net.named_buffers()] == ["a.mean", "a.var", "y.mean", "y.var"]
    net.train()(mg.tensor([[0.0, 2.0], [2.0, 4.0], [0.0, 2.0], [2.0, 4.0]]))
    assert [value.tolist() for _, value in net.named_parameters()] == [[1, 1], [0, 0]]
    np.testing.assert_allclose(net.state_dict()["a.mean"].tolist(), [0.1, 0.3], rtol=1e-6)


def test_a_number_is_no_parameter_and_names_of_a_module_stay_its_own():
    arrays = {"training": np.array([1.0, 2.0], np.float32), "forward": np.array(3.0, np.float32)}
    nodes = [helper.make_node("Mul", ["x", "training"], ["a"]), helper.make_node("Add", ["a", "forward"], ["y"])]
    net = load_onnx(model(nodes, {"x": [2]}, ["y"], arrays).SerializeToString())
    assert net.training is False
    assert {name: type(value) for name, value in vars(net).items() if name.endswith("_")} == {
        "training_": Parameter,
        "forward_": Buffer,
    }
    assert net(mg.tensor([1.0, 1.0])).tolist() == [4, 5]


def test_constants_that_nodes_make_are_weights_too():
    value = helper.make_tensor("value", 1, [1], [0.5])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["w"], value=value),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    net = load_onnx(model(nodes, {"x": [1, 2]}, ["y"], {"shape": np.array([2, 3])}).SerializeToString())
    assert {name: value.shape for name, value in net.named_parameters()} == {"w": (2, 3)}
    assert net(mg.ones(1, 2)).tolist() == [[1, 1, 1]]


def test_several_outputs_are_a_tuple_and_wrong_inputs_an_error():
    net = load_onnx(small_convnet().SerializeToString(), outputs=["logits", "features"])
    logits, features = net(mg.tensor(IMAGES))
    assert (logits.shape, features.shape) == ((6, 3), (6, 32))
    for inputs in ((), (mg.zeros(4, 4),), (mg.zeros(1, 1, 4, 4), mg.zeros(1)), (IMAGES,)):
        with pytest.raises(ShapeError, match=r"this ONNX network takes \(image\[1, 1, 4, 4\]\), got \("):
            net(*inputs)
    with pytest.raises(ShapeError, match=r"^Conv conv: conv2d: input has 2 channels but weight expects"):
        net(mg.zeros(1, 2, 4, 4))


def test_onnx_is_imported_when_a_model_is_read():
    script = "import sys, minigrad.interop as i; i.load_onnx; assert not {'onnx', 'google'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx.checker", None)
    with pytest.raises(mg.MinigradError, match=r"onnx is not installed; pip install 'minigrad\[onnx\]'"):
        loaded()


def test_outputs_that_nobody_reads_are_not_made_and_those_that_there_are_not_cannot_be_read():
    nodes = [
        helper.make_node("Dropout", ["x"], ["y", "mask"]),
        helper.make_node("Split", ["y"], ["first", "second", "third"]),
        helper.make_node(
            "BatchNormalization", ["y", "ones", "ones", "ones", "ones"], ["normed", "mean", "var", "a", "b"]
        ),
    ]
    content = model(nodes, {"x": [3, 2]}, ["first"], {"ones": np.ones(2, np.float32)}, opset=11).SerializeToString()
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with mg.Tape() as tape:
        assert load_onnx(content)(x).tolist() == [[1, 2]]
    assert "mul" not in str(tape)
    assert load_onnx(content, outputs=["mask"])(x).tolist() == [[True, True]] * 3
    with pytest.raises(DataError, match="BatchNormalization normed: it makes 1 outputs here, not 2"):
        load_onnx(content, outputs=["mean"])(x)
