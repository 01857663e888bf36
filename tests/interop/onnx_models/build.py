"""Models made on the spot."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def model(nodes, inputs, outputs, arrays=None, opset=17):
    """A model of nodes: shapes of float32 inputs by name, outputs, or their ONNX dtypes by name, arrays by name."""
    kinds = outputs if isinstance(outputs, dict) else dict.fromkeys(outputs, TensorProto.FLOAT)
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, []) for name, kind in kinds.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (arrays or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def small_convnet():
    """conv - batch norm - relu - dropout - flatten - gemm, for 1x4x4 images in batches of 1, as PyTorch names it."""
    rng = np.random.default_rng(0)
    arrays = {
        "0.weight": rng.standard_normal((2, 1, 3, 3), np.float32),
        "0.bias": np.zeros(2, np.float32),
        "1.weight": np.ones(2, np.float32),
        "1.bias": np.full(2, 0.5, np.float32),
        "1.running_mean": np.full(2, 0.25, np.float32),
        "1.running_var": np.full(2, 2, np.float32),
        "shape": np.array([1, -1]),
        "ratio": np.array(0.5, np.float32),
        "5.weight": rng.standard_normal((3, 32), np.float32),
        "5.bias": np.zeros(3, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "0.weight", "0.bias"], ["conv"], auto_pad="SAME_UPPER"),
        helper.make_node("BatchNormalization", ["conv", *list(arrays)[2:6]], ["normed"]),
        helper.make_node("Relu", ["normed"], ["relu"]),
        helper.make_node("Dropout", ["relu", "ratio"], ["dropped"]),
        helper.make_node("Reshape", ["dropped", "shape"], ["features"]),
        helper.make_node("Gemm", ["features", "5.weight", "5.bias"], ["logits"], transB=1),
    ]
    return model(nodes, {"image": [1, 1, 4, 4]}, ["logits"], arrays)
