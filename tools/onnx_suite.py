"""Run the ONNX project's own backend tests on minigrad's importer, and its light networks beside onnxruntime.

A case is passed, failed, or left out for a reason that is read off the case, not off what became of it.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.backend.test.loader import DATA_DIR, load_model_tests
from onnx.backend.test.runner import Runner

import minigrad as mg
from minigrad.interop.onnx.model_file import DTYPES, OWN_DOMAIN
from minigrad.interop.onnx.network import OnnxNetwork
from minigrad.interop.onnx.table import TABLE, find
from minigrad.tables import table

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
WITH_WINDOWS = {"Conv", "ConvTranspose", "MaxPool", "AveragePool"}
MOST_AXES = 4  # the batch, the channels, and two in space
UNSUPPORTED = "operator not supported"
TOLERANCE = 1e-4

Arrays = list[np.ndarray]


def main() -> int:
    """Run everything, print the tables; return 1 if anything failed."""
    warnings.simplefilter("ignore")
    failures = [*cases(), *light_networks()]
    for name, reason in failures:
        print(f"FAILED {name}: {reason}", file=sys.stderr)
    return int(bool(failures))


def cases() -> list[tuple[str, str]]:
    """Run the cases of single operators and small graphs; return the failures, by name."""
    counts: dict[str, Counter[str]] = {}
    failures = []
    for kind in KINDS:
        for case in load_model_tests(kind=kind):
            model, data_sets = case.model, case.data_sets
            if model is None:
                model, data_sets = stored(Path(case.model_dir))
            names = {node.op_type for node in model.graph.node}
            count = counts.setdefault(names.pop() if len(names) == 1 else "(several)", Counter())
            result = reason_to_leave_out(model, data_sets)
            if result is None:
                problem = failure(model, data_sets, case.rtol, case.atol)
                result = "passed" if problem is None else "failed"
                failures += [] if problem is None else [(case.name, problem)]
            count[result] += 1
    report(counts)
    return failures


def stored(folder: Path) -> tuple[onnx.ModelProto, list[tuple[Arrays, Arrays]]]:
    """A case that lies in files: its model, and pairs of inputs and outputs."""

    def read(data: Path, kind: str) -> Arrays:
        count = len(list(data.glob(f"{kind}_*.pb")))
        protos = [onnx.TensorProto.FromString((data / f"{kind}_{n}.pb").read_bytes()) for n in range(count)]
        return [np.asarray(numpy_helper.to_array(proto)) for proto in protos]

    sets = sorted(folder.glob("test_data_set*"))
    model = onnx.load(str(folder / "model.onnx"))
    if reason_to_leave_out(model, []) is not None:
        return model, []
    return model, [(read(data, "input"), read(data, "output")) for data in sets]


def reason_to_leave_out(model: onnx.ModelProto, data_sets: list[tuple[Arrays, Arrays]]) -> str | None:
    """Why a case is none for minigrad, if so."""
    opset = max((item.version for item in model.opset_import if item.domain in OWN_DOMAIN), default=0)
    nodes = list(model.graph.node)
    if any(node.domain not in OWN_DOMAIN or node.op_type not in TABLE for node in nodes):
        return UNSUPPORTED
    if any(find(node.op_type, opset) is None for node in nodes):
        return "version before opset 7"
    values = [*model.graph.input, *model.graph.output]
    if any(value.type.WhichOneof("value") != "tensor_type" for value in values):
        return "sequence or optional"
    if not set(dtypes_of(model)) <= DTYPES.keys():
        return "dtype"
    axes = {value.name: len(value.type.tensor_type.shape.dim) for value in values}
    if any(node.op_type in WITH_WINDOWS and axes.get(node.input[0], 0) > MOST_AXES for node in nodes):
        return "three axes in space"
    if nodes and nodes[0].op_type == "Dropout" and any(draws(inputs) for inputs, _ in data_sets):
        return "random numbers"
    return None


def dtypes_of(model: onnx.ModelProto) -> Iterator[int]:
    """ONNX's numbers of all dtypes that a model names."""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        yield value.type.tensor_type.elem_type
    yield from (tensor.data_type for tensor in model.graph.initializer)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t.data_type
            if node.op_type == "Cast" and attribute.name == "to":
                yield attribute.i


def draws(inputs: Arrays) -> bool:
    """Whether a dropout with these inputs drops anything."""
    return len(inputs) == 3 and bool(inputs[2]) and float(inputs[1]) > 0  # input, ratio, whether it trains


def failure(model: onnx.ModelProto, data_sets: list[tuple[Arrays, Arrays]], rtol: float, atol: float) -> str | None:
    """What goes wrong with a case, in a line."""
    try:
        network = mg.interop.load_onnx(model.SerializeToString())
        for inputs, expected in data_sets:
            Runner.assert_similar_outputs([as_array(x) for x in expected], run(network, inputs), rtol, atol)
    except Exception as error:  # any is a failure of the case, and the other cases go on
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{' '.join(str(error).split())[:300]} ({type(error).__name__}, {place.name})"
    return None


