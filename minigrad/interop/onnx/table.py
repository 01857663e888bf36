"""The table of operators: a function for each, whose signature says what the operator takes.

Positional parameters are the operator's inputs, keyword-only ones its attributes with ONNX's defaults. Annotations say
what an input is for: a `Setting` is read by the CPU, as an array; a `Statistic` follows the data in training. A
parameter `run` asks how the network runs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.errors import DataError
from minigrad.interop.onnx.graph import Node
from minigrad.tensor import Tensor

Setting = np.ndarray
Statistic = Tensor
Function = Callable[..., Any]
MOST_ELEMENTS = 2**28
"""That an operator makes because numbers say so, not because its inputs have them."""


@dataclass(frozen=True)
class Run:
    """How a node runs: whether the network trains, the outputs there are, up to which they are read, and the batch.

    `batch` is the size declared and the one given; None where they are equal, or where a node does not see the batch.
    """

    training: bool = False
    outputs: int = 1
    read: int = 1
    batch: tuple[int, int] | None = None


@dataclass(frozen=True)
class Operator:
    """An operator from a version of the operator set on, until an entry for a later version."""

    name: str
    since: int
    family: str
    function: Function

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Of the function, without `run`."""
        found = inspect.signature(self.function).parameters
        return {name: parameter for name, parameter in found.items() if name != "run"}

    @cached_property
    def asks_run(self) -> bool:
        """Whether the function wants to know how the network runs."""
        return "run" in inspect.signature(self.function).parameters

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes it takes."""
        return frozenset(name for name, item in self.parameters.items() if item.kind is item.KEYWORD_ONLY)

    def roles(self, count: int) -> list[str]:
        """What each of so many inputs is: a "tensor", a "setting" or a "statistic"."""
        roles: list[str] = []
        for parameter in self.parameters.values():
            if parameter.kind is not parameter.KEYWORD_ONLY:
                many = parameter.kind is parameter.VAR_POSITIONAL
                roles += [_role(parameter)] * (count if many else 1)
        return roles[:count]

    def problem(self, node: Node) -> str | None:
        """Why a node cannot be run, if so."""
        if unknown := node.attributes.keys() - self.attributes:
            return f"with {', '.join(sorted(unknown))}"
        try:
            inspect.Signature(list(self.parameters.values())).bind(*node.inputs, **node.attributes)
        except TypeError as error:
            return f"with {error}"
        return None

    def __call__(self, run: Run, inputs: Iterable[Any], attributes: dict[str, Any]) -> tuple[Any, ...]:
        """What the function makes, always as a tuple."""
        out = self.function(*inputs, **attributes, **({"run": run} if self.asks_run else {}))
        return tuple(out) if isinstance(out, tuple | list) else (out,)


TABLE: dict[str, list[Operator]] = {}
"""By name; the entries of a name by ascending version."""


class Family:
    """Enters functions as operators: `@operator("Relu")`, or from a version of the operator set on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, name: str, since: int = 1) -> Callable[[Function], Function]:
        """Enter what is decorated under a name."""

        def enter(function: Function) -> Function:
            entries = TABLE.setdefault(name, [])
            entries.append(Operator(name, since, self.name, function))
            entries.sort(key=lambda entry: entry.since)
            return function

        return enter


def find(name: str, opset: int) -> Operator | None:
    """The entry of an operator in a version of the operator set."""
    return next((entry for entry in reversed(TABLE.get(name, [])) if entry.since <= opset), None)


def require_bounded(shape: Iterable[int], given: int = 0) -> tuple[int, ...]:
    """A shape that numbers in a file ask for, if it has not too many elements, beside those that were given."""
    lengths = tuple(int(length) for length in shape)
    if math.prod(lengths) > max(MOST_ELEMENTS, 4 * given):
        raise DataError(f"a tensor of shape {list(lengths)} is asked for; at most {MOST_ELEMENTS:,} elements are made")
    return lengths


def _role(parameter: inspect.Parameter) -> str:
    kind = str(parameter.annotation).partition(" ")[0]
    return kind.lower() if kind in ("Setting", "Statistic") else "tensor"
