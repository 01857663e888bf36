"""A graph of operators as plain data: what a file said, after it was checked, and what a network runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.errors import DataError


@dataclass(frozen=True)
class Node:
    """An operator at work: names of what it reads ("" for an optional input left out) and of what it makes."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return self.name or next(filter(None, self.outputs), "")


@dataclass(frozen=True)
class Input:
    """What a network is called with; the length of an axis is None where it may be any."""

    name: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join('?' if length is None else str(length) for length in self.shape)}]"


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run, and the arrays that they start with."""

    opset: int
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    arrays: dict[str, np.ndarray]

    def of(self, outputs: Sequence[str]) -> Graph:
        """The part that makes these values."""
        makers = {name: node for node in self.nodes for name in node.outputs if name}
        known = {*makers, *self.arrays, *(given.name for given in self.inputs)}
        if unknown := [name for name in outputs if name not in known]:
            raise DataError(f"no value of the graph is called {', '.join(map(repr, unknown))}")
        wanted, used = list(outputs), set[str]()
        while wanted:
            name = wanted.pop()
            if name not in used:
                used.add(name)
                wanted += makers[name].inputs if name in makers else ()
        nodes = tuple(node for node in self.nodes if used.intersection(filter(None, node.outputs)))
        arrays = {name: array for name, array in self.arrays.items() if name in used}
        return Graph(self.opset, self.inputs, tuple(outputs), nodes, arrays)

    def without_copies(self) -> Graph:
        """The same without Identity nodes: whoever reads what one makes reads what it read."""
        source: dict[str, str] = {}
        for node in self.nodes:
            if node.operator == "Identity":
                source[node.outputs[0]] = source.get(node.inputs[0], node.inputs[0])
        nodes = tuple(
            Node(node.operator, node.name, _renamed(node.inputs, source), node.outputs, node.attributes)
            for node in self.nodes
            if node.operator != "Identity"
        )
        return Graph(self.opset, self.inputs, _renamed(self.outputs, source), nodes, self.arrays)


def require_order(nodes: Sequence[Node], given: set[str]) -> None:
    """Raise DataError unless every node reads what is given or what nodes before it make."""
    later = {name for node in nodes for name in node.outputs}
    known = {"", *given}
    for node in nodes:
        for name in node.inputs:
            if name not in known and name in later:
                raise DataError(f"node {node} reads {name!r}, which comes of itself or of a later node: a cycle?")
            if name not in known:
                raise DataError(f"node {node} reads {name!r}, which nothing makes")
        if twice := known.intersection(filter(None, node.outputs)):
            raise DataError(f"node {node} makes {', '.join(sorted(twice))} a second time")
        known.update(node.outputs)


def _renamed(names: tuple[str, ...], source: dict[str, str]) -> tuple[str, ...]:
    return tuple(source.get(name, name) for name in names)
