"""A graph as a module: weights are its parameters, statistics of batches its buffers, and `forward` runs the nodes."""

from __future__ import annotations

from collections import Counter
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
from minigrad.tensor import Buffer, Parameter, Tensor, tensor

_MAKERS = (
    "Constant",
    "ConstantOfShape",
)  # what they make of the file's numbers is made once, as if it were in the file


Chosen = tuple[Node, Operator]


@dataclass(frozen=True)
class Step:
    """A node, its operator, what its inputs are, and what `forward` knows of its values.

    `read` is the number of outputs up to the last that somebody reads; `ended` are the values nobody reads afterwards.
    """

    node: Node
    operator: Operator
    roles: tuple[str, ...]
    sees_batch: bool = False
    read: int = 1
    ended: tuple[str, ...] = ()

    def run(self, run: Run, values: dict[str, Any]) -> tuple[Any, ...]:
        """What the node makes of the values; an error says which node it was."""
        try:
            given = [values[name] if name else None for name in self.node.inputs]
            made = self.operator(run, _placed(given, self.roles), self.node.attributes)
            if len(made) < self.read:
                raise DataError(f"it makes {len(made)} outputs here, not {self.read}")
            return made
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
        arrays = dict(graph.arrays)
        chosen = list(_with_own_statistics(_with_makers_run(_chosen(graph), arrays), arrays))
        self._steps = tuple(_steps(chosen, graph))
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
            run = Run(self.training, len(step.node.outputs), step.read, batch if step.sees_batch else None)
            made = step.run(run, values)
            values.update(zip(step.node.outputs, made, strict=False))
            for name in step.ended:
                values.pop(name, None)
        out = tuple(values[name] for name in self.graph_outputs)
        return out[0] if len(out) == 1 else out

    def extra_repr(self) -> str:
        """Inputs and outputs, and how many nodes lie between them."""
        return (
            f"({', '.join(map(str, self.graph_inputs))}) -> ({', '.join(self.graph_outputs)}), {len(self._steps)} nodes"
        )

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


def _chosen(graph: Graph) -> list[Chosen]:
    """The nodes with their operators; one error names every node that has none."""
    chosen, missing = [], dict[str, list[str]]()
    for node in graph.nodes:
        found = find(node.operator, graph.opset)
        problem = None if found is None else found.problem(node)
        if found is None or problem:
            missing.setdefault(f"{node.operator} {problem or ''}".strip(), []).append(str(node))
        else:
            chosen.append((node, found))
    if missing:
        lines = [f"  {what}: {', '.join(names)}" for what, names in sorted(missing.items())]
        raise DataError("\n".join(["operators that minigrad does not have, and the nodes that need them:", *lines]))
    return chosen


def _with_makers_run(chosen: list[Chosen], arrays: dict[str, np.ndarray]) -> list[Chosen]:
    """The nodes but for those that make arrays of arrays alone, which are added to the others."""
    kept, made = [], 0
    for node, operator in chosen:
        if node.operator not in _MAKERS or any(name not in arrays for name in node.inputs):
            kept.append((node, operator))
            continue
        roles = tuple(operator.roles(len(node.inputs)))
        values = {name: tensor(arrays[name]) for name in node.inputs}
        (out,) = Step(node, operator, roles).run(Run(), values)
        made += out.numel()
        if made > MOST_ELEMENTS:
            raise DataError(f"its constants have more than {MOST_ELEMENTS:,} elements")
        arrays[node.outputs[0]] = out.numpy()
    return kept


def _with_own_statistics(chosen: list[Chosen], arrays: dict[str, np.ndarray]) -> Iterator[Chosen]:
    """Nodes none of whose statistics is used elsewhere: exporters write equal arrays once, and these will differ."""
    uses = Counter(name for node, _ in chosen for name in node.inputs)
    for node, operator in chosen:
        inputs = list(node.inputs)
        for place, (role, parameter) in enumerate(zip(operator.roles(len(inputs)), operator.parameters, strict=False)):
            if role == "statistic" and inputs[place] in arrays and uses[inputs[place]] > 1:
                own = f"{node.outputs[0]}.{parameter}"
                arrays[own] = arrays[inputs[place]]
                inputs[place] = own
        yield replace(node, inputs=tuple(inputs)), operator


def _steps(chosen: list[Chosen], graph: Graph) -> Iterator[Step]:
    last = {name: place for place, (node, _) in enumerate(chosen) for name in (*node.inputs, *node.outputs)}
    read = {*graph.outputs}.union(*(node.inputs for node, _ in chosen)) - {""}
    of_batch = {given.name for given in graph.inputs}
    for number, (node, operator) in enumerate(chosen):
        sees = bool(node.inputs) and node.inputs[0] in of_batch
        if of_batch.intersection(node.inputs):
            of_batch.update(node.outputs)
        ended = {name for name in (*node.inputs, *node.outputs) if last[name] == number}
        count = max((place for place, name in enumerate(node.outputs, 1) if name in read), default=0)
        roles = tuple(operator.roles(len(node.inputs)))
        yield Step(node, operator, roles, sees, count, tuple(ended.difference(graph.outputs)))


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