def run(network: OnnxNetwork, inputs: Arrays) -> Arrays:
    """The outputs of a network as arrays."""
    with mg.no_grad():
        outputs = network(*[mg.tensor(as_array(x)) for x in inputs])
    return [x.numpy() for x in (outputs if isinstance(outputs, tuple) else (outputs,))]


def as_array(value: Any) -> np.ndarray:
    """An array, which some cases give as ONNX's message."""
    return np.asarray(numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value)


def report(counts: dict[str, Counter[str]]) -> None:
    """Print a row for each operator that is supported, and what the others would be."""
    others = Counter({name: count.total() for name, count in counts.items() if {*count} <= {UNSUPPORTED}})
    rows = [("operator", "passed", "failed", "left out")]
    for name in sorted(counts.keys() - others.keys()):
        count = counts[name]
        left = [f"{n} {why}" for why, n in sorted(count.items()) if why not in ("passed", "failed")]
        rows.append((name, str(count["passed"]), str(count["failed"]), ", ".join(left)))
    total = Counter[str]()
    for count in counts.values():
        total.update(count)
    left_out = ", ".join(f"{n} {why}" for why, n in sorted(total.items()) if why not in ("passed", "failed"))
    rows.append(("total", str(total["passed"]), str(total["failed"]), left_out))
    print(table(rows, right=(1, 2)))
    print("\nnot supported:", ", ".join(f"{name} {n}" for name, n in sorted(others.items())))


def light_networks() -> list[tuple[str, str]]:
    """Run the light networks with random weights here and in onnxruntime; return those that differ."""
    rows, failures = [("network", "outputs", "largest difference", "relative to the largest output")], []
    for path in sorted(Path(DATA_DIR, "light").glob("light_*.onnx")):
        model = with_random_weights(onnx.load(str(path)))
        content = model.SerializeToString()
        network = mg.interop.load_onnx(content)
        x = (
            np.random.default_rng(1)
            .standard_normal([length or 1 for length in network.graph_inputs[0].shape])
            .astype(np.float32)
        )
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        expected = session.run(None, {network.graph_inputs[0].name: x})
        for name, ours, theirs in zip(network.graph_outputs, run(network, [x]), expected, strict=True):
            apart, size = float(np.abs(ours - theirs).max()), float(np.abs(theirs).max())
            rows.append((path.stem, name, f"{apart:.1e}", f"{apart / size:.1e}"))
            if not apart <= TOLERANCE * size or ours.shape != theirs.shape:
                failures.append((path.stem, f"{name} differs by {apart} from onnxruntime's"))
    print()
    print(table(rows, right=(2, 3)))
    return failures


def with_random_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Arrays in the place of nodes that make constants; what a final softmax reads becomes an output as well."""
    graph, rng = model.graph, np.random.default_rng(0)
    given = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    places = {
        name: place
        for node in graph.node
        if node.op_type == "BatchNormalization"
        for place, name in enumerate(node.input)
    }
    made = {node.output[0]: given[node.input[0]] for node in graph.node if node.op_type == "ConstantOfShape"}
    shapes = made | {name: array.shape for name, array in given.items() if array.dtype == np.float32}
    nodes = [node for node in graph.node if node.op_type != "ConstantOfShape"]
    arrays = [numpy_helper.from_array(drawn(rng, shape, places.get(name)), name) for name, shape in shapes.items()]
    ended = {node.output[0]: node.input[0] for node in nodes if node.op_type == "Softmax"}
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in read - shapes.keys()]
    inputs = [value for value in graph.input if value.name in read and value.name not in {*given, *shapes}]
    logits = [onnx.ValueInfoProto(name=ended[end.name], type=end.type) for end in graph.output if end.name in ended]
    smaller = onnx.helper.make_graph(nodes, graph.name, inputs, [*graph.output, *logits], [*kept, *arrays])
    return onnx.helper.make_model(smaller, opset_imports=model.opset_import, ir_version=8)


def drawn(rng: np.random.Generator, shape: Any, place: int | None) -> np.ndarray:
    """Weights that keep the size of activations; scales and variances, which a place in batch norm tells, around 1."""
    lengths = tuple(int(length) for length in shape)
    noise = rng.standard_normal(lengths, np.float32)
    if len(lengths) > 1:
        return noise * np.float32(np.sqrt(2 / np.prod(lengths[1:])))
    return np.abs(1 + 0.1 * noise) if place in (1, 4) else 0.1 * noise


if __name__ == "__main__":
    sys.exit(main())
