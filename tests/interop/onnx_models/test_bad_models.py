"""Files that are damaged, hostile, or of networks that are not for us: one clear error, and nothing run."""

import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

import minigrad as mg
from minigrad.errors import DataError
from minigrad.interop import load_onnx
from minigrad.interop.onnx import network
from tests.interop.onnx_models.build import model, small_convnet

GOOD = small_convnet().SerializeToString()


def changed(change):
    proto = small_convnet()
    change(proto)
    return proto.SerializeToString()


def relu(**changes):
    arguments = {"nodes": [helper.make_node("Relu", ["x"], ["y"])], "inputs": {"x": [1]}, "outputs": ["y"]}
    return model(**arguments | changes)


def shorten(proto):
    proto.graph.initializer[0].raw_data = proto.graph.initializer[0].raw_data[:-4]


def reverse(proto):
    nodes = [*proto.graph.node][::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def close(proto):
    proto.graph.node[0].input[0] = "logits"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no graph: it is empty, cut off, or something else"),
        (b"not a model at all", "this is no ONNX model, or a damaged one"),
        (GOOD[: len(GOOD) // 2], "this is no ONNX model, or a damaged one"),
        (changed(shorten), r"tensor '0.weight' has 17 elements, and its shape is \[2, 1, 3, 3\]"),
        (changed(lambda m: m.graph.initializer[0].dims.__setitem__(0, -2)), "tensor '0.weight' has 18 elements"),
        (changed(lambda m: m.graph.initializer[0].dims.__setitem__(0, 2**40)), "tensor '0.weight' has 18 elements"),
        (changed(lambda m: setattr(m.graph.initializer[0], "data_type", 10)), "has ONNX's dtype 10; read are float32"),
        (changed(reverse), "node logits reads 'features', which comes of itself or of a later node: a cycle"),
        (changed(close), "node conv reads 'logits', which comes of itself or of a later node: a cycle"),
        (
            changed(lambda m: m.graph.node[0].input.__setitem__(0, "nothing")),
            "node conv reads 'nothing', which nothing",
        ),
        (changed(lambda m: m.graph.node[2].output.__setitem__(0, "conv")), "node conv makes conv a second time"),
        (changed(lambda m: m.graph.node[5].attribute[0].__setattr__("type", 1)), "ONNX model, or a damaged one"),
        (changed(lambda m: m.graph.output[0].__setattr__("name", "lost")), "Graph output 'lost' is not an output"),
        (
            relu(nodes=[helper.make_node("MatMul", ["x", "x"], ["y"])], inputs={"x": [2, 3]}).SerializeToString(),
            "MatMul.*Incompatible dimensions",
        ),
        (changed(lambda m: setattr(m, "ir_version", 2**40)), "this is no ONNX model, or a damaged one"),
    ],
)
def test_a_bad_model_is_a_data_error(content, message):
    with pytest.raises(DataError, match=message) as caught:
        load_onnx(content)
    assert str(caught.value).startswith("these bytes: this ")
    assert "\n" not in str(caught.value)


def test_all_operators_that_are_missing_are_named_at_once_with_their_nodes():
    nodes = [
        helper.make_node("Hardmax", ["x"], ["a"], name="first"),
        helper.make_node("Hardmax", ["x"], ["b"]),
        helper.make_node("Special", ["x"], ["c"], domain="com.example"),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    proto = relu(nodes=nodes, outputs=["a", "b", "c", "y"])
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(DataError) as caught:
        load_onnx(proto.SerializeToString())
    assert str(caught.value).splitlines() == [
        "these bytes: this ONNX model cannot be used: operators that minigrad does not have, and the nodes that need "
        "them:",
        "  Hardmax: first, b",
        "  com.example.Special: c",
    ]
    assert load_onnx(proto.SerializeToString(), outputs=["y"])(mg.tensor([-1.0])).tolist() == [0]


@pytest.mark.parametrize(
    ("node", "arrays"),
    [
        (helper.make_node("ConstantOfShape", ["shape"], ["y"]), {"shape": np.array([2**20, 2**20])}),
        (helper.make_node("Expand", ["x", "shape"], ["y"]), {"shape": np.array([2**40, 1])}),
        (helper.make_node("Tile", ["x", "shape"], ["y"]), {"shape": np.array([2**40])}),
        (helper.make_node("Pad", ["x", "shape"], ["y"]), {"shape": np.array([2**40, 2**40])}),
    ],
    ids=lambda value: getattr(value, "op_type", ""),
)
def test_a_small_file_cannot_ask_for_much_memory(node, arrays):
    content = relu(nodes=[node], arrays=arrays).SerializeToString()
    with pytest.raises(
        DataError, match=f"{node.op_type} y: a tensor of shape .* at most 268,435,456 elements are made"
    ):
        load_onnx(content)(mg.zeros(1))


def test_many_constants_are_bounded_together(monkeypatch):
    nodes = [helper.make_node("ConstantOfShape", ["shape"], [f"c{n}"]) for n in range(3)]
    nodes.append(helper.make_node("Concat", ["c0", "c1", "c2"], ["y"], axis=0))
    content = relu(nodes=nodes, arrays={"shape": np.array([100])}).SerializeToString()
    monkeypatch.setattr(network, "MOST_ELEMENTS", 300)
    load_onnx(content)
    monkeypatch.setattr(network, "MOST_ELEMENTS", 299)
    with pytest.raises(DataError, match="its constants have more than 299 elements"):
        load_onnx(content)


def external(folder, location, **entries):
    proto = relu(
        nodes=[helper.make_node("Add", ["x", "w"], ["y"])], inputs={"x": [2]}, arrays={"w": np.ones(2, np.float32)}
    )
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    path = folder / "inner" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(proto.SerializeToString())
    return path


def test_tensors_beside_the_model_are_read(tmp_path):
    path = external(tmp_path, "weights.bin", offset=4, length=8)
    (path.parent / "weights.bin").write_bytes(np.array([9, 1, 2], "<f4").tobytes())
    assert load_onnx(path)(mg.zeros(2)).tolist() == [1, 2]
    with pytest.raises(DataError, match="tensor 'w' lies in another file: load the model from its path"):
        load_onnx(path.read_bytes())


@pytest.mark.parametrize("location", ["../secret", "link", "inner/../../secret", "", "missing", "{absolute}"])
def test_tensors_elsewhere_are_not(tmp_path, location):
    (tmp_path / "secret").write_bytes(bytes(8))
    path = external(tmp_path, location.format(absolute=tmp_path / "secret"))
    (path.parent / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="no file in the model's folder"):
        load_onnx(path)


@pytest.mark.parametrize("entries", [{"offset": -4}, {"offset": 4}, {"length": 4}, {"offset": "x"}, {"offset": 2**70}])
def test_tensors_that_are_not_where_they_should_be_are_an_error(tmp_path, entries):
    path = external(tmp_path, "weights.bin", **entries)
    (path.parent / "weights.bin").write_bytes(bytes(8))
    with pytest.raises(DataError, match=f"{path}: this "):
        load_onnx(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"no\.onnx: there is no such file"):
        load_onnx(tmp_path / "no.onnx")


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_as_something_else_or_is_a_data_error(place, byte):
    content = bytearray(GOOD)
    content[place] = byte
    try:
        net = load_onnx(bytes(content))
    except DataError:
        return
    with contextlib.suppress(mg.MinigradError):
        net(mg.zeros(1, 1, 4, 4))


def test_numbers_that_make_no_sense_are_errors_that_name_the_node():
    node = helper.make_node("MaxPool", ["x"], ["y"], name="pool", kernel_shape=[9, 9])
    net = load_onnx(relu(nodes=[node], inputs={"x": [1, 1, 4, 4]}).SerializeToString())
    with pytest.raises(mg.ShapeError, match=r"^MaxPool pool: pool: no window fits: output size = "):
        net(mg.zeros(1, 1, 4, 4))


def test_the_models_of_these_tests_are_what_the_checker_takes():
    onnx.checker.check_model(small_convnet())
