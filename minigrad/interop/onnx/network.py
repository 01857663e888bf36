"""A graph as a module: weights are its parameters, statistics of batches its buffers, and `forward` runs the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.dtypes import FLOATS
from minigrad.errors import DataError, MinigradError, ShapeError
from minigrad.interop.onnx import operators as operators  # fills the table
from minigrad.interop.onnx.graph import Graph, Input, Node
from minigrad.interop.onnx.table import MOST_ELEMENTS, Operator, Run, find
from minigrad.nn.module import Module
from minigrad.recording import no_grad
from minigrad.tensor import Buffer, Parameter, Tensor, tensor

_MAKERS = ("Constant", "ConstantOfShape")  # what they make of the file's numbers is made once, as if it were in the file


@dataclass(frozen=True)
class Step:
    """A node, its operator, what its inputs are, whether it sees the batch, and which values nobody reads after it."""

    node: Node
    operator: Operator
    roles: tuple[str, ...]
    sees_batch: bool
    last_read: tuple[str, ...]

    def run(self, run: Run, values: dict[str, Any]) -> tuple[Any, ...]:
        """What the node makes of the values; an error says which node it was."""
        try:
            given = [values[name] if name else None for name in self.node.inputs]
            return self.operator(run, _placed(given, self.roles), self.node.attributes)
        except Exception as error:  # an operator trusts the numbers in the file, which may be any
            kind = type(error) if isinstance(error, MinigradError) else DataError
            raise kind(f"{self.node.operator} {self.node}: {error}") from error


class OnnxNetwork(Module):
    """What `load_onnx` returns: a module like any other.

    Called with a tensor for each of `graph_inputs`, it returns a tensor, or a tuple where the graph has several
    outputs. Parameters and buffers have the names that the file gives them.
    """

    def __init__(self, graph: Graph) -> None:
        graph = graph.without_copies()
        self.graph_inputs: tuple[Input, ...] = graph.inputs
        self.graph_outputs: tuple[str, ...] = graph.outputs
        chosen = _chosen(graph)
        arrays, nodes = _with_makers_run(graph, chosen)
        nodes = _with_own_statistics(nodes, chosen, arrays)
        self._steps = tuple(_steps(nodes, chosen, graph))
        self._attributes: dict[str, str] = {}  # names of values, and of the attributes that hold them
        self._constants: dict[str, Tensor] = {}
        for name, kind in _kinds(self._steps, arrays, graph.outputs).items():
            if kind is None:
                self._constants[name] = tensor(arrays[name])
            else:
                self._attributes[name] = attribute = self._free(name)
                vars(self)[attribute] = kind(tensor(arrays[name]))

    def _free(self, name: str) -> str:
        """An attribute's name: the value's own, unless a module needs it for something else."""
        while hasattr(self, name):
            name += "_"
        return name

    def forward(self, *inputs: Tensor) -> Any:
        """Run the nodes."""
        self._require(inputs)
        values: dict[str, Any] = dict(self._constants)
        values |= {name: vars(self)[attribute] for name, attribute in self._attributes.items()}
        values |= {given.name: x for given, x in zip(self.graph_inputs, inputs, strict=True)}
        batch = self._batch(inputs)
        for step in self._steps:
            run = Run(self.training, _wanted(step.node), batch if step.sees_batch else None)
            made = step.run(run, values)
            values.update(zip(step.node.outputs, made, strict=False))
            for name in step.last_read:
                values.pop(name, None)
        out = tuple(values[name] for name in self.graph_outputs)
        return out[0] if len(out) == 1 else out

    def extra_repr(self) -> str:
        """Inputs and outputs, and how many nodes lie between them."""
        return f"({', '.join(map(str, self.graph_inputs))}) -> ({', '.join(self.graph_outputs)}), {len(self._steps)} nodes"

    def _require(self, inputs: tuple[Tensor, ...]) -> None:
        wanted = [len(given.shape) for given in self.graph_inputs]
        if [x.ndim if isinstance(x, Tensor) else None for x in inputs] != wanted:
            got = ", ".join(str(x.spec) if isinstance(x, Tensor) else type(x).__name__ for x in inputs)
            raise ShapeError(f"this ONNX network takes ({', '.join(map(str, self.graph_inputs))}), got ({got})")

    def _batch(self, inputs: tuple[Tensor, ...]) -> tuple[int, int] | None:
        if not inputs or not self.graph_inputs[0].shape:
            return None
        declared, size = self.graph_inputs[0].shape[0], inputs[0].shape[0]
        return None if declared in (None, size) else (declared or 0, size)


def _wanted(node: Node) -> int:
    """How many outputs are read, up to the last one that has a name."""
    return max((place for place, name in enumerate(node.outputs, 1) if name), default=0)


def _chosen(graph: Graph) -> dict[int, Operator]:
    """The operator of each node, by the node's identity; one error names every node that has none."""
    chosen, missing = {}, dict[str, list[str]]()
    for node in graph.nodes:
        found = find(node.operator, graph.opset)
        problem = None if found is None else found.problem(node)
        if found is None or problem:
            missing.setdefault(f"{node.operator} {problem or ''}".strip(), []).append(str(node))
        else:
            chosen[id(node)] = found
    if missing:
        lines = [f"  {what}: {', '.join(names)}" for what, names in sorted(missing.items())]
        raise DataError("\n".join(["operators that minigrad does not have, and the nodes that need them:", *lines]))
    return chosen


