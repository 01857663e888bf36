"""ONNX files: the one module that needs the `onnx` package, for the format of the file and the rules of operators."""

from __future__ import annotations

import importlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.errors import DataError, MinigradError
from minigrad.interop.onnx.graph import Graph, Input, Node, require_order

DTYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 11: "float64"}
"""Of minigrad, by the numbers that they have in ONNX."""

OWN_DOMAIN = ("", "ai.onnx")
"""Names of the set of operators that is ONNX's own."""

_FIELDS = {1: "float_data", 2: "int32_data", 6: "int32_data", 7: "int64_data", 9: "int32_data", 11: "double_data"}
_EXTERNAL = 1  # a tensor's data_location
_ATTRIBUTES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}
_LONGEST_REASON = 300


def read_model(source: str | os.PathLike[str] | bytes) -> Graph:
    """The graph in a file or in its bytes; DataError for anything that is no well-formed model."""
    onnx = _package()
    where, folder = ("these bytes", None) if isinstance(source, bytes) else (str(source), Path(source).parent)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise DataError(f"{where}: there is no such file")
    try:
        model = onnx.ModelProto.FromString(source if isinstance(source, bytes) else Path(source).read_bytes())
        graph = _graph(model, folder)
        _check(onnx, model)
    except DataError as error:
        raise DataError(f"{where}: this ONNX model cannot be used: {error}") from error
    except Exception as error:  # whatever a hostile file may raise: it cannot be used
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        raise DataError(f"{where}: this is no ONNX model, or a damaged one: {reason}") from error
    return graph


def _package() -> Any:
    try:
        importlib.import_module("onnx.checker")
        importlib.import_module("onnx.shape_inference")
        return importlib.import_module("onnx")
    except ImportError as error:
        raise MinigradError("load_onnx: onnx is not installed; pip install 'minigrad[onnx]'") from error


def _check(onnx: Any, model: Any) -> None:
    """The rules of the format and of each operator; and whether shapes fit, whatever the file says they come to."""
    onnx.checker.check_model(model)
    for value in (*model.graph.output, *model.graph.value_info):
        value.type.tensor_type.ClearField("shape")
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)


def _graph(model: Any, folder: Path | None) -> Graph:
    """What a parsed file says. The arrays are taken out of it, so that checking the rest needs no copy of them."""
    proto = model.graph
    if not proto.node and not proto.output:
        raise DataError("it has no graph: it is empty, cut off, or something else")
    if proto.sparse_initializer:
        raise DataError("it has sparse tensors")
    arrays = {tensor.name: _array(tensor, folder) for tensor in proto.initializer}
    inputs = tuple(_input(value) for value in proto.input if value.name not in arrays)
    nodes = tuple(_node(node, folder) for node in proto.node)
    outputs = tuple(value.name for value in proto.output)
    require_order(nodes, {*arrays, *(given.name for given in inputs)})
    _declare_as_inputs(proto)
    return Graph(_opset(model), inputs, outputs, nodes, arrays)


def _opset(model: Any) -> int:
    """The version of ONNX's own operators; 0 where a model uses others alone."""
    return max((item.version for item in model.opset_import if item.domain in OWN_DOMAIN), default=0)


def _declare_as_inputs(proto: Any) -> None:
    declared = {value.name for value in proto.input}
    for tensor in proto.initializer:
        if tensor.name not in declared:
            value = proto.input.add(name=tensor.name)
            value.type.tensor_type.elem_type = tensor.data_type
            value.type.tensor_type.shape.SetInParent()  # also where there are no axes
            for length in tensor.dims:
                value.type.tensor_type.shape.dim.add(dim_value=length)
    del proto.initializer[:]


def _input(value: Any) -> Input:
    if value.type.WhichOneof("value") != "tensor_type":
        raise DataError(f"input {value.name!r} is no tensor")
    lengths = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
    return Input(value.name, tuple([length if length > 0 else None for length in lengths]))


def _node(node: Any, folder: Path | None) -> Node:
    attributes = {item.name: _attribute(item, folder) for item in node.attribute}
    operator = node.op_type if node.domain in OWN_DOMAIN else f"{node.domain}.{node.op_type}"
    return Node(operator, node.name, tuple(node.input), tuple(node.output), attributes)


def _attribute(item: Any, folder: Path | None) -> Any:
    """A Python value; a graph, which no operator here takes, is None."""
    field = _ATTRIBUTES.get(item.type)
    if field is None:
        return None
    value = getattr(item, field)
    if field == "t":
        return _array(value, folder)
    if field == "s":
        return value.decode("utf-8", "replace")
    return value if field in ("f", "i") else tuple(value)


def _array(tensor: Any, folder: Path | None) -> np.ndarray:
    if tensor.data_type not in DTYPES:
        raise DataError(
            f"tensor {tensor.name!r} has ONNX's dtype {tensor.data_type}; read are {', '.join(DTYPES.values())}"
        )
    dtype, shape = np.dtype(DTYPES[tensor.data_type]), tuple(tensor.dims)
    size = math.prod(shape) if min(shape, default=0) >= 0 else -1
    if tensor.data_location == _EXTERNAL:
        values = np.frombuffer(_external(tensor, folder, size * dtype.itemsize), dtype.newbyteorder("<"))
    elif tensor.HasField("raw_data"):
        values = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<"))
    else:
        values = np.array(getattr(tensor, _FIELDS[tensor.data_type]))
    if values.size != size:
        raise DataError(f"tensor {tensor.name!r} has {values.size} elements, and its shape is {list(shape)}")
    return values.astype(dtype).reshape(shape)


def _external(tensor: Any, folder: Path | None, length: int) -> bytes:
    """The bytes of a tensor that lie in a file beside the model's, and nowhere else."""
    entries = {item.key: item.value for item in tensor.external_data}
    if folder is None:
        raise DataError(f"tensor {tensor.name!r} lies in another file: load the model from its path")
    path = folder.resolve() / entries.get("location", "")
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise DataError(f"tensor {tensor.name!r} lies in {entries.get('location')!r}, no file in the model's folder")
    offset, stated = int(entries.get("offset", 0)), int(entries.get("length", length))
    if offset < 0 or stated != length or offset + length > path.stat().st_size:
        raise DataError(f"tensor {tensor.name!r} needs {length} bytes of {path.name!r}, which are not there")
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
