"""Looking at the tape: a table of the ops a block of code applies, hooks on gradients, and anomaly mode."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import Token
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from weakref import WeakKeyDictionary, ref

import numpy as np

from minigrad.autograd import Node, Op, observers
from minigrad.backends.base import Spec
from minigrad.checks import require_callable
from minigrad.errors import GraphError
from minigrad.tables import table
from minigrad.tensor import Tensor, Version

_PACKAGE = str(Path(__file__).parent)


class Observer(AbstractContextManager[Any]):
    """Watches the ops of the current thread while its context is open."""

    def __enter__(self) -> Observer:
        self._token: Token[tuple[Any, ...]] = observers.set((*observers.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        observers.reset(self._token)

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """An op was applied."""

    def differentiated(self, node: Node, position: int, grad: Tensor) -> None:
        """A node's rule gave the gradient of one of its inputs."""


@dataclass(frozen=True)
class Entry:
    """One application of an op, as the tape saw it."""

    name: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    saved_bytes: int
    flops: int
    seconds: float
    number: int | None
    parents: tuple[int, ...]


class Tape(Observer):
    """Lists every op applied in its block: `with mg.Tape() as tape: ...; print(tape)`.

    Backward passes inside the block are listed too: rules are ops. Bytes saved are those that an op keeps alive for its
    gradient, each array counted once; times include what the op spent in Python.
    """

    def __enter__(self) -> Tape:
        self.entries: list[Entry] = []
        self._counted: set[Version] = set()
        super().__enter__()
        return self

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Add an entry."""
        last, node = nodes = _nodes(op, outs)
        specs = [given.spec for given in inputs]
        self.entries.append(
            Entry(
                name=op.name,
                inputs=tuple(specs),
                outputs=tuple(out.spec for out in outs),
                saved_bytes=sum(map(self._newly_saved, nodes)),
                flops=op.flops(outs[0].spec if outs else specs[0], *specs, *params),
                seconds=seconds,
                number=None if last is None else last.sequence,
                parents=() if node is None else tuple(e.sequence for e in node.edges if isinstance(e, Node)),
            )
        )

    def _newly_saved(self, node: Node | None) -> int:
        """Bytes of what a node is the first to save; a version stands for its memory block."""
        if node is None or node.saved is None:
            return 0
        fresh = {
            saved.version: saved.spec.nbytes for saved in node.saved.values() if saved.version not in self._counted
        }
        self._counted.update(fresh)
        return sum(fresh.values())

    def __str__(self) -> str:
        head = ("op", "inputs", "outputs", "bytes saved", "flops", "microseconds")
        body = [(e.name, _shapes(e.inputs), _shapes(e.outputs), *_numbers([e])) for e in self.entries]
        return table([head, *body, ("total", "", "", *_numbers(self.entries))], right=(3, 4, 5))

    def to_dot(self) -> str:
        """The graph in Graphviz's language: a box for each recorded op, arrows in the direction of the computation."""
        lines = ["digraph tape {", "  rankdir=TB; node [shape=box, fontname=monospace];"]
        drawn = {entry.number for entry in self.entries}
        for entry in self.entries:
            if entry.number is not None:
                lines.append(f'  n{entry.number} [label="{entry.name}\\n{entry.outputs[0]}"];')
                lines += [f"  n{parent} -> n{entry.number};" for parent in entry.parents if parent in drawn]
        return "\n".join([*lines, "}"])


def _nodes(op: Op, outs: Sequence[Tensor]) -> tuple[Node | None, Node | None]:
    """What an application left on the tape: the node of the op's epilogue and its own, or this one alone, twice."""
    last = outs[0].node if outs else None
    return last, last if last is None or op.epilogue is None else cast(Node, last.edges[0])


def _shapes(specs: tuple[Spec, ...]) -> str:
    return " ".join(map(str, specs))


def _numbers(entries: Sequence[Entry]) -> tuple[str, str, str]:
    """Bytes saved, FLOPs and microseconds of all entries together."""
    saved, flops = sum(e.saved_bytes for e in entries), sum(e.flops for e in entries)
    return f"{saved:,}", f"{flops:,}", f"{sum(e.seconds for e in entries) * 1e6:,.0f}"


class detect_anomaly(Observer):  # noqa: N801 - PyTorch's name for it
    """Stop at the first gradient that turns NaN, and name the line of the forward pass whose op gave it.

    Forward and backward both belong inside: `with mg.detect_anomaly(): f(x).backward()`. Slow: it reads every gradient.
    """

    def __enter__(self) -> detect_anomaly:
        self._lines: WeakKeyDictionary[Node, str] = WeakKeyDictionary()
        super().__enter__()
        return self

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Remember the line of the caller's code."""
        self._lines |= {node: calling_line() for node in _nodes(op, outs) if node is not None}

    def differentiated(self, node: Node, position: int, grad: Tensor) -> None:
        """Raise GraphError if the gradient holds a NaN."""
        if np.isnan(grad.backend.to_numpy(grad.array)).any():
            where = self._lines.get(node, "  a line outside detect_anomaly")
            name = node.op.arguments[0 if node.op.variadic else position]
            what = f"the gradient of {node.op.name} for {name!r} has a NaN"
            raise GraphError(f"anomaly: {what}; its forward pass ran at\n{where}")


def calling_line() -> str:
    """The innermost line outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    path, number = frame.f_code.co_filename, frame.f_lineno
    return f"  {path}:{number}: {linecache.getline(path, number).strip()}"


class HookHandle:
    """What registering a hook returns; `remove()` takes the hook away."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook away; once is enough."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)
        self._hooks = []  # another registration of the same hook stays

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def register_hook(input: Tensor, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
    """Call `hook(grad)` when the whole gradient of a tensor is computed; a tensor that it returns takes its place."""
    if not input.requires_grad:
        raise GraphError("register_hook: this tensor does not require a gradient")
    require_callable("register_hook", "hook", hook)
    place = input if input.node is None else input.node
    if place.hooks is None:
        place.hooks = []
    place.hooks.append(hook)
    return HookHandle(place.hooks, hook)


def retain_grad(input: Tensor) -> None:
    """Keep the gradient of a tensor that is no leaf in its `.grad`, too."""
    if not input.requires_grad:
        raise GraphError("retain_grad: this tensor does not require a gradient")
    if input.node is not None and not any(isinstance(hook, _Keep) for hook in input.node.hooks or ()):
        register_hook(input, _Keep(input))


class _Keep:
    """The hook of `retain_grad`."""

    def __init__(self, input: Tensor) -> None:
        self._input = ref(input)  # the node must not keep its own output alive

    def __call__(self, grad: Tensor) -> None:
        input = self._input()
        if input is not None:
            input.grad = grad.clone() if input.grad is None else input.grad + grad