def _with_makers_run(graph: Graph, chosen: dict[int, Operator]) -> tuple[dict[str, np.ndarray], list[Node]]:
    """The arrays of the graph with those that nodes make of them, and the other nodes."""
    arrays, nodes, made = dict(graph.arrays), [], 0
    for node in graph.nodes:
        if node.operator not in _MAKERS or any(name not in arrays for name in node.inputs):
            nodes.append(node)
            continue
        roles = ("setting",) * len(node.inputs)
        values = {name: tensor(arrays[name]) for name in node.inputs}
        with no_grad():
            (out,) = Step(node, chosen[id(node)], roles, False, ()).run(Run(), values)
        made += out.numel() if node.operator == "ConstantOfShape" else 0
        if made > MOST_ELEMENTS:
            raise DataError(f"its constants have more than {MOST_ELEMENTS:,} elements")
        arrays[node.outputs[0]] = out.numpy()
    return arrays, nodes


def _with_own_statistics(nodes: list[Node], chosen: dict[int, Operator], arrays: dict[str, np.ndarray]) -> list[Node]:
    """Nodes none of whose statistics is used elsewhere: exporters write equal arrays once, and they will differ."""
    uses: dict[str, int] = {}
    for node in nodes:
        for name in node.inputs:
            uses[name] = uses.get(name, 0) + 1
    result = []
    for node in nodes:
        operator, inputs = chosen[id(node)], list(node.inputs)
        names = list(operator.parameters)
        for place, role in enumerate(operator.roles(len(inputs))):
            name = inputs[place]
            if role == "statistic" and name in arrays and uses[name] > 1:
                inputs[place] = f"{node.outputs[0]}.{names[place]}"
                arrays[inputs[place]] = arrays[name]
        own = replace(node, inputs=tuple(inputs))
        chosen[id(own)] = operator
        result.append(own)
    return result


def _steps(nodes: list[Node], chosen: dict[int, Operator], graph: Graph) -> Iterator[Step]:
    last: dict[str, int] = {name: place for place, node in enumerate(nodes) for name in (*node.inputs, *node.outputs)}
    of_batch = {given.name for given in graph.inputs}
    for place, node in enumerate(nodes):
        sees = bool(node.inputs) and node.inputs[0] in of_batch
        if of_batch.intersection(node.inputs):
            of_batch.update(node.outputs)
        ended = {name for name in (*node.inputs, *node.outputs) if last[name] == place}
        roles = tuple(chosen[id(node)].roles(len(node.inputs)))
        yield Step(node, chosen[id(node)], roles, sees, tuple(ended.difference(graph.outputs)))


def _kinds(
    steps: tuple[Step, ...], arrays: dict[str, np.ndarray], outputs: tuple[str, ...]
) -> dict[str, type[Parameter] | type[Buffer] | None]:
    """What each array that is used becomes: a parameter, a buffer, or a constant that has no place in a state dict."""
    roles: dict[str, set[str]] = {name: {"setting"} for name in outputs}
    for step in steps:
        for name, role in zip(step.node.inputs, step.roles, strict=True):
            roles.setdefault(name, set()).add(role)
    return {name: _kind(arrays[name], roles[name]) for name in arrays if name in roles}


def _kind(array: np.ndarray, roles: set[str]) -> type[Parameter] | type[Buffer] | None:
    if array.dtype not in FLOATS or roles == {"setting"}:
        return None
    return Parameter if array.ndim and "tensor" in roles else Buffer


def _placed(given: list[Tensor | None], roles: tuple[str, ...]) -> Iterator[Any]:
    """Settings as arrays; tensors, of which those that shapes and constants gave may be on the CPU, on one device."""
    devices = {x.device for x, role in zip(given, roles, strict=True) if x is not None and role != "setting"}
    target = next((device for device in devices if device != "cpu"), "cpu")
    for x, role in zip(given, roles, strict=True):
        if x is None:
            yield None
        elif role == "setting":
            yield x.detach().cpu().numpy()
        else:
            yield x if len(devices) == 1 else x.to(target)
