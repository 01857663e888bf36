"""Operators that compose differently than ONNX says them, against the reference evaluator of ONNX itself."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import minigrad as mg
from minigrad.interop import load_onnx
from minigrad.interop.onnx.table import TABLE
from tests.interop.onnx_models.build import model

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 4, 7, 6)).astype(np.float32)  # as many images as channels: its LRN needs that


def both(node, x, arrays=None, opset=17):
    kind = TensorProto.INT64 if node.op_type.startswith("Arg") else TensorProto.FLOAT
    proto = model([node], {"x": x.shape}, dict.fromkeys(node.output, kind), arrays, opset)
    ours = load_onnx(proto.SerializeToString())(mg.tensor(x))
    ours = ours if isinstance(ours, tuple) else (ours,)
    return [out.detach().numpy() for out in ours], ReferenceEvaluator(proto).run(None, {"x": x})


def assert_equal(node, x, arrays=None, opset=17):
    for ours, theirs in zip(*both(node, x, arrays, opset), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
        assert ours.dtype == theirs.dtype


WINDOWS = [
    {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1], "strides": [2, 2]},
    {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 1]},
    {"kernel_shape": [2, 3], "strides": [2, 3], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [2, 3], "strides": [2, 3], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 2], "strides": [3, 1], "auto_pad": "VALID"},
    {"kernel_shape": [2, 2], "dilations": [2, 3]},
]


@pytest.mark.parametrize("window", WINDOWS)
def test_convolution(window):
    weight = RNG.standard_normal((6, 2, *window["kernel_shape"])).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], group=2, **window)
    assert_equal(node, X, {"w": weight, "b": np.arange(6, dtype=np.float32)})


@pytest.mark.parametrize(
    "window",
    [
        {"strides": [2, 3], "output_padding": [1, 2]},
        {"strides": [2, 2], "pads": [0, 1, 2, 1]},
        {"strides": [2, 2], "dilations": [2, 1]},
        {"strides": [3, 2], "output_shape": [22, 13]},
        {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
    ],
)
def test_transposed_convolution(window):
    weight = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
    node = helper.make_node("ConvTranspose", ["x", "w", "b"], ["y"], **window)
    assert_equal(node, X, {"w": weight, "b": np.arange(3, dtype=np.float32)})


def test_a_transposed_convolution_in_groups_is_one_for_each_group():
    weight = RNG.standard_normal((4, 3, 2, 2)).astype(np.float32)
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], group=2)
    whole = load_onnx(model([node], {"x": X.shape}, ["y"], {"w": weight}).SerializeToString())(mg.tensor(X))
    alone = helper.make_node("ConvTranspose", ["x", "w"], ["y"])
    parts = [both(alone, X[:, group], {"w": weight[group]})[1][0] for group in (slice(2), slice(2, 4))]
    np.testing.assert_allclose(whole.detach().numpy(), np.concatenate(parts, 1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("window", [window for window in WINDOWS if "auto_pad" not in window])
def test_the_largest_of_a_window(window, ceil_mode):
    assert_equal(helper.make_node("MaxPool", ["x"], ["y"], ceil_mode=ceil_mode, **window), X)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    ("auto_pad", "pads"), [("SAME_UPPER", [0, 0, 1, 0]), ("SAME_LOWER", [1, 0, 0, 0]), ("VALID", [0, 0, 0, 0])]
)
def test_pads_are_found_where_they_are_not_said(operator, auto_pad, pads):
    ours, wanted = (
        load_onnx(model([node], {"x": X.shape}, ["y"]).SerializeToString())(mg.tensor(X)).numpy()
        for node in (
            helper.make_node(operator, ["x"], ["y"], kernel_shape=[2, 3], strides=[2, 3], auto_pad=auto_pad),
            helper.make_node(operator, ["x"], ["y"], kernel_shape=[2, 3], strides=[2, 3], pads=pads),
        )
    )
    np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("by_column", [0, 1])
def test_places_of_maxima_count_over_the_whole_input(by_column):
    x = mg.tensor(np.array([9, 1, 2, 9, 4, 5, 6, 7, 8, 9, 20, 21], np.float32).reshape(1, 1, 3, 4).repeat(2, 1))
    window = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 1, 0, 0], "storage_order": by_column}
    node = helper.make_node("MaxPool", ["x"], ["y", "places"], **window)
    network = load_onnx(model([node], {"x": x.shape}, ["y"]).SerializeToString(), outputs=["y", "places"])
    largest, places = network(x)
    flat = x.numpy().transpose(0, 1, 3, 2).ravel() if by_column else x.numpy().ravel()
    np.testing.assert_array_equal(flat[places.numpy()], largest.numpy())


@given(
    length=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    pads=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=st.integers(1, 2),
    counted=st.booleans(),
    ceil_mode=st.booleans(),
)
def test_an_average_counts_what_it_should(length, kernel, stride, pads, dilation, counted, ceil_mode):
    room = length + sum(pads) - dilation * (kernel - 1) - 1
    assume(max(pads) < kernel and room >= 0)
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    means = []
    for start in range(-pads[0], -pads[0] + count * stride, stride):
        if start >= length:
            continue  # a last window that would start beyond the input is dropped
        places = range(start, start + kernel * dilation, dilation)
        inside = [place + 1 for place in places if 0 <= place < length]
        countable = sum(-pads[0] <= place < length + pads[1] for place in places) if counted else len(inside)
        means.append(sum(inside) / countable if countable else np.nan)
    window = {"kernel_shape": [kernel], "strides": [stride], "pads": pads, "dilations": [dilation]}
    node = helper.make_node("AveragePool", ["x"], ["y"], ceil_mode=ceil_mode, count_include_pad=counted, **window)
    network = load_onnx(model([node], {"x": [1, 1, length]}, ["y"], opset=19).SerializeToString())
    x = mg.tensor(np.arange(1, length + 1, dtype=np.float32).reshape(1, 1, length))
    np.testing.assert_allclose(network(x).numpy().ravel(), means, rtol=1e-5)


OTHERS = [
    helper.make_node("LRN", ["x"], ["y"], size=4, alpha=0.5, beta=0.6, bias=2.0),
    helper.make_node("LRN", ["x"], ["y"], size=3),
    helper.make_node("GlobalAveragePool", ["x"], ["y"]),
    helper.make_node("GlobalMaxPool", ["x"], ["y"]),
    helper.make_node("Flatten", ["x"], ["y"], axis=-2),
    helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, -1], keepdims=0),
    helper.make_node("ReduceMax", ["x"], ["y"]),
    helper.make_node("ArgMax", ["x"], ["y"], axis=2, keepdims=0),
    helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0, 3, 2]),
    helper.make_node("SpaceToDepth", ["x"], ["y"], blocksize=1),
    helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2, mode="CRD"),
    helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.2),
    helper.make_node("HardSigmoid", ["x"], ["y"]),
    helper.make_node("Softplus", ["x"], ["y"]),
    helper.make_node("Ceil", ["x"], ["y"]),
]


@pytest.mark.parametrize("node", OTHERS, ids=lambda node: node.op_type)
def test_operators_of_one_input(node):
    assert_equal(node, X)


@pytest.mark.parametrize(
    ("node", "arrays"),
    [
        (helper.make_node("Slice", ["x", "s", "e", "a", "t"], ["y"]), {"s": [-1], "e": [-99], "a": [2], "t": [-2]}),
        (helper.make_node("Reshape", ["x", "s"], ["y"]), {"s": [0, -1, 3]}),
        (helper.make_node("Pad", ["x", "p"], ["y"], mode="edge"), {"p": [0, 0, 1, 2, 0, 0, 0, 3]}),
        (helper.make_node("Pad", ["x", "p"], ["y"], mode="reflect"), {"p": [0, 0, 1, 2, 0, 0, 0, 3]}),
        (helper.make_node("Gather", ["x", "i"], ["y"], axis=1), {"i": [[0, -1], [2, 2]]}),
        (helper.make_node("Expand", ["x", "s"], ["y"]), {"s": [3, 1, 1, 1, 1]}),
        (helper.make_node("Split", ["x", "s"], ["y", "z"], axis=1), {"s": [1, 3]}),
        (helper.make_node("ReduceSum", ["x", "a"], ["y"]), {"a": [0, -1]}),
        (helper.make_node("Squeeze", ["x"], ["y"]), {}),
    ],
    ids=lambda value: getattr(value, "op_type", ""),
)
def test_operators_whose_numbers_are_inputs(node, arrays):
    assert_equal(node, X, {name: np.array(numbers) for name, numbers in arrays.items()})


def test_softmax_was_over_all_axes_from_one_on():
    node = helper.make_node("Softmax", ["x"], ["y"], axis=1)
    (old,), _ = both(node, X, opset=12)
    np.testing.assert_allclose(old.reshape(4, -1).sum(1), 1, rtol=1e-6)
    (new,), (wanted,) = both(node, X, opset=13)
    np.testing.assert_allclose(new, wanted, rtol=1e-5)
    np.testing.assert_allclose(new.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("axes", [{"transA": 0, "transB": 0}, {"transA": 1, "transB": 0}, {"transA": 0, "transB": 1}])
@pytest.mark.parametrize("scales", [{}, {"alpha": 0.5, "beta": 2.0}])
def test_gemm(axes, scales):
    x = X[0, 0].T.copy() if axes["transA"] else X[0, 0]
    weight = RNG.standard_normal((5, 6) if axes["transB"] else (6, 5)).astype(np.float32)
    for bias in (np.arange(5), np.ones((7, 1)), None):
        names = ["x", "w"] if bias is None else ["x", "w", "b"]
        arrays = {"w": weight} | ({} if bias is None else {"b": bias.astype(np.float32)})
        assert_equal(helper.make_node("Gemm", names, ["y"], **axes, **scales), x, arrays)


def test_every_row_of_the_table_says_what_it_computes():
    for entries in TABLE.values():
        assert [entry.since for entry in entries] == sorted({entry.since for entry in entries})
        assert all(entry.function.__doc__ for entry in entries)
